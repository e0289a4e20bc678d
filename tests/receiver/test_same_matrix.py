"""The reducer, the SQL, the memory and the answer are one matrix, for any log."""

import json
from itertools import count
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.api import PARTS
from receiver.config import Settings
from receiver.event import Event
from receiver.matrix import Slot, SlotKey, reduce
from tests.receiver.api import Api, Clock, serving
from tests.receiver.examples import submissions

pytestmark = pytest.mark.databases("sqlite", "postgresql")

BATCHES = st.lists(st.lists(submissions(), min_size=1, max_size=6), max_size=6)


def as_answered(slots: dict[SlotKey, Slot]) -> dict[SlotKey, Any]:
    return {key: json.loads(slot.json) for key, slot in slots.items()}


def only(services: set[str], slots: dict[SlotKey, Any]) -> dict[SlotKey, Any]:
    return {key: slot for key, slot in slots.items() if key[0] in services}


def of_answer(matrix: Any) -> dict[SlotKey, Any]:
    """The slots of an answer of /api/matrix."""
    return {
        (row["service"], environment): slot
        for row in matrix["rows"]
        for environment, slot in row["slots"].items()
    }


NUMBERS = count()


def own(batches: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """The same with services that no other example has: they all share one growing log."""
    number = next(NUMBERS)
    return [
        [body | {"service": f"{number}{body['service']}"} for body in batch] for batch in batches
    ]


# One receiver serves every example: each has services of its own.
@hypothesis.settings(max_examples=50)
@given(BATCHES.map(own))
async def test_reducer_memory_sql_and_answer_agree_on_any_log(
    api: Api, batches: list[list[dict[str, Any]]]
) -> None:
    parts = api.app[PARTS]
    log: list[Event] = []
    for batch in batches:
        log += await api.fill(batch)
    specified = reduce(log)
    services = {service for service, _ in specified}

    answer = await api.read("/api/matrix")
    last_id, looked_up = await parts.store.matrix()

    assert only(services, parts.feed.slots) == specified
    assert only(services, looked_up) == specified
    assert only(services, of_answer(answer)) == as_answered(specified)
    assert answer["last_event_id"] == last_id == parts.feed.position


async def test_a_restart_changes_nothing(settings: Settings, clock: Clock) -> None:
    for number in range(6):
        async with serving(settings, clock) as api:
            for status in ("in-progress", "success", "failure"):
                instant = f"2026-11-20T12:00:0{number * 5 % 7}Z"
                await api.append(service=f"{number % 4}", status=status, happened_at=instant)
            before = await api.read("/api/matrix")
        async with serving(settings, clock) as api:
            assert await api.read("/api/matrix") == before
