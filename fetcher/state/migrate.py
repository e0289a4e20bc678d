"""Bringing the state to the newest schema."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from fetcher.state.errors import StateUnusable
from fetcher.state.state import State

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


async def migrate(state: State, name: str) -> None:
    """Run the migrations that the state has not seen, in one transaction.

    Args:
        state: Open, and not used by anybody yet.
        name: The state's, for messages.

    Raises:
        StateUnusable: They can't be run.
    """
    try:
        await state.run(_upgrade)
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
