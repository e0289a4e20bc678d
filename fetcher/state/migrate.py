"""Bringing the state to the newest schema."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from fetcher.state.errors import StateUnusable

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


async def migrate(engine: AsyncEngine, name: str) -> None:
    """Run the migrations that it has not seen, in one transaction.

    Args:
        engine: Of the state.
        name: Of the state, for messages.

    Raises:
        StateUnusable: They can't be run.
    """
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except CommandError as error:
        raise StateUnusable(
            f"The state {name} was written by a newer version of the fetcher: {error}"
        ) from error
    except DBAPIError as error:
        raise StateUnusable(f"The state {name} can't be opened: {error.orig}") from error


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
