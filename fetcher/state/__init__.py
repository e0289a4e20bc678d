"""The fetcher's state: used by one process at a time, migrated when it is opened, durable.

It is a SQLite file, or a schema in a PostgreSQL database; with the latter several fetchers may be
started, of which one works and the others stand by. A transaction is a plain function of a
SQLAlchemy connection, and the same one for both.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from sqlalchemy.engine import URL

from fetcher.state.errors import (
    StateError,
    StateInUse,
    StateLost,
    StateMissing,
    StateRemoved,
    StateUnusable,
)
from fetcher.state.looking import look_into
from fetcher.state.postgres import Standby, in_database
from fetcher.state.sqlite import in_file
from fetcher.state.state import State

__all__ = [
    "Standby",
    "State",
    "StateError",
    "StateInUse",
    "StateLost",
    "StateMissing",
    "StateRemoved",
    "StateUnusable",
    "look_into",
    "open_state",
]


def open_state(
    place: Path | URL, standby: Standby | None = None
) -> AbstractAsyncContextManager[State]:
    """The state, created if missing, for this process alone until the end.

    Args:
        place: A file, or the URL of a PostgreSQL database.
        standby: For a database that is not available at the moment: wait until it is, and call this
            with the reason, a sentence, whenever that changes. Without it, and for a file, the
            reason is raised.

    Raises:
        StateInUse: Another process has it.
        StateUnusable: It can't be opened or migrated.
        StateLost: The connection to the database ended, or the file was removed or replaced; the
            block was cancelled where it was.
    """
    return in_database(place, standby) if isinstance(place, URL) else in_file(place)
