"""Logs in a database and as lines, for the commands that move them."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from sqlite3 import connect
from typing import Any, Final

from receiver.commands.export import export_log
from receiver.commands.import_ import import_log
from receiver.event import Event, Status
from receiver.ndjson import encode
from tests.receiver.examples import EVERY_FIELD, NOON, event

STATUSES: Final[tuple[Status, ...]] = ("in-progress", "success", "failure")


def log_of(count: int, after: int = 0) -> list[Event]:
    """Events of some slots, with holes between their ids, as of a log whose oldest are gone."""
    return [
        event(
            2 * number,
            seconds=number % 7,
            status=STATUSES[number % 3],
            service=f"service-{number % 5}",
            received_at=NOON + timedelta(microseconds=number),
            sent_by="ci" if number % 2 else None,
            **whole() if number % 4 == 0 else {},
        )
        for number in range(after + 1, after + count + 1)
    ]


def whole() -> dict[str, Any]:
    """Every optional field."""
    parents = tuple(EVERY_FIELD["parent_deployments"])
    names = ("version", "run_url", "run_number", "actor", "ref", "sha")
    return {name: EVERY_FIELD[name] for name in names} | {"parent_deployments": parents}


def lines_of(events: Iterable[Event]) -> bytes:
    """The lines of an export."""
    return b"".join(map(encode, events))


async def bring(database_url: str, lines: bytes, folder: Path) -> int:
    """Import lines; how many of them are bad."""
    file = folder / "to-import.ndjson"
    file.write_bytes(lines)
    return await import_log(database_url, file)


async def exported(database_url: str, folder: Path) -> bytes:
    """The whole log as lines."""
    file = folder / "exported.ndjson"
    file.unlink(missing_ok=True)
    await export_log(database_url, file, 0)
    return file.read_bytes()


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))


def spoil(folder: Path, sql: str) -> None:
    """Change the SQLite log of a folder behind the receiver's back."""
    with closing(connect(folder / "log.db")) as connection:
        connection.executescript(sql)
