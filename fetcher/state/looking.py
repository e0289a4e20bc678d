"""Looking into the state without holding it: nothing is locked, created, migrated or written."""

import asyncio
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from fetcher.state.errors import StateMissing, StateUnusable
from fetcher.state.postgres import ANSWER_SECONDS, SCHEMA
from fetcher.state.state import Result, Transaction

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
    try:
        if isinstance(place, URL):
            return await _look_into_database(place, transaction)
        return await asyncio.to_thread(_look_into_file, place, transaction)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = getattr(error, "orig", None) or error
        raise StateUnusable(
            f"The state {place} can't be read: {str(reason) or 'time-out'}"
        ) from error


def _look_into_file(path: Path, transaction: Transaction[Result]) -> Result:
    if not path.exists():
        raise StateMissing(f"{path} will be created")
    read_only = {"mode": "ro", "uri": "true"}  # https://www.sqlite.org/uri.html
    url = URL.create("sqlite", database=path.absolute().as_uri(), query=read_only)
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN")  # sqlite3 would do so only before a write
            return transaction(connection)
    finally:
        engine.dispose()


async def _look_into_database(url: URL, transaction: Transaction[Result]) -> Result:
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            if not await connection.scalar(IS_THERE):
                raise StateMissing(f"{url} will be created")
            return await connection.run_sync(transaction)
    finally:
        await engine.dispose()


def _engine(url: URL) -> AsyncEngine:
    arguments = {"server_settings": READING, "timeout": ANSWER_SECONDS}
    try:
        return create_async_engine(url, connect_args=arguments)
    except ModuleNotFoundError as error:
        raise StateUnusable(
            "A state in PostgreSQL needs asyncpg: pip install 'deployment-dashboard[postgres]'"
        ) from error
