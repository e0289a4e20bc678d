import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event, select, text

from fetcher import outbox
from fetcher.deliver.ledger import Ledger
from fetcher.outbox import Change
from fetcher.schema import outbox as outbox_table
from fetcher.state import StateError
from fetcher.state.sqlite import FileState, in_file
from tests.fetcher.delivering import an_event

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def state(file: Path) -> AsyncIterator[FileState]:
    events = [an_event(str(number), "success") for number in range(8)]
    async with in_file(file) as state:
        await state.run(lambda connection: outbox.put(connection, events, NOON))
        yield state


def is_sent(row: int) -> Change:
    return Change(row=row, state="unanswered", attempts=1, looks=0, next_at=NOON)


def is_delivered(row: int) -> Change:
    return Change(row=row, state="delivered", attempts=1, looks=0, next_at=NOON)


async def states(state: FileState) -> Counter[str]:
    query = select(outbox_table.c.state)
    return await state.run(lambda connection: Counter(connection.scalars(query)))


def commits(state: FileState) -> list[object]:
    """Grows by one with each commit."""
    seen: list[object] = []
    event.listen(state.engine, "commit", seen.append)
    return seen


@asynccontextmanager
async def busy(state: FileState) -> AsyncIterator[None]:
    """Another transaction is under way until the end of the block."""
    over = Event()
    other = asyncio.create_task(state.run(lambda _connection: over.wait(10)))
    await asyncio.sleep(0)  # it has begun
    yield
    await asyncio.sleep(0)  # what the block began has come
    over.set()
    assert await other


async def test_what_many_wait_for_is_committed_together(state: FileState) -> None:
    ledger, seen = Ledger(state), commits(state)

    async def send(row: int) -> None:
        ledger.note(is_sent(row))
        await ledger.commit()

    async with busy(state):
        sending = [asyncio.create_task(send(row)) for row in range(1, 9)]
    await asyncio.gather(*sending)

    assert len(seen) == 3  # the other transaction, the first to come, and all the rest
    assert await states(state) == {"unanswered": 8}


async def test_what_is_noted_is_on_disk_with_the_next_commit_in_its_order(
    state: FileState,
) -> None:
    ledger = Ledger(state)

    ledger.note(is_sent(1))
    ledger.note(is_delivered(1))
    assert await states(state) == {"new": 8}
    ledger.note(is_sent(2))
    await ledger.commit()

    assert await states(state) == {"delivered": 1, "unanswered": 1, "new": 6}


async def test_what_could_not_be_written_is_said_to_all_who_wait_and_written_by_the_next(
    state: FileState,
) -> None:
    ledger = Ledger(state)
    away, back = (
        text("ALTER TABLE outbox RENAME TO gone"),
        text("ALTER TABLE gone RENAME TO outbox"),
    )
    await state.run(lambda connection: connection.execute(away))

    for row in (1, 2):
        ledger.note(is_sent(row))
    ends = await asyncio.gather(ledger.commit(), ledger.commit(), return_exceptions=True)

    assert all(isinstance(end, StateError) for end in ends)
    await state.run(lambda connection: connection.execute(back))
    await ledger.commit()
    assert (await states(state))["unanswered"] == 2


async def test_a_commit_that_is_cancelled_is_made_by_the_next_who_waits_for_it(
    state: FileState,
) -> None:
    ledger = Ledger(state)
    ledger.note(is_sent(1))
    async with busy(state):
        first = asyncio.create_task(ledger.commit())
        second = asyncio.create_task(ledger.commit())
        await asyncio.sleep(0)  # both wait
        first.cancel()
    await second

    assert (await states(state))["unanswered"] == 1
