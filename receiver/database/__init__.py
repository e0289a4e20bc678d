"""Opening the log's database, and running transactions in it: a SQLite file, or PostgreSQL.

A transaction is a plain function of a SQLAlchemy connection, and the same one for both.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, make_url

from receiver.database.errors import StoreUnavailable
from receiver.database.sqlite import open_sqlite, read_sqlite

__all__ = ["Database", "StoreUnavailable", "Transaction", "open_database", "open_for_reading"]

Result = TypeVar("Result")
Transaction = Callable[[Connection], Result]


class Database(Protocol):
    """An open database. One transaction writes at a time, beside several that read.

    Attributes:
        parts: Into how many reads a look-up of thousands of slots is divided.
    """

    parts: int

    async def read(self, transaction: Transaction[Result]) -> Result:
        """Run it on one state of the database. Raises StoreUnavailable."""

    async def write(self, transaction: Transaction[Result]) -> Result:
        """Run it and commit, durably. Raises StoreUnavailable."""

    def announce(self, connection: Connection, last_id: int) -> None:
        """Notify those who listen, once this connection's transaction is committed."""

    async def listen(self, grown: Callable[[int], None]) -> None:
        """Call `grown` with the newest id that any receiver has appended; until cancelled.

        This is a hint, which may be missed: whoever needs to know also looks now and then.
        """


def open_database(url: str) -> AbstractAsyncContextManager[Database]:
    """A database, brought to the newest schema; a SQLite file is created if missing.

    Raises:
        StoreUnavailable: It cannot be opened, or a newer release has changed its schema.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _postgres()(parsed)
    return open_sqlite(parsed)


def open_for_reading(url: str) -> AbstractAsyncContextManager[Database]:
    """A database as it is, also while receivers use it; nothing is created or changed.

    Raises:
        StoreUnavailable: It cannot be opened, or has another release's schema.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _postgres()(parsed, for_reading=True)
    return read_sqlite(parsed)


def _postgres() -> Callable[..., AbstractAsyncContextManager[Database]]:
    # SQLAlchemy's asynchronous half takes 8 MB, and a file does not need it.
    from receiver.database.postgres import open_postgres  # noqa: PLC0415 - for that reason

    return open_postgres
