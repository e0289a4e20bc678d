"""`deployment-receiver export`: the log as lines of JSON, also while a receiver is running."""

import logging
import sys
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from receiver.archive import Archive
from receiver.commands.failure import Failure
from receiver.commands.logfile import LogFile, open_log_file, write_all
from receiver.commands.progress import progress
from receiver.database import Database, open_for_reading
from receiver.ndjson import encode
from receiver.plural import counted
from receiver.store import Store

log = logging.getLogger(__name__)

Write = Callable[[bytes], None]


async def export_log(database_url: str, file: Path | None, after: int) -> None:
    """Write every event up to the newest one, in the order of their ids.

    Args:
        database_url: Where the log is.
        file: Where to; if it exists, what it lacks of the log is appended. None for standard
            output.
        after: The id after which to begin, on standard output.

    Raises:
        Failure: It cannot be written there.
        StoreUnavailable: The log cannot be read.
    """
    async with open_for_reading(database_url) as database:
        if file is None:
            await _write(database, after, to_standard_output, bar=not sys.stdout.isatty())
            return
        with open_log_file(file) as lines:
            await _write(database, await _end_of(lines, database), lines.append)
            lines.sync()


async def _write(database: Database, after: int, write: Write, *, bar: bool = True) -> None:
    until, count = await Store(database).last_id(), 0
    with progress("Exporting", bar=bar) as shown:
        async for page in Archive(database).pages(after, until):
            write(b"".join(map(encode, page)))
            count += len(page)
            shown.step((page[-1].id - after) / (until - after), counted(count, "event"))
    log.info("exported %s, up to event %d", counted(count, "event"), until)


async def _end_of(lines: LogFile, database: Database) -> int:
    """The id of the file's last event, which must be in the log."""
    last = lines.last_event()
    if last is None:
        return 0
    if await Store(database).get(last.id) != last:
        raise Failure(
            f"{lines.path}: its last line, event {last.id}, is not in this log: write to a new file"
        )
    lines.drop_unfinished()
    return last.id


def to_standard_output(lines: bytes) -> None:
    """Print lines.

    Raises:
        Failure: Nobody reads them.
    """
    try:
        # Not through sys.stdout, whose buffer would be written even after a signal.
        with FileIO(sys.stdout.fileno(), "w", closefd=False) as file:
            write_all(file, lines)
    except OSError as error:
        raise Failure(f"standard output: {error.strerror}") from error
