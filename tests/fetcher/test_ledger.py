import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from fetcher import outbox
from fetcher.ledger import Ledger
from fetcher.outbox import Change
from fetcher.schema import outbox as outbox_table
from fetcher.state import StateError, open_state
from tests.fetcher.delivering import an_event

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
async def engine(file: Path) -> AsyncIterator[AsyncEngine]:
    async with open_state(file) as engine:
        async with engine.begin() as connection:
            events = [an_event(str(number), "success") for number in range(8)]
            await outbox.put(connection, events, NOON)
        yield engine


def is_sent(row: int) -> Change:
    return Change(row=row, state="unanswered", attempts=1, looks=0, next_at=NOON)


def is_delivered(row: int) -> Change:
    return Change(row=row, state="delivered", attempts=1, looks=0, next_at=NOON)


async def states(engine: AsyncEngine) -> Counter[str]:
    async with engine.begin() as connection:
        return Counter(await connection.scalars(select(outbox_table.c.state)))


def commits(engine: AsyncEngine) -> list[object]:
    """Grows by one with each commit."""
    seen: list[object] = []
    event.listen(engine.sync_engine, "commit", seen.append)
    return seen


async def test_what_many_wait_for_is_committed_together(engine: AsyncEngine) -> None:
    ledger, seen = Ledger(engine), commits(engine)

    async def send(row: int) -> None:
        ledger.note(is_sent(row))
        await ledger.commit()

    async with engine.begin():  # all of them come while another transaction is under way
        sending = [asyncio.create_task(send(row)) for row in range(1, 9)]
        await asyncio.sleep(0)
    await asyncio.gather(*sending)

    assert len(seen) == 3  # the other transaction, the first to come, and all the rest
    assert await states(engine) == {"unanswered": 8}


async def test_what_is_noted_is_on_disk_with_the_next_commit_in_its_order(
    engine: AsyncEngine,
) -> None:
    ledger = Ledger(engine)

    ledger.note(is_sent(1))
    ledger.note(is_delivered(1))
    assert await states(engine) == {"new": 8}
    ledger.note(is_sent(2))
    await ledger.commit()

    assert await states(engine) == {"delivered": 1, "unanswered": 1, "new": 6}


async def test_what_could_not_be_written_is_said_to_all_who_wait_and_written_by_the_next(
    engine: AsyncEngine,
) -> None:
    ledger = Ledger(engine)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox RENAME TO gone"))

    for row in (1, 2):
        ledger.note(is_sent(row))
    ends = await asyncio.gather(ledger.commit(), ledger.commit(), return_exceptions=True)

    assert all(isinstance(end, StateError) for end in ends)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO outbox"))
    await ledger.commit()
    assert (await states(engine))["unanswered"] == 2


async def test_a_commit_that_is_cancelled_is_made_by_the_next_who_waits_for_it(
    engine: AsyncEngine,
) -> None:
    ledger = Ledger(engine)
    ledger.note(is_sent(1))
    async with engine.begin():
        first = asyncio.create_task(ledger.commit())
        second = asyncio.create_task(ledger.commit())
        await asyncio.sleep(0)
        first.cancel()
    await second

    assert (await states(engine))["unanswered"] == 1
