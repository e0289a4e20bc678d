"""`deployment-receiver backup`: a copy of the database, made while the receiver works."""

import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import make_url

from receiver.commands.failure import Failure
from receiver.commands.progress import progress
from receiver.database.snapshot import snapshot

log = logging.getLogger(__name__)

PG_DUMP: Final = (
    "PostgreSQL has its own tool, which also works while receivers are running: "
    "pg_dump --format=custom --file={target} --dbname={url}"
)


def back_up(database_url: str, target: Path) -> None:
    """Copy a SQLite log, as it is at one instant, to a new file: whole, or not at all.

    Only its owner can read the copy: it holds the secret that signs sessions.

    Raises:
        Failure: The target cannot be made, or the log is in PostgreSQL.
        StoreUnavailable: The log cannot be read.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        as_text = url.set(drivername="postgresql").render_as_string(hide_password=True)
        raise Failure(PG_DUMP.format(target=shlex.quote(str(target)), url=shlex.quote(as_text)), 2)
    with _new_file(target) as unfinished, progress("Copying") as shown:
        source = Path(url.database or "")
        snapshot(source, unfinished, lambda share: shown.step(share, f"{share:.0%}"))
    log.info("copied to %s, %s bytes", target, f"{target.stat().st_size:,}")


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A file that gets its name, durably, once it is complete; otherwise nothing is left of it."""
    for taken in (target, Path(f"{target}-wal")):
        # SQLite would take a forgotten -wal for part of the new file.
        if os.path.lexists(taken):
            raise Failure(f"{taken}: already exists")
    try:
        # A folder, because SQLite may put files of its own beside the copy.
        with TemporaryDirectory(".part", f"{target.name}.", target.parent) as folder:
            unfinished = Path(folder) / target.name
            unfinished.touch(0o600)
            yield unfinished
            _sync(unfinished)
            unfinished.rename(target)
            _sync(target.parent)
    except OSError as error:
        raise Failure(f"{target}: {error.strerror}") from error


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
