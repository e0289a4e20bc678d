"""Looking into the state without holding it: nothing is locked, created, migrated or written."""

from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fetcher.state.errors import StateMissing, StateUnusable
from fetcher.state.postgres import ANSWER_SECONDS, SCHEMA
from fetcher.state.state import Result, Transaction

BEGIN: Final = text("BEGIN")  # Python's driver would do so only before a write
IS_THERE: Final = text(f"SELECT to_regclass('{SCHEMA}.outbox')::text")
READING: Final = {
    "search_path": SCHEMA,
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "repeatable read",
}


async def look_into(place: Path | URL, transaction: Transaction[Result]) -> Result:
    """What a transaction sees of the state at one moment, also while a fetcher is using it.

    Raises:
        StateMissing: There is none yet.
        StateUnusable: It can't be read, or it is not there, or it is of another version.
    """
    engine = _of_database(place) if isinstance(place, URL) else _of_file(place)
    try:
        async with engine.begin() as connection:
            if isinstance(place, Path):
                await connection.execute(BEGIN)
            elif not await connection.scalar(IS_THERE):
                raise StateMissing(f"{place} will be created")
            return await connection.run_sync(transaction)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = getattr(error, "orig", None) or error
        raise StateUnusable(
            f"The state {place} can't be read: {str(reason) or 'time-out'}"
        ) from error
    finally:
        await engine.dispose()


def _of_file(path: Path) -> AsyncEngine:
    if not path.exists():
        raise StateMissing(f"{path} will be created")
    read_only = {"mode": "ro", "uri": "true"}  # https://www.sqlite.org/uri.html
    file = path.absolute().as_uri()
    return create_async_engine(URL.create("sqlite+aiosqlite", database=file, query=read_only))


def _of_database(url: URL) -> AsyncEngine:
    arguments = {"server_settings": READING, "timeout": ANSWER_SECONDS}
    try:
        return create_async_engine(url, connect_args=arguments)
    except ModuleNotFoundError as error:
        raise StateUnusable(
            "A state in PostgreSQL needs asyncpg: pip install 'deployment-dashboard[postgres]'"
        ) from error
