from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fetcher.schedule.cadence import Pace, Standing, lists_by_name
from fetcher.schedule.cadence import due as late

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CYCLE = timedelta(seconds=30)
DAY = timedelta(days=1)
AN_HOUR = 120  # cycles


def pace(requests_per_minute: float = 600, least: float = 0) -> Pace:
    return Pace(
        cycle=CYCLE, requests_per_minute=requests_per_minute, least=timedelta(seconds=least)
    )


def standing(  # noqa: PLR0913 - the fields of a Standing, each with a plain value
    name: str = "acme/shop",
    *,
    read: timedelta | None = CYCLE,
    active: timedelta | None = timedelta(hours=1),
    plan_due: timedelta | None = None,
    lane: str = "deployments",
    due: bool = False,
    archived: bool = False,
    unchanged: bool = False,
) -> Standing:
    """One that was read, and was active, so long ago."""
    return Standing(
        name=name,
        lane=lane,
        read_at=None if read is None else NOW - read,
        active_at=None if active is None else NOW - active,
        plan_due_at=None if plan_due is None else NOW + plan_due,
        due=due,
        archived=archived,
        unchanged=unchanged,
    )


def due(standings: list[Standing], pace: Pace, now: datetime) -> list[str]:
    """The repositories to read, in their order."""
    return list(late(standings, pace, now))


def lists_per_hour(standings: list[Standing], pace: Pace) -> float:
    return sum(lists_by_name(standings, pace, NOW).values())


def many(number: int, prefix: str = "acme/app", **fields: object) -> list[Standing]:
    return [standing(f"{prefix}-{n}", **fields) for n in range(number)]  # type: ignore[arg-type] # passed on


def cycles(standings: list[Standing], number: int) -> Iterator[list[str]]:
    """What is read at so many bells after the start, where nothing happens in the meantime."""
    known = {each.name: replace(each, read_at=NOW) for each in standings}
    for bell in range(1, number + 1):
        now = NOW + bell * CYCLE
        still = [
            replace(each, active_at=(each.active_at or NOW) + bell * CYCLE)
            for each in known.values()
        ]
        names = due(still, pace(), now)
        known.update((name, replace(known[name], read_at=now)) for name in names)
        yield names


@pytest.mark.parametrize("active", [None, timedelta(0), 3 * DAY, 300 * DAY])
def test_while_all_fit_into_the_pace_even_the_quietest_is_read_in_every_cycle(
    active: timedelta | None,
) -> None:
    standings = many(225, active=active, read=CYCLE / 2)

    assert len(due(standings, pace(), NOW)) == 225


def test_when_they_do_not_fit_the_quiet_ones_are_read_less_often() -> None:
    busy = many(100, "busy", active=DAY / 2)
    quiet = many(200, "quiet", active=2 * DAY)
    silent = many(200, "silent", active=8 * DAY)

    reads = Counter[str]()
    for cycle in cycles([*busy, *quiet, *silent], 100):
        reads.update(name.partition("-")[0] for name in cycle)

    assert reads == {"busy": 100 * 100, "quiet": 200 * 20, "silent": 200 * 5}


def test_those_read_together_once_spread_over_the_following_cycles() -> None:
    numbers = [len(cycle) for cycle in cycles(many(500, active=30 * DAY), 100)]

    assert max(numbers) < 50
    assert sum(numbers) == 500 * 5


@pytest.mark.parametrize("seconds", [0, 7, 29])
def test_the_wait_is_never_longer_than_it_should_be(seconds: float) -> None:
    crowd = many(500, active=30 * DAY, read=20 * CYCLE + timedelta(seconds=seconds))

    assert len(due(crowd, pace(), NOW)) == 500


def test_what_still_does_not_fit_is_spread_over_more_cycles() -> None:
    crowd = many(1000, active=timedelta(hours=1))

    assert lists_per_hour(crowd, pace()) == pytest.approx(600 * 60 * 0.75)


def test_without_a_token_the_hours_limit_is_spread_over_the_hour() -> None:
    few = many(10, active=timedelta(hours=1))

    assert lists_per_hour(few, pace(requests_per_minute=0.5)) <= 30


def test_where_something_is_due_to_be_looked_at_it_is_read_however_quiet_it_is() -> None:
    crowd = many(500, "silent", active=30 * DAY)
    approved = standing("acme/approved", active=20 * DAY, due=True)

    assert all("acme/approved" in names for names in cycles([*crowd, approved], 5))


def test_the_one_that_is_late_the_longest_comes_first_and_a_new_one_before_all() -> None:
    standings = [
        standing("acme/one", read=CYCLE),
        standing("acme/two", read=3 * CYCLE),
        standing("acme/new", read=None),
        standing("acme/three", read=2 * CYCLE, due=True),
    ]

    assert due(standings, pace(), NOW) == ["acme/new", "acme/two", "acme/three", "acme/one"]


def test_nobody_starves_though_every_cycle_is_cut_short() -> None:
    read_at = {f"acme/app-{n}": NOW - CYCLE for n in range(50)}

    for cycle in range(10):
        now = NOW + cycle * CYCLE
        standings = [
            Standing(name=name, lane=None, read_at=at, active_at=NOW, due=name < "acme/app-3")
            for name, at in read_at.items()
        ]
        for name in due(standings, pace(), now)[:5]:
            read_at[name] = now

    assert min(read_at.values()) >= NOW


def test_an_archived_repository_is_read_once_and_then_seldom() -> None:
    assert due([standing(archived=True, read=None)], pace(), NOW)
    assert sum(map(len, cycles([standing(archived=True)], 3 * AN_HOUR))) == 3


def test_what_the_detector_saw_unchanged_is_read_seldom_or_when_its_plan_is_due() -> None:
    assert sum(map(len, cycles([standing(unchanged=True)], 3 * AN_HOUR))) == 3
    assert due([standing(unchanged=True, plan_due=-CYCLE)], pace(), NOW)
    assert due([standing(unchanged=True, read=CYCLE, due=True)], pace(), NOW)


def test_what_the_detector_watches_takes_nothing_from_the_others() -> None:
    standings = [*many(1000, unchanged=True), *many(200, "runs", active=30 * DAY)]

    assert all(len(names) >= 200 for names in cycles(standings, 5))


def test_a_lane_that_takes_two_requests_counts_twice() -> None:
    assert lists_per_hour(many(112, lane="runs"), pace()) == 112 * 2 * AN_HOUR
    assert lists_per_hour(many(150, lane="runs"), pace()) < 150 * 2 * AN_HOUR


def test_no_repository_is_read_sooner_than_github_asks() -> None:
    soon = standing(read=timedelta(seconds=59), due=True)
    late = standing(read=timedelta(seconds=60))

    assert due([soon], pace(least=60), NOW) == []
    assert due([late], pace(least=60), NOW) == ["acme/shop"]


def test_one_that_was_read_before_the_clock_was_set_back_is_read() -> None:
    assert due([standing(read=-DAY, archived=True)], pace(), NOW)


def test_what_the_detector_saw_change_is_due_and_what_stayed_the_same_needs_no_look() -> None:
    known = replace(standing(), marker="as read")

    assert known.seen("another") == replace(known, due=True)
    assert known.seen("as read") == replace(known, unchanged=True)
    assert replace(known, due=True).seen("as read").due
    assert known.seen(None) == known


def test_the_detector_is_asked_of_what_was_read_has_only_deployments_and_can_change() -> None:
    assert standing().is_detectable
    assert not standing(lane="runs").is_detectable
    assert not standing(read=None).is_detectable
    assert not standing(archived=True).is_detectable
