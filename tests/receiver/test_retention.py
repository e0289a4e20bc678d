"""Old events leave the log, and what is where stays as it is."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy import event as hooks

from receiver.api import PARTS
from receiver.batch import Append
from receiver.config import Settings
from receiver.database import Database, open_database
from receiver.event import Event
from receiver.matrix import reduce
from receiver.retention import SWEEP_EVERY, Retention
from receiver.schema import event, idempotency, slot
from receiver.store import Store
from receiver.submission import parse
from tests.receiver.api import Api, Clock, serving
from tests.receiver.examples import NOON, as_json, submission
from tests.receiver.waiting import eventually

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY: Final = timedelta(days=1)
EDGE: Final = NOON - DAY
# Around the edge, close enough for events that are equally late.
INSTANTS: Final = [EDGE + timedelta(seconds=seconds) for seconds in (-2, -1, 0, 1, 2)]
BODIES: Final = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["a", "b"]),
        "status": st.sampled_from(["in-progress", "success", "failure"]),
        "happened_at": st.sampled_from(INSTANTS).map(datetime.isoformat),
    }
)
LOGS: Final = st.lists(
    st.tuples(st.sampled_from([*INSTANTS, NOON]), st.lists(BODIES, min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.retention.PAUSES", 0)


def keeper(database: Database, clock: Clock) -> Retention:
    """Keeps one day."""
    return Retention(database, Store(database), clock, days=1)


async def append(
    database: Database, received_at: datetime, *bodies: dict[str, Any], key: str | None = None
) -> Sequence[Event]:
    appends = [
        Append(parse(as_json(submission(**body))), None, None if key is None else (key, b"digest"))
        for body in bodies
    ]
    return (await Store(database).append(appends, received_at)).events


async def empty(database: Database) -> None:
    def transaction(connection: Connection) -> None:
        for table in (idempotency, slot, event):
            connection.execute(delete(table))

    await database.write(transaction)


@contextmanager
def noted_removals() -> Iterator[list[int]]:
    """How many events each statement has removed."""
    removals: list[int] = []

    def note(_connection: Connection, cursor: Any, statement: str, *_more: object) -> None:
        if statement.startswith("DELETE FROM event"):
            removals.append(cursor.rowcount)

    hooks.listen(Engine, "after_cursor_execute", note)
    try:
        yield removals
    finally:
        hooks.remove(Engine, "after_cursor_execute", note)


def staying(log: list[Event]) -> list[Event]:
    """What is young, what the slots remember as of the edge, and the newest of all."""
    slots = reduce(stored for stored in log if stored.happened_at <= EDGE).values()
    remembered = [
        each for slot in slots for each in (slot.current, slot.last_success, slot.last_finished)
    ]
    return [
        stored
        for stored in log
        if stored.received_at >= EDGE
        or stored.happened_at >= EDGE
        or stored in remembered
        or stored == log[-1]
    ]


# Many databases would take long: each example empties the one.
@settings(max_examples=20)
@given(LOGS.map(lambda batches: sorted(batches, key=lambda batch: batch[0])))
async def test_what_is_removed_changes_no_matrix_since_the_edge(
    database: Database, batches: list[tuple[datetime, list[dict[str, Any]]]]
) -> None:
    await empty(database)
    store = Store(database)
    batches.append((NOON, [{"service": "c"}]))
    log = [stored for at, bodies in batches for stored in await append(database, at, *bodies)]
    instants = [*INSTANTS[2:], NOON]
    before = [await store.matrix(at) for at in instants]

    await keeper(database, Clock(NOON)).sweep()

    assert [await store.matrix(at) for at in instants] == before
    assert await store.after(0, 100) == staying(log)


@pytest.mark.databases("sqlite")
@given(LOGS)
@settings(max_examples=20)
async def test_the_matrix_of_an_instant_is_that_of_what_had_happened(
    database: Database, batches: list[tuple[datetime, list[dict[str, Any]]]]
) -> None:
    await empty(database)
    log = [stored for at, bodies in batches for stored in await append(database, at, *bodies)]
    for at in INSTANTS:
        _, slots = await Store(database).matrix(at)

        assert slots == reduce(stored for stored in log if stored.happened_at <= at)


async def test_a_sweep_takes_small_steps_until_what_is_young(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.retention.STEP", 3)
    await append(database, EDGE - DAY, *[{"happened_at": "2026-01-01T00:00:00Z"}] * 10)
    await append(database, NOON, {})
    with noted_removals() as removals:
        await keeper(database, Clock(NOON)).sweep()

    assert removals == [3, 3, 3]

    # Of equal events the last is the latest.
    assert [stored.id for stored in await Store(database).after(0, 100)] == [10, 11]
    assert await Store(database).removed_to() == 9


async def test_ids_go_on_where_the_newest_event_is_old_and_late(database: Database) -> None:
    # The clock of the first one's sender was ahead.
    for happened_at in ("2026-11-20T12:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"):
        await append(database, EDGE - DAY, {"happened_at": happened_at})

    await keeper(database, Clock(NOON)).sweep()
    (stored,) = await append(database, NOON, {})

    assert stored.id == 4
    await keeper(database, Clock(NOON)).sweep()
    assert [stored.id for stored in await Store(database).after(0, 100)] == [1, 2, 4]


@pytest.mark.parametrize("last", [{}, {"happened_at": "0001-01-01T00:00:00Z"}, None])
async def test_a_clock_that_is_ahead_alone_removes_nothing(
    database: Database, last: dict[str, Any] | None
) -> None:
    bodies = [{"happened_at": "2026-11-20T11:00:00Z"}] * 3 if last is not None else []
    log = await append(database, NOON, *bodies)
    ahead = Clock(NOON + 1000 * DAY)
    log = [*log, *await append(database, ahead.now, *([] if last is None else [last]))]

    await keeper(database, ahead).sweep()

    assert await Store(database).after(0, 100) == log


async def test_a_key_goes_with_its_event(database: Database) -> None:
    await append(database, EDGE - DAY, {"happened_at": "2026-01-01T00:00:00Z"}, key="k1")
    await append(database, EDGE - DAY, {"happened_at": "2026-01-02T00:00:00Z"}, key="k2")
    await append(database, NOON, {})

    await keeper(database, Clock(NOON)).sweep()

    keys = await database.read(lambda c: c.execute(select(idempotency.c.key)).scalars().all())
    assert keys == ["k2"]


async def test_receivers_on_one_log_take_turns(database: Database) -> None:
    clock = Clock(NOON)
    one, other = keeper(database, clock), keeper(database, clock)
    turns = [await each.take_turn() for each in (one, other, one)]
    clock.tick(SWEEP_EVERY)
    turns += [await each.take_turn() for each in (other, one)]

    assert turns == [True, False, False, True, False]


async def test_a_turn_from_a_wrong_clock_is_not_waited_for(database: Database) -> None:
    wrong, right = keeper(database, Clock(NOON + 10 * DAY)), keeper(database, Clock(NOON))

    assert await wrong.take_turn()
    assert await right.take_turn()


@pytest.mark.databases("sqlite")
async def test_a_log_that_is_away_is_told_of_once_and_swept_when_it_is_back(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("receiver.retention.LOOK_SECONDS", 0.001)
    for _ in range(2):
        await append(database, EDGE - DAY, {"happened_at": "2026-01-01T00:00:00Z"})
    await append(database, NOON, {})
    file, away = tmp_path / "log.db", tmp_path / "away.db"
    file.rename(away)
    sweeping = asyncio.create_task(keeper(database, Clock(NOON)).run())
    await eventually(lambda: caplog.records)
    away.rename(file)
    await eventually(lambda: "can remove old events again" in caplog.messages)
    sweeping.cancel()

    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert await Store(database).removed_to() == 1


@pytest.fixture
async def thinned(settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    """A receiver that keeps a day, started when of four events the first two were old."""
    keeping = settings.model_copy(update={"retention_days": 1})
    async with serving(keeping, clock) as api:
        for _ in range(3):
            await api.append(service="shop")
        clock.tick(2 * DAY)
        await api.append(service="shop", happened_at=clock.now.isoformat())
    async with serving(keeping, clock) as api:
        store = api.app[PARTS].store
        async with asyncio.timeout(60):
            while await store.removed_to() < 2:  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.005)
        yield api


async def test_a_position_before_what_was_removed_gets_resync_then_goes_on(thinned: Api) -> None:
    for position in (0, 1):
        async with thinned.stream(f"?last_event_id={position}") as stream:
            resync = await stream.message()
            sent = await thinned.append(service="shop")

            assert (resync.event, resync.id, resync.data) == ("resync", sent["id"] - 1, {})
            assert await stream.ids(1) == [sent["id"]]


async def test_what_was_not_removed_is_told(thinned: Api) -> None:
    page = await thinned.read("/api/deployments")

    assert [item["id"] for item in page["items"]] == [4, 3]
    assert (await thinned.get("/api/deployments/2")).status == 404
    async with thinned.stream("?last_event_id=2") as stream:
        assert await stream.ids(2) == [3, 4]
