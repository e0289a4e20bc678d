"""The log in one SQLite file.

A transaction runs whole in a thread: one hand-over for each transaction, where an asynchronous
driver needs one for each step (docs/decisions/0002-transactions-in-threads.md has the figures).
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from receiver.database.errors import StoreUnavailable
from receiver.database.revision import require_newest, upgrade

READERS: Final = 4
PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers and the writer don't wait for each other
    "PRAGMA synchronous = FULL",  # a commit is on disk when it returns
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 3000",
)
PRAGMAS_OF_A_READER: Final = ("PRAGMA busy_timeout = 5000",)
WRITING: Final = {"writing": True}  # execution option of a transaction that will write

Result = TypeVar("Result")
Transaction = Callable[[Connection], Result]


class SqliteDatabase:
    """An open file; see Database."""

    parts = 1  # several threads would only wait for each other, for Python's lock

    def __init__(self, engine: Engine, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self._reading = engine
        self._writing = engine.execution_options(**WRITING)
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")

    async def read(self, transaction: Transaction[Result]) -> Result:
        """Run it on one state of the database."""
        self._require_file()
        return await _run(self._readers, self._reading, transaction)

    async def write(self, transaction: Transaction[Result]) -> Result:
        """Run it and commit, durably."""
        self._require_file()
        return await _run(self._writer, self._writing, transaction)

    def announce(self, connection: Connection, last_id: int) -> None:
        """Nobody else listens."""

    async def listen(self, grown: Callable[[int], None]) -> None:  # noqa: ARG002 - nobody else writes
        """Wait until cancelled: this receiver knows what it has appended itself."""
        await asyncio.Event().wait()

    async def open(self) -> None:
        """Bring it to the newest schema; a missing file is created. Raises StoreUnavailable."""
        await self.write(upgrade)
        self._file = self._identity()

    async def open_for_reading(self) -> None:
        """Change nothing. Raises StoreUnavailable when its schema is not the newest."""
        await self.read(require_newest)
        self._file = self._identity()

    def _require_file(self) -> None:
        # SQLite would go on writing to a file that has been removed, and all of it would be lost.
        if self._file is not None and self._identity() != self._file:
            raise StoreUnavailable("its file has been removed or replaced: restart the receiver")

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Wait for what runs, then close the connections."""
        self._writer.shutdown()
        self._readers.shutdown()
        self._reading.dispose()


async def _run(
    threads: ThreadPoolExecutor, engine: Engine, transaction: Transaction[Result]
) -> Result:
    return await asyncio.get_running_loop().run_in_executor(threads, _commit, engine, transaction)


def _commit(engine: Engine, transaction: Transaction[Result]) -> Result:
    try:
        with engine.begin() as connection:
            return transaction(connection)
    except SQLAlchemyError as error:
        raise StoreUnavailable(str(error.__cause__ or error)) from error


@asynccontextmanager
async def open_sqlite(url: URL) -> AsyncIterator[SqliteDatabase]:
    """The file, for this process alone until the end; created if missing.

    Raises:
        StoreUnavailable: It cannot be opened, or another receiver has it.
    """
    with _locked(Path(url.database or "")) as path:
        database = SqliteDatabase(_engine(URL.create("sqlite", database=str(path)), PRAGMAS), path)
        try:
            await database.open()
            yield database
        finally:
            database.close()


@asynccontextmanager
async def read_sqlite(url: URL) -> AsyncIterator[SqliteDatabase]:
    """The file as it is; a receiver may be using it.

    Raises:
        StoreUnavailable: It cannot be opened, or has another release's schema.
    """
    path = Path(url.database or "")
    database = SqliteDatabase(_engine(_as_it_is(path), PRAGMAS_OF_A_READER), path)
    try:
        await database.open_for_reading()
        yield database
    finally:
        database.close()


@contextmanager
def _locked(named: Path) -> Iterator[Path]:
    # Where the file itself is, as SQLite has it: beside a link to it there would be another lock.
    path = Path(os.path.realpath(named))
    # The lock is on a file of its own: closing any descriptor of the database itself would drop
    # the locks SQLite holds there. The kernel ends a flock with its process, however that ends.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(f"{path.name}.lock").open("a")
        if not path.exists():
            path.touch(mode=0o600)  # it will hold the secret that signs sessions
    except OSError as error:
        raise StoreUnavailable(f"its folder cannot be used: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreUnavailable(
                "another receiver or an import is using it: "
                "several can share a PostgreSQL database, but not a file"
            ) from None
        yield path


def _engine(url: URL, pragmas: Sequence[str]) -> Engine:
    engine = create_engine(url, pool_size=READERS + 1, max_overflow=0)
    event.listen(engine, "connect", partial(_prepare, pragmas))
    event.listen(engine, "begin", _begin)
    return engine


def _as_it_is(path: Path) -> URL:
    if not path.is_file():
        raise StoreUnavailable("there is no such file")
    read_only = {"mode": "ro", "uri": "true"}  # https://www.sqlite.org/uri.html
    return URL.create("sqlite", database=path.absolute().as_uri(), query=read_only)


def _prepare(pragmas: Sequence[str], connection: Any, _record: object) -> None:
    # Python's driver begins transactions by rules of its own; _begin does it instead.
    # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that writes takes the write lock at once: one that read first and then
    # wants to write fails, without waiting, when another has written in between.
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
