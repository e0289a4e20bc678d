"""A copy of a SQLite file, made while others write to it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from receiver.database.errors import StoreUnavailable

PAGES_AT_ONCE: Final = 1000


def snapshot(source: Path, target: Path, step: Callable[[float], None]) -> None:
    """Copy one state of the file, whatever is written meanwhile.

    Args:
        source: A log; receivers may be using it.
        target: An empty file.
        step: Called now and then with the share that is done, 0 to 1.

    Raises:
        StoreUnavailable: It cannot be read, or the copy cannot be written.
    """
    if not source.is_file():
        raise StoreUnavailable("there is no such file")

    def tell(_status: int, left: int, pages: int) -> None:
        if pages:  # else the step failed
            step(1 - left / pages)

    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as log,
            closing(sqlite3.connect(target)) as copy,
        ):
            # Without a transaction of its own each step would see a newer state than the one
            # before, and SQLite would begin the copy anew: https://www.sqlite.org/backup.html
            log.execute("BEGIN")
            log.execute("SELECT count(*) FROM sqlite_schema")
            copy.execute("PRAGMA synchronous = OFF")  # the caller makes the whole file durable
            log.backup(copy, pages=PAGES_AT_ONCE, progress=tell)
            copy.execute("PRAGMA journal_mode = DELETE")  # readable without a file beside it
    except sqlite3.Error as error:
        raise StoreUnavailable(f"it cannot be copied to {target.name}: {error}") from error
