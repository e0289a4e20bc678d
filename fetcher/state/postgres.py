"""The state in a PostgreSQL database, with fetchers that stand by.

Whoever holds the database's advisory lock has the state. Every transaction runs in the one session
that holds it, so a fetcher that has lost the lock can't commit anything, whatever it believes.
A fetcher that has lost its session opens no second one: it stops, and may wait for the lock again
(docs/decisions/0003-the-state-is-held-by-a-session.md).

A lock ends with its session. If a fetcher vanishes (a power cut, a broken network) or freezes, the
server ends its session within 20 seconds; if the fetcher exits, at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from fetcher.state.errors import StateInUse, StateLost, StateUnusable
from fetcher.state.migrate import migrate
from fetcher.state.state import Result, Transaction

Standby = Callable[[str], object]

ENCODINGS: Final = ("UTF8", "SQL_ASCII")  # that store any text; the second takes bytes as they are
SCHEMA: Final = "deployment_fetcher"  # beside whatever else is in that database
LOCK: Final = 0x6465706C66657463  # any number, and the same one for all versions
STANDBY_SECONDS: Final = 3
HEARTBEAT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 10
# Whatever waits behind one that takes longer takes the session for lost. The longest is the first
# pass over a large repository: 40,000 deployments, the most that GitHub lists, take some seconds.
LONGEST_TRANSACTION_SECONDS: Final = 60
SESSION: Final = {
    "search_path": SCHEMA,
    # What was committed before a POST is there after a power cut, whatever the server's default.
    "synchronous_commit": "on",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "idle_session_timeout": "20s",
    "idle_in_transaction_session_timeout": "20s",
}
LOST: Final = "The connection to the state was lost."
UNREACHABLE: Final = (SQLAlchemyError, OSError, TimeoutError)


class DatabaseState:
    """A session that holds the state; see State."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def run(self, transaction: Transaction[Result]) -> Result:
        """Run it on the session.

        Raises:
            StateLost: The session has ended.
        """
        try:
            async with self.engine.begin() as connection:
                return await connection.run_sync(transaction)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StateLost(LOST) from error
            raise


@asynccontextmanager
async def in_database(url: URL, standby: Standby | None) -> AsyncIterator[DatabaseState]:
    """The state in the database, created if missing.

    Raises:
        StateError: It can't be used.
    """
    name = url.render_as_string(hide_password=True)
    engine = await _had(url, name, standby)
    lost = asyncio.Event()
    try:
        await _make_schema(engine, name)
        state = DatabaseState(engine)
        await migrate(state, name)
        async with asyncio.timeout(None) as held:
            watch = asyncio.create_task(_watch(engine, lost, held))
            try:
                yield state
            finally:
                watch.cancel()
    except (TimeoutError, SQLAlchemyError) as error:
        if lost.is_set():
            raise StateLost(f"The connection to the state {name} was lost.") from error
        raise
    finally:
        await engine.dispose()


async def _had(url: URL, name: str, standby: Standby | None) -> AsyncEngine:
    """An engine whose session holds the lock."""
    engine, said = _engine(url), ""
    while reason := await _reason_to_wait(engine, name):
        if standby is None:
            await engine.dispose()
            raise reason
        if str(reason) != said:
            said = str(reason)
            standby(said)
        await asyncio.sleep(STANDBY_SECONDS)
        if isinstance(reason, StateUnusable):
            await engine.dispose()
            engine = _engine(url)
    return engine


async def _reason_to_wait(engine: AsyncEngine, name: str) -> StateInUse | StateUnusable | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS), engine.begin() as connection:
            has_it = await connection.scalar(text(f"SELECT pg_try_advisory_lock({LOCK})"))
    except UNREACHABLE as error:
        return StateUnusable(f"The state {name} can't be opened: {_words(error)}")
    return None if has_it else StateInUse(f"The state {name} is in use by another fetcher.")


def _engine(url: URL) -> AsyncEngine:
    arguments = {"server_settings": SESSION, "timeout": ANSWER_SECONDS}
    try:
        engine = create_async_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_timeout=LONGEST_TRANSACTION_SECONDS,
            connect_args=arguments,
        )
    except ModuleNotFoundError as error:
        raise StateUnusable(
            "A state in PostgreSQL needs asyncpg: pip install 'deployment-dashboard[postgres]'"
        ) from error
    sessions = 0

    def once(*_arguments: Any) -> None:
        nonlocal sessions
        sessions += 1
        if sessions > 1:
            raise StateLost(LOST)

    event.listen(engine.sync_engine, "do_connect", once)
    return engine


async def _make_schema(engine: AsyncEngine, name: str) -> None:
    # Not IF NOT EXISTS, which requires the right to create it even if it exists.
    try:
        async with engine.begin() as connection:
            await _require_unicode(connection, name)
            there = await connection.scalar(text(f"SELECT to_regnamespace('{SCHEMA}')::text"))
            if there is None:
                await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    except DBAPIError as error:
        raise StateUnusable(f"The state {name} can't be created: {_words(error)}") from error


async def _require_unicode(connection: AsyncConnection, name: str) -> None:
    # A pass that saw what it cannot store would fail for ever.
    encoding = await connection.scalar(text("SHOW server_encoding"))
    if encoding not in ENCODINGS:
        raise StateUnusable(
            f"The state {name} can't be created: its encoding is {encoding}, which lacks many "
            "characters: create the database with ENCODING 'UTF8' TEMPLATE template0"
        )


async def _watch(engine: AsyncEngine, lost: asyncio.Event, held: asyncio.Timeout) -> None:
    """End the block `held` when the session is lost.

    The heartbeat also keeps the server from taking this fetcher for a frozen one.
    """
    try:
        await _listen(engine, lost)
        while not await _comes(lost, HEARTBEAT_SECONDS):
            async with engine.connect() as connection:  # after the transaction that has it now
                async with asyncio.timeout(ANSWER_SECONDS):
                    await connection.execute(text("SELECT 1"))
    except (*UNREACHABLE, StateLost):
        lost.set()
    held.reschedule(0)


async def _listen(engine: AsyncEngine, lost: asyncio.Event) -> None:
    async with engine.connect() as connection:
        session: Any = (await connection.get_raw_connection()).driver_connection
        session.add_termination_listener(lambda _session: lost.set())


async def _comes(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _words(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause) or "time-out"
