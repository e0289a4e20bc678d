"""Group commit."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from receiver.batch import Append, KeyReused
from receiver.database import StoreUnavailable, open_database
from receiver.database.sqlite import PRAGMAS
from receiver.event import Event
from receiver.store import Store
from receiver.submission import parse
from receiver.writer import LARGEST_BATCH, Writer
from tests.receiver.api import settings_for
from tests.receiver.examples import NOON, as_json, submission
from tests.receiver.waiting import eventually


class TickingClock:
    """Every look at it is a second later: the events of one transaction have one instant."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Desk:
    """A writer whose queue is filled before it begins to write."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[int] = []
        self.writer = Writer(store, TickingClock(), lambda batch: self.told.append(batch.newest))

    async def queue(
        self, count: int, key: str | None = None, **fields: Any
    ) -> list[asyncio.Task[Event]]:
        """Callers who wait for their events to be stored."""
        callers = [
            asyncio.create_task(self._append(key, run_number=number, **fields))
            for number in range(count)
        ]
        await asyncio.sleep(0)  # each has queued its event
        return callers

    async def _append(self, key: str | None, **fields: Any) -> Event:
        body = as_json(submission(**fields))
        return await self.writer.append(
            Append(parse(body), None, None if key is None else (key, body))
        )

    @contextmanager
    def writing(self) -> Iterator[None]:
        task = asyncio.create_task(self.writer.run())
        try:
            yield
        finally:
            task.cancel()


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    # A lock is not waited for so long.
    quick = [pragma.replace("3000", "300") for pragma in PRAGMAS]
    monkeypatch.setattr("receiver.database.sqlite.PRAGMAS", quick)
    async with open_database(settings_for(tmp_path).database_url) as database:
        yield Desk(Store(database))


@contextmanager
def locked(tmp_path: Path) -> Iterator[None]:
    """Another program holds the database's write lock."""
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def transactions(events: list[Event]) -> list[int]:
    """How many events each transaction stored."""
    groups = groupby(sorted(events, key=lambda event: event.id), lambda event: event.received_at)
    return [len(list(group)) for _, group in groups]


async def test_what_is_queued_goes_into_one_transaction(desk: Desk) -> None:
    callers = await desk.queue(100)
    with desk.writing():
        events = await asyncio.gather(*callers)

    assert transactions(events) == [100]
    assert desk.told == [100]


async def test_it_writes_nothing_when_nobody_waits(desk: Desk) -> None:
    with desk.writing():
        for _ in range(2):
            await asyncio.gather(*await desk.queue(3))
            for _ in range(5):  # time enough for another transaction
                await desk.store.last_id()

    assert desk.told == [3, 6]


async def test_a_transaction_has_a_bound(desk: Desk) -> None:
    callers = await desk.queue(LARGEST_BATCH + 1)
    with desk.writing():
        events = await asyncio.gather(*callers)

    assert transactions(events) == [LARGEST_BATCH, 1]


async def test_ids_are_given_in_the_order_of_the_queue(desk: Desk) -> None:
    callers = await desk.queue(20)
    with desk.writing():
        events = await asyncio.gather(*callers)

    assert [event.run_number for event in events] == list(range(20))
    assert [event.id for event in events] == list(range(1, 21))


async def test_each_caller_gets_its_own_event_as_it_is_stored(desk: Desk) -> None:
    callers = await desk.queue(20)
    with desk.writing():
        events = await asyncio.gather(*callers)

    assert await desk.store.after(0, 100) == events


async def test_a_caller_that_goes_away_does_not_disturb_the_others(desk: Desk) -> None:
    callers = await desk.queue(10)
    callers[3].cancel()
    with desk.writing():
        outcomes = await asyncio.gather(*callers, return_exceptions=True)

    assert isinstance(outcomes.pop(3), asyncio.CancelledError)
    assert all(isinstance(outcome, Event) for outcome in outcomes)


