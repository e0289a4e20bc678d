"""A file of exported lines, which grows by whole lines."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from receiver.commands.failure import Failure
from receiver.event import Event
from receiver.ndjson import LONGEST_LINE, decode
from receiver.submission import Invalid


class LogFile:
    """An open file of lines. What follows the last whole one was left by an export cut short."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.path = path
        self._file = file
        self._end = file.seek(0, os.SEEK_END)

    def last_event(self) -> Event | None:
        """The event of its last whole line; None for an empty file.

        Raises:
            Failure: It is not a file of exported lines.
        """
        if self._end == 0:
            return None
        self._file.seek(max(0, self._end - 2 * LONGEST_LINE))
        whole, _, unfinished = self._file.read().rpartition(b"\n")
        try:
            event = decode(whole.rpartition(b"\n")[2])
        except Invalid:
            raise Failure(f"{self.path}: exists and is not an exported log") from None
        self._end -= len(unfinished)
        return event

    def drop_unfinished(self) -> None:
        """Cut off what follows the last whole line."""
        self._file.truncate(self._end)

    def append(self, lines: bytes) -> None:
        """Write whole lines, or none if a signal or a full disk intervenes."""
        try:
            self._file.seek(self._end)
            write_all(self._file, lines)
        except BaseException as error:
            self.drop_unfinished()
            if isinstance(error, OSError):
                raise Failure(f"{self.path}: {error.strerror}") from error
            raise
        self._end += len(lines)

    def sync(self) -> None:
        """Make it durable."""
        os.fsync(self._file.fileno())


def write_all(file: FileIO, data: bytes) -> None:
    """Write it, in as many pieces as the system wants."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def open_log_file(path: Path) -> Iterator[LogFile]:
    """Open it, for this process alone; created if missing.

    Raises:
        Failure: It cannot be opened, or another export writes to it.
    """
    try:
        file = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Failure(f"{path}: is not a regular file; leave FILE out for standard output")
        yield _locked(path, file)


def _locked(path: Path, file: FileIO) -> LogFile:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return LogFile(path, file)
    except BlockingIOError:
        raise Failure(f"{path}: another export is writing to it") from None
