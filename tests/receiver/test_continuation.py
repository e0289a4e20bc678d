"""Which rows continue a log."""

import pytest

from receiver.continuation import AnotherLog, continuation
from receiver.event import Event
from tests.receiver.examples import event


def log(*ids: int) -> dict[int, Event]:
    return {event_id: event(event_id) for event_id in ids}


def test_into_an_empty_log_every_row_goes_with_its_own_id() -> None:
    rows = [event(3), event(4), event(9)]

    result = continuation(0, {}, rows)

    assert (result.new, result.last_id) == (rows, 9)
    assert (result.known, result.late) == (0, [])


def test_what_the_log_has_is_passed_over() -> None:
    result = continuation(2, log(1, 2), [event(1), event(2), event(3)])

    assert result.new == [event(3)]
    assert result.known == 2


def test_a_row_that_comes_twice_is_taken_once() -> None:
    result = continuation(0, {}, [event(1), event(1)])

    assert (result.new, result.known) == ([event(1)], 1)


def test_what_would_come_before_the_logs_end_is_late() -> None:
    result = continuation(5, {}, [event(4), event(8), event(7), event(9)])

    assert [row.id for row in result.new] == [8, 9]
    assert result.late == [0, 2]


@pytest.mark.parametrize(
    ("last_id", "ids", "gap_to"),
    [(0, [1, 2], 0), (0, [2, 3], 1), (4, [5, 6], 0), (4, [5, 7, 9, 10], 8), (4, [1, 2], 0)],
)
def test_the_ids_that_are_passed_over_are_known(last_id: int, ids: list[int], gap_to: int) -> None:
    assert continuation(last_id, log(1, 2), [event(one) for one in ids]).gap_to == gap_to


@pytest.mark.parametrize("change", [{"service": "other"}, {"sent_by": "other"}, {"seconds": 1}])
def test_a_row_that_differs_from_its_event_is_of_another_log(change: dict[str, object]) -> None:
    with pytest.raises(AnotherLog) as refused:
        continuation(1, log(1), [event(2), event(1, **change)])  # type: ignore[arg-type] # any field

    assert refused.value.place == 1
