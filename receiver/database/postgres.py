"""The log in PostgreSQL, where several receivers may share it.

Whoever writes takes an advisory lock first, so ids are assigned in the order of commits
(docs/decisions/0001-ids-are-given-by-the-writer.md), and migrations run one after the other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any, Final, TypeVar
from weakref import WeakSet

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from receiver.database.errors import StoreUnavailable
from receiver.database.revision import require_newest, upgrade

log = logging.getLogger(__name__)

READERS: Final = 4
ENCODINGS: Final = ("UTF8", "SQL_ASCII")  # that store any text; the second takes bytes as they are
CHANNEL: Final = "deployment_log"
LOCK: Final = text("SELECT pg_advisory_xact_lock(7236840157)")  # any number, always the same one
PATIENCE: Final = text(
    "SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)"
)
NOTIFY: Final = text("SELECT pg_notify(:channel, :last_id)")
CONNECT_SECONDS: Final = 2  # to each server that the URL names
CLOSE_SECONDS: Final = 1
RETRY_SECONDS: Final = 1.0
# Within these a transaction is done or given up, including the wait for a connection. They back up
# the server's own time-outs, which are of no use when the connection is dead.
READ_SECONDS: Final = 12
WRITE_SECONDS: Final = 6
UPGRADE_SECONDS: Final = 3600  # for migrating a long log, or waiting for a receiver that does
SESSION: Final = {
    "application_name": "deployment-receiver",
    "lock_timeout": "3s",
    "statement_timeout": "10s",
    # For a receiver that froze while it held the lock that the others wait for.
    "idle_in_transaction_session_timeout": "10s",
    # What was acknowledged is there after a power cut, whatever the server's default.
    "synchronous_commit": "on",
    # Whoever has waited for the lock sees what was stored meanwhile, whatever the server's default.
    "default_transaction_isolation": "read committed",
    "timezone": "UTC",
    # The planner would have the matrix of many slots compiled, which takes longer than running it.
    "jit": "off",
}
UNREACHABLE: Final = (SQLAlchemyError, OSError, TimeoutError)

Result = TypeVar("Result")
Transaction = Callable[[Connection], Result]


class PostgresDatabase:
    """An open database; see Database. It has six connections at most: readers, writer, listener."""

    parts = READERS - 1  # the server works on them side by side; one connection is for others

    def __init__(self, url: URL) -> None:
        self._drivers: WeakSet[Any] = WeakSet()
        self._reading = self._engine(url, pool_size=READERS, max_overflow=0)
        self._writing = self._engine(url, pool_size=1, max_overflow=0)
        self._listening = self._engine(url, poolclass=NullPool)

    def _engine(self, url: URL, **pool: Any) -> AsyncEngine:
        engine = _engine(url, **pool)
        event.listen(
            engine.sync_engine,
            "connect",
            lambda connection, _record: self._drivers.add(connection.driver_connection),
        )
        return engine

    async def read(self, transaction: Transaction[Result]) -> Result:
        """Run it on one state of the database."""
        repeatable = self._reading.execution_options(isolation_level="REPEATABLE READ")
        return await _run(repeatable, transaction, READ_SECONDS)

    async def write(self, transaction: Transaction[Result]) -> Result:
        """Run it, after whatever other receivers write, and commit."""

        def alone(connection: Connection) -> Result:
            connection.execute(LOCK)
            return transaction(connection)

        return await _run(self._writing, alone, WRITE_SECONDS)

    def announce(self, connection: Connection, last_id: int) -> None:
        """Notify those who listen, once this connection's transaction is committed."""
        connection.execute(NOTIFY, {"channel": CHANNEL, "last_id": str(last_id)})

    async def listen(self, grown: Callable[[int], None]) -> None:
        """Hear of what any receiver appends, across lost connections; until cancelled."""
        asyncpg = import_module("asyncpg")
        # Used directly, asyncpg raises errors of its own, not SQLAlchemy's.
        unreachable = (*UNREACHABLE, asyncpg.PostgresError, asyncpg.InterfaceError)
        while True:
            try:
                await self._listen(grown)
            except unreachable as error:
                log.debug("cannot listen to the log: %s", error)  # the feed also looks by itself
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, grown: Callable[[int], None]) -> None:
        lost = asyncio.Event()
        async with self._listening.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            driver.add_termination_listener(lambda _connection: lost.set())
            await driver.add_listener(CHANNEL, lambda *news: grown(int(news[-1])))
            try:
                await lost.wait()
            finally:
                await _close(driver)

    async def open(self) -> None:
        """Bring it to the newest schema, once nobody else does. Raises StoreUnavailable."""

        def alone(connection: Connection) -> None:
            connection.execute(PATIENCE)
            connection.execute(LOCK)
            _require_unicode(connection)
            upgrade(connection)

        await _run(self._writing, alone, UPGRADE_SECONDS)

    async def close(self) -> None:
        """Close the connections, without waiting for a silent server."""
        await asyncio.gather(*map(_close, self._drivers))
        for engine in (self._reading, self._writing, self._listening):
            await engine.dispose()


