"""Deployments of one run, as the rules of parents see them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from fetcher.mapping.parents import (
    Step,
)

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


Deployed = tuple[str, str] | tuple[str, str, int]  # job, environment, attempt


def steps(deployed: Sequence[Deployed], every: float = 60) -> list[Step]:
    """These deployments, each filed when the one before it has succeeded."""
    return [
        Step(
            number=number,
            deployment_id=f"gh-dep-{number}",
            environment=environment,
            filed_at=START + timedelta(seconds=number * every),
            succeeded_at=START + timedelta(seconds=(number + 1) * every),
            job=job,
            attempt=attempt[0] if attempt else 1,
        )
        for number, (job, environment, *attempt) in enumerate(deployed)
    ]


def named(found: Sequence[Step] | None) -> list[str] | None:
    """The jobs, with the attempt of a later one than the first."""
    if found is None:
        return None
    return [each.job + (f"#{each.attempt}" if each.attempt > 1 else "") for each in found]
