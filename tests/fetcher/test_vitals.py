from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fetcher.deliver.round import Delivered, Settled
from fetcher.github.errors import Garbled, GitHubError, Limited, Offline, Unreachable
from fetcher.monitoring.vitals import Vitals

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Now:
    """A clock in hand."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def vitals(now: Now) -> Vitals:
    vitals = Vitals(now, cycle=timedelta(seconds=30))
    vitals.works(githubs=dict, parked={})
    return vitals


def a_round(waiting: int = 0, blocked: str | None = None) -> Delivered:
    left = {"acme": waiting}
    return Delivered(delivered=0, found=0, parked=0, left=left, blocked=blocked, next_at=None)


def figures(vitals: Vitals) -> dict[str, float]:
    """What Prometheus reads, by name and labels."""
    families = text_string_to_metric_families(vitals.render().decode())
    return {
        " ".join([sample.name.removeprefix("deployment_fetcher_"), *sample.labels.values()]): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


def test_it_is_not_ready_until_it_has_the_state(now: Now) -> None:
    vitals = Vitals(now)
    assert vitals.failings() == ["It is starting."]

    vitals.stands_by("The state is in use by another fetcher.")
    assert vitals.failings() == ["The state is in use by another fetcher."]
    assert figures(vitals)["working"] == 0

    vitals.works(githubs=dict, parked={"acme": 3})
    assert vitals.failings() == []
    assert (figures(vitals)["working"], figures(vitals)["parked_events acme"]) == (1, 3)


def test_it_is_ready_while_it_reads_or_has_nothing_to_read(vitals: Vitals, now: Now) -> None:
    for _ in range(10):
        now.at += 4 * MINUTE
        vitals.passed("acme", 0, None)
        vitals.delivered(a_round())
        assert vitals.failings() == []

        now.at += 4 * MINUTE
        vitals.cycle(repositories={"acme": 3}, idle=True)
        vitals.delivered(a_round())
        assert vitals.failings() == []


@pytest.mark.parametrize(
    "error",
    [
        Offline("no connection"),
        Limited("slow down", NOON),
        Unreachable("GitHub answers 502"),
        Garbled("GitHub's answer is not JSON"),
    ],
)
def test_it_is_not_ready_when_github_gives_nothing_for_long(
    vitals: Vitals, now: Now, error: GitHubError
) -> None:
    for _ in range(6):
        now.at += MINUTE
        vitals.cycle(repositories={"acme": 3}, idle=False)
        vitals.passed("acme", 0, error)
        vitals.delivered(a_round())

    assert vitals.failings() == ["Nothing has been read from GitHub since 12:00:00Z."]
    vitals.passed("acme", 0, None)
    vitals.passed("acme", 0, Garbled("one repository's own trouble"))
    assert vitals.failings() == []


def test_it_is_not_ready_when_what_waits_is_not_delivered_for_long(
    vitals: Vitals, now: Now
) -> None:
    for _ in range(6):
        now.at += MINUTE
        vitals.passed("acme", 0, None)
        vitals.delivered(a_round(waiting=2))

    assert vitals.failings() == ["Nothing has been delivered since 12:00:00Z."]
    vitals.settled(Settled("acme", "success", NOON, "delivered"))
    assert vitals.failings() == []


def test_it_is_not_ready_while_somebody_has_to_mend_the_settings(vitals: Vitals) -> None:
    vitals.delivered(a_round(waiting=2, blocked="The receiver refuses the API key (401)."))
    assert vitals.failings() == ["The receiver refuses the API key (401)."]

    vitals.delivered(a_round())
    assert vitals.failings() == []


def test_it_counts_what_is_done_for_each_owner(vitals: Vitals, now: Now) -> None:
    vitals.cycle(repositories={"acme": 12, "globex": 2}, idle=False)
    vitals.passed("acme", 3, None)
    vitals.passed("globex", 0, Limited("slow down", NOON))
    now.at += 25 * timedelta(seconds=1)
    vitals.settled(Settled("acme", "success", NOON, "delivered"))
    vitals.settled(Settled("acme", "failure", NOON, "parked"))
    vitals.settled(Settled("globex", "failure", NOON, "found", twice=True))

    seen = figures(vitals)
    assert (seen["repositories acme"], seen["repositories globex"]) == (12, 2)
    assert (seen["passes_total acme read"], seen["passes_total globex limited"]) == (1, 1)
    assert seen["events_total acme delivered success"] == 1
    assert seen["events_total acme parked failure"] == 1
    assert (seen["waiting_events acme"], seen["parked_events acme"]) == (1, 1)
    assert (seen["duplicates_total acme"], seen["duplicates_total globex"]) == (0, 1)
    assert (seen["lag_seconds_count acme"], seen["lag_seconds_sum acme"]) == (1, 25)


def test_of_an_owner_for_whom_nothing_waits_any_more_it_shows_nothing(vitals: Vitals) -> None:
    vitals.cycle(repositories={"acme": 1, "globex": 1}, idle=False)
    vitals.delivered(replace(a_round(), left={"acme": 2}))
    before = figures(vitals)

    vitals.delivered(replace(a_round(), left={}))
    vitals.cycle(repositories={"globex": 1}, idle=True)
    seen = figures(vitals)

    assert (before["waiting_events acme"], before["waiting_events globex"]) == (2, 0)
    assert (seen["waiting_events acme"], seen["waiting_events globex"]) == (0, 0)
    assert (seen["repositories acme"], seen["repositories globex"]) == (0, 1)


def test_it_hangs_when_no_bell_is_answered_for_long(vitals: Vitals, now: Now) -> None:
    now.at += 6 * MINUTE
    assert vitals.hangs()

    vitals.cycle(repositories={"acme": 1}, idle=False)
    assert vitals.hangs()

    vitals.delivered(a_round(waiting=1, blocked="The receiver does not answer."))
    assert not vitals.hangs()


def test_who_stands_by_does_not_hang(vitals: Vitals, now: Now) -> None:
    vitals.stands_by("The state is in use by another fetcher.")
    now.at += 60 * MINUTE
    assert not vitals.hangs()
