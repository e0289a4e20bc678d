"""A log of many events, made by the database itself, in seconds for each million.

Services in 10 environments, some slots with a hundred times as many deployments as others; each
deployment begins and, three minutes later, ends; one in twelve fails. The times fill two years.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Dialect, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, DropIndex

from receiver.schema import event, to_microseconds
from tests.postgres import PostgresServer

SPAN: Final = timedelta(days=730)
ENVIRONMENTS: Final = ("dev", "test", "qa", "int", "staging", "uat", "pre", "eu", "us", "asia")
# Of event n: an even one begins deployment n / 2, an odd one ends an earlier deployment.
# `spread` is even over 0 to PRIME - 1; squared, it gives the first slots most of the deployments.
PRIME: Final = 1_000_003
EVENTS: Final = """
INSERT INTO event
WITH RECURSIVE
number (n) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT n + 1 FROM number WHERE n < {count} - 1),
half (n, ended, d) AS (
  SELECT n, n % 2, CASE n % 2 WHEN 0 THEN n / 2 ELSE abs(n / 2 - 15) END FROM number
),
deployment (n, ended, d, spread) AS (SELECT n, ended, d, d * 48271 % {prime} FROM half),
placed (n, ended, d, slot, began_at) AS (
  SELECT n, ended, d, spread * spread / {each}, {first_at} + d * {step} FROM deployment
)
SELECT
  n + 1,
  'gh-' || (9000000000 + d),
  'service-' || (slot / 10),
  CASE slot % 10 {environments} END,
  CASE WHEN ended = 0 THEN 'in-progress' WHEN d * 31 % 97 < 8 THEN 'failure' ELSE 'success' END,
  ended = 1,
  began_at + ended * 180000000,
  began_at + ended * 180000000 + 1500000,
  '1.' || (d / 1000) || '.' || (d % 1000),
  'https://github.example/acme/service-' || (slot / 10) || '/actions/runs/' || (9000000000 + d),
  d,
  'octocat',
  'refs/heads/main',
  '3f2c1d9b8a7e6f5d4c3b2a19087f6e5d' || (10000000 + d),
  NULL,
  'deployment-fetcher/0.1.0',
  'default'
FROM placed
"""
SLOTS: Final = "INSERT INTO slot SELECT DISTINCT service, environment FROM event"


def fill_sqlite(file: Path, count: int, slots: int, until: datetime) -> None:
    """Fill a new log, whose tables are there; the newest event happens at `until`."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        _fill(connection.execute, sqlite.dialect(), _events(count, slots, until))
        connection.execute("PRAGMA synchronous = FULL")  # else the first commits wait for all that
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgres(
    server: PostgresServer, url: str, count: int, slots: int, until: datetime
) -> None:
    """Fill a new log, whose tables are there; the newest event happens at `until`."""
    database = make_url(url).database or ""

    def execute(sql: str) -> None:
        server.execute(f"SET maintenance_work_mem = '512MB'; {sql}", database)

    _fill(execute, postgresql.dialect(), _events(count, slots, until))  # type: ignore[no-untyped-call] # SQLAlchemy's
    server.execute("VACUUM ANALYZE", database)
    server.execute("CHECKPOINT", database)


def _events(count: int, slots: int, until: datetime) -> str:
    step = SPAN / (count / 2)
    names = (f"WHEN {number} THEN '{name}'" for number, name in enumerate(ENVIRONMENTS))
    return EVENTS.format(
        count=count,
        prime=PRIME,
        each=PRIME**2 // slots + 1,
        first_at=to_microseconds(until - SPAN),
        step=step // timedelta(microseconds=1),
        environments=" ".join(names),
    )


def _fill(execute: Callable[[str], object], dialect: Dialect, events: str) -> None:
    # An index is made many times faster at once than row by row.
    for index in event.indexes:
        execute(str(DropIndex(index).compile(dialect=dialect)))
    execute(events)
    for index in event.indexes:
        execute(str(CreateIndex(index).compile(dialect=dialect)))
    execute(SLOTS)