async def test_a_caller_that_goes_away_while_it_is_written_does_not_either(desk: Desk) -> None:
    callers = await desk.queue(10)
    with desk.writing():
        await asyncio.sleep(0)  # the transaction has begun
        callers[3].cancel()
        outcomes = await asyncio.gather(*callers, return_exceptions=True)

    assert sum(isinstance(outcome, Event) for outcome in outcomes) == 9
    assert len(await desk.store.after(0, 100)) == 10


async def test_a_reused_key_in_a_batch_is_its_callers_alone(desk: Desk) -> None:
    callers = await desk.queue(2, key="k1") + await desk.queue(2)
    with desk.writing():
        first, reused, *others = await asyncio.gather(*callers, return_exceptions=True)

    assert isinstance(first, Event)
    assert isinstance(reused, KeyReused)
    assert [other.id for other in others if isinstance(other, Event)] == [2, 3]


async def test_a_store_that_fails_fails_whoever_waits_and_nobody_who_comes_later(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.writer.LARGEST_BATCH", 2)
    callers = await desk.queue(5)
    with desk.writing():
        with locked(tmp_path):
            refused = await asyncio.gather(*callers, return_exceptions=True)
        events = await asyncio.gather(*await desk.queue(3))

    assert [type(outcome) for outcome in refused] == [StoreUnavailable] * 5
    assert [(event.id, event.run_number) for event in events] == [(1, 0), (2, 1), (3, 2)]
    assert desk.told == [2, 3]


async def test_after_a_failure_it_finds_out_by_itself_that_it_is_over(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.writer.RETRY_SECONDS", 0.01)  # the test need not wait
    with desk.writing():
        with locked(tmp_path):
            (caller,) = await desk.queue(1)
            with pytest.raises(StoreUnavailable):
                await caller
            assert desk.writer.outage.lasts
            (caller,) = await desk.queue(1)  # it waits for the trial that is under way, or its own
            with pytest.raises(StoreUnavailable):
                await caller
            assert desk.writer.outage.lasts
        await eventually(lambda: not desk.writer.outage.lasts)

    assert await desk.store.last_id() == 0
    assert desk.told == []


async def test_an_outage_is_told_in_two_lines(
    desk: Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("receiver.writer.RETRY_SECONDS", 0.01)
    with desk.writing():
        with locked(tmp_path):
            for _ in range(2):
                (caller,) = await desk.queue(1)
                with pytest.raises(StoreUnavailable):
                    await caller
        await eventually(lambda: not desk.writer.outage.lasts)

    told = [record.getMessage() for record in caplog.records]
    assert told == ["cannot store events: database is locked", "can store events again"]


async def test_a_failed_batch_uses_up_no_key(desk: Desk, tmp_path: Path) -> None:
    with desk.writing():
        with locked(tmp_path):
            (caller,) = await desk.queue(1, key="k1")
            with pytest.raises(StoreUnavailable):
                await caller
        (caller,) = await desk.queue(1, key="k1", version="2")

        assert (await caller).id == 1


async def test_whoever_waits_when_the_writer_stops_is_told(desk: Desk, tmp_path: Path) -> None:
    with locked(tmp_path):
        callers = await desk.queue(3)
        with desk.writing():
            await asyncio.sleep(0)  # the transaction has begun
        outcomes = await asyncio.gather(*callers, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3


async def test_old_keys_are_forgotten_a_few_after_each_transaction(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.store.FORGOTTEN_AT_ONCE", 2)
    body = as_json(submission())
    old = [Append(parse(body), None, (f"k{number}", body)) for number in range(5)]
    await desk.store.append(old, NOON - timedelta(days=2))

    remembered = []
    with desk.writing():
        for _ in range(4):
            # Before it answers, it has forgotten whatever it does after the one before.
            await asyncio.gather(*await desk.queue(1))
            remembered.append(keys(tmp_path))

    assert remembered[-1] == 0
    assert remembered[0] >= 3


def keys(tmp_path: Path) -> int:
    """How many keys are remembered."""
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM idempotency").fetchone()
        return int(count)
