"""What would be read of repositories, and why. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from fetcher.mapping.rules import Rule
from fetcher.schedule.cadence import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What would be read of one repository.

    Attributes:
        lane: Or `ignored` or `error`; then `why` says by which rule, or what is wrong.
        workflows: The files of those that deploy, as far as that can be seen.
        others: Workflows that were judged not to deploy, and why.
        active_at: When the newest deployment or run began.
        free: Requests an hour while nothing is new: not charged, with a token.
        charged: Requests an hour at the rate of the last week's deployments.
        rules: The numbers of the rules that decided something, counted from 1.
    """

    repository: str
    lane: Literal["deployments", "runs", "both", "none", "ignored", "error"]
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    archived: bool = False
    active_at: datetime | None = None
    free: float = 0
    charged: float = 0
    rules: tuple[int, ...] = ()
    why: str

    def standing(self, now: datetime) -> Standing | None:
        """Its standing once it has been read; None if it will not be."""
        if self.lane in ("ignored", "error"):
            return None
        return Standing(
            name=self.repository,
            lane=self.lane,
            read_at=now,
            active_at=self.active_at,
            archived=self.archived,
        )


class Outlook(NamedTuple):
    """What would be read of all repositories.

    Attributes:
        points: Of GraphQL's limit, per hour.
    """

    explanations: Sequence[Explanation]
    points: float


def unmatched(rules: Sequence[Rule], explanations: Iterable[Explanation]) -> list[int]:
    """The numbers of the rules that decided nothing that was looked at."""
    used = {number for explanation in explanations for number in explanation.rules}
    return [number for number in range(1, len(rules) + 1) if number not in used]
