"""Bringing a database to the newest schema, by Alembic."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from receiver.database.errors import StoreUnavailable
from receiver.database.revision import MIGRATIONS


def migrate(connection: Connection) -> None:
    """Run the migrations that the database has not seen, inside the caller's transaction.

    Raises:
        StoreUnavailable: A newer release has changed its schema.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(f"its schema does not belong to this release: {error}") from error
