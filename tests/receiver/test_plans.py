"""No statement reads the whole log: a log of any length takes as long."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, event, make_url

from bench.fill import fill_postgres, fill_sqlite
from receiver.batch import Append
from receiver.database import Database, open_database
from receiver.filter import Filter
from receiver.retention import Retention
from receiver.store import Store
from receiver.submission import parse
from tests.receiver.api import Clock
from tests.receiver.examples import NOON, as_json, submission

pytestmark = pytest.mark.databases("sqlite", "postgresql")

EVENTS: Final = 40_000
SLOTS: Final = 50
# Of either database; where one walks an index in the order that is asked for, it stops in time.
SCAN: Final = re.compile(
    r"(SCAN (event|later)\w*(?! USING INDEX ix_event_happened_at_finished_id$)|Seq Scan on event)"
)
SORT: Final = re.compile(r"TEMP B-TREE FOR ORDER BY|Sort Key")


class Plans:
    """Every statement that runs, with how the database goes about it."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def note(
        self, connection: Connection, cursor: Any, statement: str, parameters: Any, *_more: object
    ) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            cursor.execute(f"{explain} {statement}", parameters)
            self.steps += [(statement, str(row[-1])) for row in cursor.fetchall()]

    def matching(self, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
        return [(statement, step) for statement, step in self.steps if pattern.search(step)]


@contextmanager
def noted() -> Iterator[Plans]:
    plans = Plans()
    event.listen(Engine, "before_cursor_execute", plans.note)
    try:
        yield plans
    finally:
        event.remove(Engine, "before_cursor_execute", plans.note)
    assert plans.steps


@pytest.fixture
async def database(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A log that is long beside what is asked of it."""
    async with open_database(database_url):
        pass
    if make_url(database_url).get_backend_name() == "sqlite":
        file = Path(make_url(database_url).database or "")
        fill_sqlite(file, EVENTS, SLOTS, NOON)
    else:
        fill_postgres(request.getfixturevalue("postgres"), database_url, EVENTS, SLOTS, NOON)
    async with open_database(database_url) as opened:
        yield opened


async def test_the_log_is_never_read_as_a_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.retention.PAUSES", 0)
    store = Store(database)
    slot = Filter(frozenset({"service-1"}), frozenset({"dev"}))
    with noted() as sorted_by_an_index:
        (first, *_) = await store.page(slot, None, 100)
        await store.page(slot, first.order_key, 100)
        await store.page(Filter(), first.order_key, 100)
        await store.page(Filter(services=frozenset({"service-1"})), first.order_key, 100)
        await store.page(Filter(environments=frozenset({"dev"})), None, 100)
        several = Filter(frozenset({"service-1", "service-2"}), frozenset({"dev", "test", "x"}))
        await store.page(several, first.order_key, 100)
        await store.after(EVENTS // 2, 100)
    with noted() as others:
        await store.page(Filter(deployment_id=first.deployment_id), None, 100)
        await store.page(Filter(frozenset(f"service-{n}" for n in range(4))), None, 100)
        await store.get(first.id)
        _, now = await store.matrix()
        _, then = await store.matrix(NOON - timedelta(days=300))
        await store.append([Append(parse(as_json(submission())), None, ("key", b"digest"))], NOON)
        await store.forget_keys(NOON + timedelta(days=2))
        await store.last_id()
        await Retention(database, store, Clock(NOON), days=720).sweep()

    assert not sorted_by_an_index.matching(SCAN)
    assert not sorted_by_an_index.matching(SORT)
    assert not others.matching(SCAN)
    assert len(now) == len(then) == SLOTS
    assert await store.removed_to() > 0


@pytest.mark.parametrize(
    "step",
    [
        "SCAN event",
        "SCAN event_1 USING COVERING INDEX ix_event_happened_at_finished_id",
        "SCAN event USING INDEX ix_event_deployment_id",
        "  ->  Seq Scan on event event_1  (cost=0.00..1.00 rows=1 width=1)",
        "  ->  Parallel Seq Scan on event",
    ],
)
def test_a_scan_is_told_from_a_search(step: str) -> None:
    assert SCAN.search(step)
    assert not SCAN.search("SEARCH event USING INTEGER PRIMARY KEY (rowid=?)")
    assert not SCAN.search("Index Scan using pk_event on event")