def _require_unicode(connection: Connection) -> None:
    # An event that it cannot store would be refused for ever, and with it those of its batch.
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding not in ENCODINGS:
        raise StoreUnavailable(
            f"its encoding is {encoding}, which lacks many characters: "
            "create it with ENCODING 'UTF8' TEMPLATE template0"
        )


async def _close(driver: Any) -> None:
    # Not through its pool, which would wait for the server's reply. What fails now is no matter.
    with suppress(Exception):
        await driver.close(timeout=CLOSE_SECONDS)


async def _connect(**options: Any) -> Any:
    # asyncpg has a single time-out for all servers, and a silent one would use it up.
    asyncpg = import_module("asyncpg")  # an optional dependency
    *others, last = _servers(options)
    for server in others:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InternalClientError):
            return await asyncpg.connect(**options | server, timeout=CONNECT_SECONDS)
    return await asyncpg.connect(**options | last, timeout=CONNECT_SECONDS)


def _servers(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The address of each server, if the URL names several; else asyncpg takes it as it is."""
    if not isinstance(options.get("host"), list):
        return [{}]
    places = zip(options["host"], options["port"], strict=True)
    return [{"host": host, "port": port} for host, port in places]


def _engine(url: URL, **pool: Any) -> AsyncEngine:
    arguments = {"server_settings": SESSION, "async_creator_fn": _connect}
    engine = create_async_engine(url, connect_args=arguments, **pool)
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(connection: Any, _record: object, _proxy: object) -> None:
    # Otherwise the first request after a restart of the server would be told that it is away.
    if connection.driver_connection.is_closed():
        raise DisconnectionError


async def _run(engine: AsyncEngine, transaction: Transaction[Result], seconds: float) -> Result:
    try:
        async with asyncio.timeout(seconds), engine.connect() as connection:
            return await _transact(connection, transaction)
    except UNREACHABLE as error:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        raise StoreUnavailable(str(cause) or "it does not answer") from error


async def _transact(connection: AsyncConnection, transaction: Transaction[Result]) -> Result:
    try:
        async with connection.begin():
            return await connection.run_sync(transaction)
    except UNREACHABLE:
        # After a failover the server behind the connection may be read-only.
        await connection.invalidate()
        raise


@asynccontextmanager
async def open_postgres(url: URL, *, for_reading: bool = False) -> AsyncIterator[PostgresDatabase]:
    """The database, which must exist; its tables are created if missing.

    Args:
        url: Where it is.
        for_reading: Change nothing: the tables must exist as well.

    Raises:
        StoreUnavailable: It cannot be opened.
    """
    try:
        database = PostgresDatabase(url)
    except ModuleNotFoundError as error:
        raise StoreUnavailable(
            "PostgreSQL needs asyncpg: pip install 'deployment-dashboard[postgres]'"
        ) from error
    try:
        await (database.read(require_newest) if for_reading else database.open())
        yield database
    finally:
        await database.close()
