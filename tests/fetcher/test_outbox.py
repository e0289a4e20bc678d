from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from fetcher import outbox
from fetcher.event import Event, Status
from fetcher.outbox import LONGEST_WAIT, Entry, Waiting
from fetcher.state import open_state
from tests.fetcher.transactions import in_a_transaction

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def event(deployment_id: str, status: Status = "in-progress") -> Event:
    return Event(
        deployment_id=deployment_id,
        service="checkout",
        environment="production",
        status=status,
        happened_at=NOON,
    )


def waiting_of(connection: Connection, deployment_id: str) -> list[Entry]:
    return outbox.waiting_of(connection, [deployment_id])[deployment_id]


@in_a_transaction
def test_an_event_is_put_once_however_often_it_is_seen(connection: Connection) -> None:
    seen = [event("1"), event("1", "success"), event("2")]

    assert outbox.put(connection, seen, NOON) == 3
    assert outbox.put(connection, [*seen, event("3"), event("3")], NOON + SECOND) == 1
    assert outbox.waiting(connection).number == 4


async def test_what_is_put_in_a_transaction_that_fails_is_not_there(place: Path | URL) -> None:
    def put_and_fail(connection: Connection) -> None:
        outbox.put(connection, [event("1")], NOON)
        raise ZeroDivisionError

    async with open_state(place) as state:
        with pytest.raises(ZeroDivisionError):
            await state.run(put_and_fail)

        assert await state.run(outbox.waiting) == Waiting({}, None)


@in_a_transaction
def test_a_deployment_waits_in_the_order_in_which_it_was_put(connection: Connection) -> None:
    outbox.put(connection, [event("1"), event("2"), event("1", "failure")], NOON)

    entries = waiting_of(connection, "1")
    assert [entry.status for entry in entries] == ["in-progress", "failure"]
    assert entries[0].body == event("1").body()
    assert entries[0].key == event("1").key


@in_a_transaction
def test_a_deployment_is_due_when_its_first_event_is(connection: Connection) -> None:
    outbox.put(connection, [event("1"), event("1", "success"), event("2")], NOON)
    first, _ = waiting_of(connection, "1")
    outbox.apply(connection, [outbox.unknown(first, "no answer", NOON + 9 * SECOND)])

    assert outbox.due_deployments(connection, NOON) == ["2"]
    assert outbox.due_deployments(connection, NOON + 9 * SECOND) == ["2", "1"]
    (second,) = waiting_of(connection, "2")
    outbox.apply(connection, [outbox.delivered(second, None, NOON)])
    assert outbox.waiting(connection) == Waiting({"": 2}, NOON + 9 * SECOND)


@in_a_transaction
def test_what_is_delivered_or_parked_waits_no_more_and_is_not_put_again(
    connection: Connection,
) -> None:
    both = [event("1"), event("1", "success")]
    outbox.put(connection, both, NOON)
    first, second = waiting_of(connection, "1")
    outbox.apply(connection, [outbox.delivered(first, "/api/deployments/1", NOON)])
    outbox.apply(connection, [outbox.parked(second, "422", NOON)])

    assert outbox.put(connection, both, NOON) == 0
    assert outbox.waiting(connection) == Waiting({}, None)
    assert outbox.due_deployments(connection, NOON) == []


@in_a_transaction
def test_an_event_that_may_have_been_sent_says_so_until_it_is_known(connection: Connection) -> None:
    outbox.put(connection, [event("1")], NOON)
    (entry,) = waiting_of(connection, "1")
    assert not entry.unanswered

    outbox.apply(connection, [outbox.sending(entry, NOON + SECOND)])
    (entry,) = waiting_of(connection, "1")
    assert entry.unanswered
    assert entry.attempts == 1
    assert outbox.due_deployments(connection, NOON) == []

    outbox.apply(connection, [outbox.not_stored(entry, "503", NOON)])
    (entry,) = waiting_of(connection, "1")
    assert not entry.unanswered
    assert outbox.due_deployments(connection, NOON) == ["1"]


@in_a_transaction
def test_a_clock_that_was_set_back_holds_nothing_up(connection: Connection) -> None:
    outbox.put(connection, [event("1")], NOON)

    assert outbox.due_deployments(connection, NOON - SECOND) == []
    assert outbox.due_deployments(connection, NOON - 2 * LONGEST_WAIT) == ["1"]


@in_a_transaction
def test_what_was_not_tried_yet_comes_before_what_gave_no_answer(connection: Connection) -> None:
    outbox.put(connection, [event("1"), event("2")], NOON)
    (entry,) = waiting_of(connection, "1")
    outbox.apply(connection, [outbox.sending(entry, NOON)])
    outbox.put(connection, [event("3")], NOON + SECOND)

    assert outbox.due_deployments(connection, NOON + SECOND) == ["2", "3", "1"]


@in_a_transaction
def test_what_is_settled_is_forgotten_when_it_is_old_and_what_waits_is_not(
    connection: Connection,
) -> None:
    outbox.put(connection, [event("1"), event("2"), event("3")], NOON)
    for deployment_id, change in (("1", outbox.delivered), ("2", outbox.parked)):
        (entry,) = waiting_of(connection, deployment_id)
        outbox.apply(connection, [change(entry, "", NOON)])

    outbox.prune(connection, NOON)
    assert outbox.put(connection, [event("1"), event("2"), event("3")], NOON) == 0
    outbox.prune(connection, NOON + SECOND)
    assert outbox.put(connection, [event("1"), event("2"), event("3")], NOON) == 2


@in_a_transaction
def test_what_is_put_back_waits_as_if_it_were_new(connection: Connection) -> None:
    outbox.put(connection, [event("1"), event("2"), event("3")], NOON)
    for deployment_id, change in (("1", outbox.delivered), ("2", outbox.parked)):
        (entry,) = waiting_of(connection, deployment_id)
        outbox.apply(connection, [change(entry, "what came of it", NOON)])
    (refused,) = outbox.parked_events(connection)
    assert (refused.deployment_id, refused.error) == ("2", "what came of it")

    assert outbox.put_back(connection, NOON + SECOND, NOON) == 0
    assert outbox.put_back(connection, NOON, NOON) == 2

    assert outbox.parked_events(connection) == []
    assert outbox.due_deployments(connection, NOON) == ["1", "2", "3"]
    (entry,) = waiting_of(connection, "1")
    assert (entry.body, entry.attempts, entry.unanswered) == (event("1").body(), 0, False)
