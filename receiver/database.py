"""Opening the database, and running transactions in it.

A transaction is a plain function of a SQLAlchemy connection. For SQLite it runs whole in a
thread: one hand-over for each transaction, where an asynchronous driver needs one for each step
(docs/decisions/0002-transactions-in-threads.md has the figures).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READERS: Final = 4
PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers and the writer don't wait for each other
    "PRAGMA synchronous = FULL",  # a commit is on disk when it returns
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
)
WRITING: Final = {"writing": True}  # execution option of a transaction that will write

Result = TypeVar("Result")
Transaction = Callable[[Connection], Result]


class StoreUnavailable(Exception):
    """The database cannot do it now; nothing of the request was acknowledged."""


class Database:
    """An open database. One transaction writes at a time, beside several that read."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self._reading = engine
        self._writing = engine.execution_options(**WRITING)
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")

    async def read(self, transaction: Transaction[Result]) -> Result:
        """Run it on one state of the database. Raises StoreUnavailable."""
        self._require_file()
        return await _run(self._readers, self._reading, transaction)

    async def write(self, transaction: Transaction[Result]) -> Result:
        """Run it and commit, durably. Raises StoreUnavailable."""
        self._require_file()
        return await _run(self._writer, self._writing, transaction)

    async def open(self) -> None:
        """Bring it to the newest schema; a missing file is made. Raises StoreUnavailable."""
        await self.write(_upgrade)
        self._file = self._identity()

    def _require_file(self) -> None:
        # SQLite would go on writing to a file that has been removed, and lose it at the end.
        if self._file is not None and self._identity() != self._file:
            raise StoreUnavailable("its file has been removed or replaced: start the receiver anew")

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
async def open_database(url: str) -> AsyncIterator[Database]:
    """A database brought to the newest schema; a SQLite file is made when missing.

    Raises:
        StoreUnavailable: It cannot be opened, or a newer release has changed its schema.
    """
    path = Path(make_url(url).database or "")
    database = Database(_sqlite(path), path)
    try:
        await database.open()
        yield database
    finally:
        database.close()


def _sqlite(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"its folder cannot be made: {error.strerror}") from error
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, pool_size=READERS + 1, max_overflow=0)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # Python's driver begins transactions by rules of its own; _begin does it instead.
    # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that writes takes the write lock at once: one that read first and then
    # wants to write fails, without waiting, when another has written in between.
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _upgrade(connection: Connection) -> None:
    """Run the migrations that the database has not seen."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(f"its schema is not one of this release: {error}") from error
