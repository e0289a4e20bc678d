"""Which schema a database has, and bringing it to this release's."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect

from receiver.database.errors import StoreUnavailable

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
# The file of each migration begins with its revision.
REVISIONS: Final = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
NEWEST: Final = REVISIONS[-1]


def upgrade(connection: Connection) -> None:
    """Run the migrations that the database has not seen, inside the caller's transaction.

    Raises:
        StoreUnavailable: A newer release has changed its schema.
    """
    found = revision(connection)
    if found == NEWEST:
        return
    _require_known(found)
    # Alembic takes a fifth of a second and 12 MB: it is loaded only if there is something to do.
    from receiver.database.migrate import migrate  # noqa: PLC0415 - for that reason

    migrate(connection)


def require_newest(connection: Connection) -> None:
    """Change nothing; raise StoreUnavailable when the schema is not this release's."""
    found = revision(connection)
    if found is None:
        raise StoreUnavailable("it contains no log")
    _require_known(found)
    if found != NEWEST:
        raise StoreUnavailable(
            f"its schema ({found}) belongs to an older release: start this release's receiver on "
            "it once, which migrates it"
        )


def _require_known(found: str | None) -> None:
    if found is not None and found not in REVISIONS:
        raise StoreUnavailable(f"its schema ({found}) belongs to a newer release: use that release")


def revision(connection: Connection) -> str | None:
    """The last migration that was run; None where there is no log."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar()
    return found
