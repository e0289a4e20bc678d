"""Bringing a database to the newest schema, by Alembic."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from receiver.database.revision import MIGRATIONS


def migrate(connection: Connection) -> None:
    """Run the migrations that the database has not seen, inside the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
