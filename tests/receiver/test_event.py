from datetime import UTC, datetime
from typing import get_args

import pytest

from receiver.event import Status, encode_json
from tests.receiver.examples import NOON, answered, event


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOON, "2026-11-20T12:00:00Z"),
        (NOON.replace(microsecond=1), "2026-11-20T12:00:00.000001Z"),
        (NOON.replace(microsecond=500_000), "2026-11-20T12:00:00.500000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_are_written_in_utc_with_z(instant: datetime, text: str) -> None:
    assert encode_json(instant) == f'"{text}"'.encode()


def test_absent_fields_are_left_out() -> None:
    assert answered(event(7)) == {
        "id": 7,
        "deployment_id": "run-1",
        "service": "checkout",
        "environment": "prod",
        "status": "success",
        "happened_at": "2026-11-20T12:00:00Z",
        "received_at": "2026-11-20T12:00:00Z",
    }


def test_a_zero_is_not_absent() -> None:
    assert answered(event(run_number=0))["run_number"] == 0


def test_whether_it_is_finished_is_for_the_receiver_alone() -> None:
    assert "finished" not in answered(event())


def test_json_is_compact_utf_8() -> None:
    assert encode_json({"a": ["é", 1]}) == '{"a":["é",1]}'.encode()


def test_the_later_instant_is_later_whatever_else() -> None:
    assert event(1, 1, "in-progress").order_key > event(9, 0, "success").order_key


def test_at_one_instant_finished_is_later_than_in_progress() -> None:
    assert event(1, 0, "failure").order_key > event(9, 0, "in-progress").order_key


def test_success_and_failure_at_one_instant_are_ordered_by_id() -> None:
    assert event(2, 0, "failure").order_key > event(1, 0, "success").order_key
    assert event(2, 0, "success").order_key > event(1, 0, "failure").order_key


def test_there_are_three_statuses() -> None:
    assert get_args(Status) == ("in-progress", "success", "failure")
