"""The state in one SQLite file.

A transaction runs whole in a thread: one hand-over for each transaction, where an asynchronous
driver needs one for each step (docs/decisions/0002-transactions-in-threads.md has the figures).
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DatabaseError, OperationalError

from fetcher.state.errors import StateInUse, StateRemoved, StateUnusable
from fetcher.state.migrate import migrate
from fetcher.state.state import Result, Transaction

# FULL: what was committed before a POST is there after a power cut, too.
PRAGMAS: Final = (
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)
LOCK: Final = ".lock"
OF_SQLITE: Final = ("-wal", "-shm")  # beside an open file

Identity = tuple[int, int]  # device and inode


class FileState:
    """An open file; see State."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._thread = ThreadPoolExecutor(1, "state")
        self._is_there: Callable[[], bool] = lambda: True
        self._lost: Callable[[], object] = lambda: None

    def guard(self, is_there: Callable[[], bool], lost: Callable[[], object]) -> None:
        """From now on run nothing unless the file `is_there`; call `lost` once it is not."""
        self._is_there, self._lost = is_there, lost

    async def run(self, transaction: Transaction[Result]) -> Result:
        """Run it in the thread.

        Raises:
            StateRemoved: The file is no longer in its place.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._commit, transaction)
        except StateRemoved:
            self._lost()
            raise

    def _commit(self, transaction: Transaction[Result]) -> Result:
        if not self._is_there():
            raise StateRemoved
        with self.engine.begin() as connection:
            return transaction(connection)

    def close(self) -> None:
        """Wait for what runs, then close the connection."""
        self._thread.shutdown()
        self.engine.dispose()


@asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[FileState]:
    """The state in `path`, created if missing.

    Raises:
        StateError: It can't be used.
    """
    with _locked(path):
        state = FileState(_engine(path))
        try:
            await migrate(state, str(path))
            event.listen(state.engine, "handle_error", partial(_say, path))
            async with _guarded(state, path):
                yield state
        finally:
            state.close()


@asynccontextmanager
async def _guarded(state: FileState, path: Path) -> AsyncIterator[None]:
    """End the block once the file, or its lock, is no longer the one that was opened.

    SQLite would go on with a file that has no name, and another fetcher could create one in its
    place (docs/decisions/0016-a-state-file-that-is-gone-is-made-anew.md).
    """
    files, beside = _identities(path, "", LOCK), _identities(path, *OF_SQLITE)
    lost = False

    def end() -> None:
        nonlocal lost
        lost = True
        block.reschedule(0)

    try:
        async with asyncio.timeout(None) as block:
            state.guard(lambda: _identities(path, "", LOCK) == files, end)
            yield
    except (TimeoutError, StateRemoved) as error:
        if not lost:
            raise
        state.close()
        _remove(beside)
        raise StateRemoved(
            f"The state {path} was removed or replaced while it was in use."
        ) from error


def _identities(path: Path, *suffixes: str) -> dict[Path, Identity | None]:
    """Which file is at each of these places."""
    return {place: _identity(place) for place in (path.with_name(path.name + s) for s in suffixes)}


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(left: Mapping[Path, Identity | None]) -> None:
    """Remove what SQLite left of a file that is gone; it would be read as part of the next one.

    https://sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use
    """
    for path, identity in left.items():
        if identity and _identity(path) == identity:
            path.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The lock is on a file of its own: closing any descriptor of the database itself would drop
    # the locks SQLite holds there. The kernel ends a flock with its process, however that ends.
    lock = path.with_name(path.name + LOCK)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise StateUnusable(f"The state {path} can't be opened: {error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(f"The state {path} is in use by another fetcher.") from None
        yield


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _say(path: Path, context: ExceptionContext) -> None:
    """A full disk or a damaged file is not a bug, and gets no traceback.

    SQLAlchemy raises what this raises.
    """
    error = context.sqlalchemy_exception
    if isinstance(error, OperationalError) or type(error) is DatabaseError:
        raise StateUnusable(f"The state {path} can't be used: {error.orig}")


def _set_up(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # `_begin` begins: sqlite3 would do so only before a write
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
