"""The databases that are measured: a file, and a PostgreSQL server that is durable, as in use."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from bench.fill import fill_postgres, fill_sqlite
from receiver.database import open_database
from tests.postgres import PostgresServer

SLOTS: Final = 10_000
POSTGRES: Final = ("shared_buffers=256MB", "max_wal_size=4GB")


@dataclass(frozen=True)
class Kind:
    """One of the two.

    Attributes:
        empty: Makes an empty log; its URL.
        filled: Makes one with so many events in 10,000 slots; its URL.
    """

    name: str
    empty: Callable[[], str]
    filled: Callable[[int], str]


@contextmanager
def sqlite() -> Iterator[Kind]:
    """Logs in files of the working directory, which is on a disk, unlike many a /tmp."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix="bench-") as folder:
        numbers = count(1)

        def empty() -> str:
            return f"sqlite+aiosqlite:///{folder}/{next(numbers)}.db"

        def filled(events: int) -> str:
            url = _made(empty())
            fill_sqlite(Path(make_url(url).database or ""), events, SLOTS, datetime.now(UTC))
            return url

        yield Kind(f"SQLite {sqlite3.sqlite_version}", empty, filled)


@contextmanager
def postgres() -> Iterator[Kind]:
    """Logs in a server on loopback."""
    with PostgresServer(POSTGRES) as server:

        def filled(events: int) -> str:
            url = _made(server.database())
            fill_postgres(server, url, events, SLOTS, datetime.now(UTC))
            return url

        version = server.execute("SHOW server_version")
        yield Kind(f"PostgreSQL {version}", server.database, filled)


KINDS: Final = (sqlite, postgres)


def _made(url: str) -> str:
    """The same, with the tables."""

    async def make() -> None:
        async with open_database(url):
            pass

    asyncio.run(make())
    return url
