"""The demo's organisation has a past, keeps going, and is the same each time for one seed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from tests.fake_github.organisation import Organisation

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Told(NamedTuple):
    deployment: int
    environment: str
    ref: str
    state: str
    created_at: datetime


def until(instant: datetime) -> Organisation:
    organisation = Organisation(NOW)
    organisation.advance_to(instant)
    return organisation


def told(organisation: Organisation) -> list[Told]:
    return [
        Told(each.id, each.environment, each.ref, status.state, status.created_at)
        for repository in organisation.fake.repositories
        for each in repository.deployments
        for status in each.statuses
    ]


def test_a_dozen_repositories_deploy_to_four_environments() -> None:
    organisation = until(NOW)
    environments = {each.environment for each in told(organisation)}
    assert len(organisation.repositories) == 12
    assert environments == {"dev", "test", "staging", "production"}


def test_the_past_reaches_back_some_days_and_not_beyond_now() -> None:
    times = [each.created_at for each in told(until(NOW))]
    assert min(times) < NOW - timedelta(days=4)
    assert max(times) <= NOW


def test_the_same_seed_tells_the_same_story() -> None:
    first, second, other = (Organisation(NOW, seed) for seed in (7, 7, 8))
    for organisation in (first, second, other):
        organisation.advance_to(NOW + 5 * MINUTE)
    assert told(first) == told(second) != told(other)


def test_a_story_told_in_small_steps_is_the_story_told_at_once() -> None:
    small, large = Organisation(NOW), Organisation(NOW)
    large.advance_to(NOW + 3 * MINUTE)
    for second in range(181):
        small.advance_to(NOW + timedelta(seconds=second))
    assert told(small) == told(large)


def test_something_happens_every_few_seconds() -> None:
    organisation = until(NOW + 10 * MINUTE)
    times = sorted({each.created_at for each in told(organisation) if each.created_at > NOW})
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert sum(gaps) / len(gaps) < 5
    assert max(gaps) < 60


def test_there_are_failures_reruns_rejections_and_one_that_is_stuck() -> None:
    organisation = until(NOW)
    repositories = organisation.fake.repositories
    states = {each.state for each in told(organisation)}
    runs = [run for repository in repositories for run in repository.runs]
    assert {"failure", "error", "waiting", "inactive", "pending", "success"} <= states
    assert any(len(run.attempts) > 1 for run in runs)
    stuck = [
        run
        for run in runs
        if run.status_of(run.attempt) == "in_progress" and run.created_at < NOW - timedelta(hours=2)
    ]
    assert [run.repository.name for run in stuck] == ["data-pipeline"]
