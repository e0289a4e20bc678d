"""Looking into the state without holding it: nothing is locked, created, migrated or written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from fetcher.state.errors import StateMissing, StateUnusable
from fetcher.state.postgres import ANSWER_SECONDS, SCHEMA

IS_THERE: Final = text(f"SELECT to_regclass('{SCHEMA}.outbox')::text")
READING: Final = {"search_path": SCHEMA, "default_transaction_read_only": "on"}


@asynccontextmanager
async def look_into(place: Path | URL) -> AsyncIterator[AsyncConnection]:
    """One transaction that sees the state as it is, also while a fetcher is using it.

    Raises:
        StateMissing: There is none yet.
        StateUnusable: It can't be read, or it is not there, or it is of another version.
    """
    url = place if isinstance(place, URL) else _of_file(place)
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            if isinstance(place, URL) and not await connection.scalar(IS_THERE):
                raise StateMissing(f"{place} will be created")
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = getattr(error, "orig", None) or error
        raise StateUnusable(
            f"The state {place} can't be read: {str(reason) or 'time-out'}"
        ) from error
    finally:
        await engine.dispose()


def _of_file(path: Path) -> URL:
    if not path.exists():
        raise StateMissing(f"{path} will be created")
    return URL.create(
        "sqlite+aiosqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"}
    )


def _engine(url: URL) -> AsyncEngine:
    if url.drivername.startswith("sqlite"):
        return create_async_engine(url)
    arguments = {"server_settings": READING, "timeout": ANSWER_SECONDS}
    try:
        return create_async_engine(url, connect_args=arguments)
    except ModuleNotFoundError as error:
        raise StateUnusable(
            "A state in PostgreSQL needs asyncpg: pip install 'deployment-dashboard[postgres]'"
        ) from error
