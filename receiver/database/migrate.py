"""The schema of a database: which one it is, and bringing it to the newest."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from receiver.database.errors import StoreUnavailable

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database has not seen, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(f"its schema is not one of this release: {error}") from error


def require_newest(connection: Connection) -> None:
    """Change nothing; raise StoreUnavailable when the schema is not this release's."""
    migrations = ScriptDirectory.from_config(_config())
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        raise StoreUnavailable("there is no log in it")
    if found not in {one.revision for one in migrations.walk_revisions()}:
        raise StoreUnavailable(f"its schema ({found}) is of a newer release: use that release")
    if found != migrations.get_current_head():
        raise StoreUnavailable(
            f"its schema ({found}) is of an older release: start this release's receiver on it "
            "once, which brings it up to date"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
