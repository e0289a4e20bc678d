"""`deployment-receiver import`: exported lines into a log.

Each transaction takes some lines, and an event keeps its id, so the log itself tells how far an
import has come: started again with the same lines, it skips those that are already there.
"""

import logging
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from receiver.archive import Archive
from receiver.commands.failure import Failure
from receiver.commands.progress import Progress, progress
from receiver.continuation import AnotherLog
from receiver.database import open_database
from receiver.event import Event
from receiver.ndjson import LONGEST_LINE, decode
from receiver.plural import counted
from receiver.store import Store
from receiver.submission import Invalid

log = logging.getLogger(__name__)

LINES_AT_ONCE: Final = 5000  # on PostgreSQL the receivers' writers wait for each transaction

Line = tuple[int, Event]  # its number and its event


@dataclass
class Tally:
    """What has become of the lines so far."""

    new: int = 0
    known: int = 0
    bad: int = 0
    last_id: int = 0

    def __str__(self) -> str:
        known = f", {self.known:,} there already" if self.known else ""
        bad = f", {counted(self.bad, 'bad line')} skipped" if self.bad else ""
        new = counted(self.new, "event")
        return f"{new} imported{known}{bad}; the log ends at event {self.last_id}"


async def import_log(database_url: str, file: Path | None) -> int:
    """Append the lines' events, with their ids and times.

    Args:
        database_url: Where the log is; it is created if missing.
        file: None for standard input.

    Returns:
        How many lines were bad; each is reported on standard error.

    Raises:
        Failure: The file cannot be read, or is of another log.
        StoreUnavailable: The log cannot be written to, or a receiver has it.
    """
    with _opened(file) as lines, progress("Importing") as shown:
        async with open_database(database_url) as database:
            last_id = await Store(database).last_id()
            work = _Import(Archive(database), shown, Tally(last_id=last_id))
            async with work.told():
                await work.take(lines)
    return work.tally.bad


class _Import:
    def __init__(self, archive: Archive, shown: Progress, tally: Tally) -> None:
        self.tally = tally
        self._archive = archive
        self._shown = shown
        self._waiting: list[Line] = []

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Say at the end what became of the lines, however it ends."""
        try:
            yield
        except BaseException as error:
            self._shown.clear()
            hint = (
                ""
                if isinstance(error, Failure)
                else "; run it again with the same lines to continue"
            )
            log.warning("stopped: %s%s", self.tally, hint)
            raise
        self._shown.clear()
        log.info("%s", self.tally)

    async def take(self, file: BinaryIO) -> None:
        size = _size(file)
        for number, line in enumerate(_lines(file), 1):
            self._decode(number, line)
            if len(self._waiting) == LINES_AT_ONCE:
                await self._add()
                self._shown.step(file.tell() / size if size else None, counted(number, "line"))
        await self._add()

    def _decode(self, number: int, line: bytes) -> None:
        try:
            if not line.isspace():
                self._waiting.append((number, decode(line)))
        except Invalid as error:
            self._refuse(number, error.text)

    async def _add(self) -> None:
        lines, self._waiting = self._waiting, []
        try:
            added = await self._archive.add([event for _, event in lines])
        except AnotherLog as error:
            raise Failure(f"line {lines[error.place][0]}: {error}") from None
        self.tally.new += len(added.new)
        self.tally.known += added.known
        self.tally.last_id = added.last_id
        for number, event in (lines[place] for place in added.late):
            self._refuse(
                number,
                f"/id must be above the previous one: the log has no event {event.id}, "
                "but later ones",
            )

    def _refuse(self, number: int, why: str) -> None:
        self._shown.clear()
        self.tally.bad += 1
        sys.stderr.write(f"line {number}: {why}\n")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Each line; of an overlong one only the beginning, which is still too long."""
    at_start = True
    while line := _read(file):
        if at_start:
            yield line
        at_start = line.endswith(b"\n")


def _read(file: BinaryIO) -> bytes:
    try:
        return file.readline(LONGEST_LINE + 1)
    except OSError as error:
        name = "standard input" if file.fileno() == 0 else file.name
        raise Failure(f"{name}: {error.strerror}") from error


def _size(file: BinaryIO) -> int | None:
    """In bytes, if known in advance."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _opened(file: Path | None) -> Iterator[BinaryIO]:
    if file is None:
        yield sys.stdin.buffer
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from error
    with opened:
        yield opened
