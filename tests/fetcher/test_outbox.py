from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from fetcher import outbox
from fetcher.event import Event, Status
from fetcher.outbox import LONGEST_WAIT, Entry, Waiting
from fetcher.state import open_state

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def engine(place: Path | URL) -> AsyncIterator[AsyncEngine]:
    async with open_state(place) as engine:
        yield engine


def event(deployment_id: str, status: Status = "in-progress") -> Event:
    return Event(
        deployment_id=deployment_id,
        service="checkout",
        environment="production",
        status=status,
        happened_at=NOON,
    )


async def waiting_of(connection: AsyncConnection, deployment_id: str) -> list[Entry]:
    return (await outbox.waiting_of(connection, [deployment_id]))[deployment_id]


async def test_an_event_is_put_once_however_often_it_is_seen(engine: AsyncEngine) -> None:
    seen = [event("1"), event("1", "success"), event("2")]

    async with engine.begin() as connection:
        assert await outbox.put(connection, seen, NOON) == 3
        assert await outbox.put(connection, [*seen, event("3"), event("3")], NOON + SECOND) == 1
        assert (await outbox.waiting(connection)).number == 4


async def test_what_is_put_in_a_transaction_that_fails_is_not_there(engine: AsyncEngine) -> None:
    async def put_and_fail() -> None:
        async with engine.begin() as connection:
            await outbox.put(connection, [event("1")], NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await put_and_fail()

    async with engine.begin() as connection:
        assert await outbox.waiting(connection) == Waiting(0, None)
        assert await outbox.put(connection, [event("1")], NOON) == 1


async def test_a_deployment_waits_in_the_order_in_which_it_was_put(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1"), event("2"), event("1", "failure")], NOON)

        entries = await waiting_of(connection, "1")
    assert [entry.status for entry in entries] == ["in-progress", "failure"]
    assert entries[0].body == event("1").body()
    assert entries[0].key == event("1").key


async def test_a_deployment_is_due_when_its_first_event_is(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1"), event("1", "success"), event("2")], NOON)
        first, _ = await waiting_of(connection, "1")
        await outbox.apply(connection, [outbox.unknown(first, "no answer", NOON + 9 * SECOND)])

        assert await outbox.due_deployments(connection, NOON) == ["2"]
        assert await outbox.due_deployments(connection, NOON + 9 * SECOND) == ["2", "1"]
        (second,) = await waiting_of(connection, "2")
        await outbox.apply(connection, [outbox.delivered(second, None, NOON)])
        assert await outbox.waiting(connection) == Waiting(2, NOON + 9 * SECOND)


async def test_what_is_delivered_or_parked_waits_no_more_and_is_not_put_again(
    engine: AsyncEngine,
) -> None:
    both = [event("1"), event("1", "success")]
    async with engine.begin() as connection:
        await outbox.put(connection, both, NOON)
        first, second = await waiting_of(connection, "1")
        await outbox.apply(connection, [outbox.delivered(first, "/api/deployments/1", NOON)])
        await outbox.apply(connection, [outbox.parked(second, "422", NOON)])

        assert await outbox.put(connection, both, NOON) == 0
        assert await outbox.waiting(connection) == Waiting(0, None)
        assert await outbox.due_deployments(connection, NOON) == []


async def test_an_event_that_may_have_been_sent_says_so_until_it_is_known(
    engine: AsyncEngine,
) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1")], NOON)
        (entry,) = await waiting_of(connection, "1")
        assert not entry.unanswered

        await outbox.apply(connection, [outbox.sending(entry, NOON + SECOND)])
        (entry,) = await waiting_of(connection, "1")
        assert entry.unanswered
        assert entry.attempts == 1
        assert await outbox.due_deployments(connection, NOON) == []

        await outbox.apply(connection, [outbox.not_stored(entry, "503", NOON)])
        (entry,) = await waiting_of(connection, "1")
        assert not entry.unanswered
        assert await outbox.due_deployments(connection, NOON) == ["1"]


async def test_a_clock_that_was_set_back_holds_nothing_up(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1")], NOON)

        assert await outbox.due_deployments(connection, NOON - SECOND) == []
        assert await outbox.due_deployments(connection, NOON - 2 * LONGEST_WAIT) == ["1"]


async def test_what_was_not_tried_yet_comes_before_what_gave_no_answer(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1"), event("2")], NOON)
        (entry,) = await waiting_of(connection, "1")
        await outbox.apply(connection, [outbox.sending(entry, NOON)])
        await outbox.put(connection, [event("3")], NOON + SECOND)

        assert await outbox.due_deployments(connection, NOON + SECOND) == ["2", "3", "1"]


async def test_what_is_settled_is_forgotten_when_it_is_old_and_what_waits_is_not(
    engine: AsyncEngine,
) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1"), event("2"), event("3")], NOON)
        for deployment_id, change in (("1", outbox.delivered), ("2", outbox.parked)):
            (entry,) = await waiting_of(connection, deployment_id)
            await outbox.apply(connection, [change(entry, "", NOON)])

        await outbox.prune(connection, NOON)
        assert await outbox.put(connection, [event("1"), event("2"), event("3")], NOON) == 0
        await outbox.prune(connection, NOON + SECOND)
        assert await outbox.put(connection, [event("1"), event("2"), event("3")], NOON) == 2


async def test_what_is_put_back_waits_as_if_it_were_new(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await outbox.put(connection, [event("1"), event("2"), event("3")], NOON)
        for deployment_id, change in (("1", outbox.delivered), ("2", outbox.parked)):
            (entry,) = await waiting_of(connection, deployment_id)
            await outbox.apply(connection, [change(entry, "what came of it", NOON)])
        (refused,) = await outbox.parked_events(connection)
        assert (refused.deployment_id, refused.error) == ("2", "what came of it")

        assert await outbox.put_back(connection, NOON + SECOND, NOON) == 0
        assert await outbox.put_back(connection, NOON, NOON) == 2

        assert await outbox.parked_events(connection) == []
        assert await outbox.due_deployments(connection, NOON) == ["1", "2", "3"]
        (entry,) = await waiting_of(connection, "1")
        assert (entry.body, entry.attempts, entry.unanswered) == (event("1").body(), 0, False)
