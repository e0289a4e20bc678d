"""A log moves between files and databases, and stays as it is."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from receiver.archive import PAGE, Archive
from receiver.commands.export import export_log
from receiver.commands.failure import Failure
from receiver.commands.import_ import import_log
from receiver.database import StoreUnavailable, open_database
from receiver.ndjson import LONGEST_LINE
from receiver.store import Store
from tests.receiver.api import Api, Clock, serving, settings_for
from tests.receiver.exported import bring, exported, full_disk, lines_of, log_of, spoil

on_both = pytest.mark.databases("sqlite", "postgresql")


@asynccontextmanager
async def receiver_on(database_url: str, folder: Path, clock: Clock) -> AsyncIterator[Api]:
    async with serving(settings_for(folder, database_url=database_url), clock) as api:
        yield api


@on_both
async def test_a_log_comes_out_as_it_went_in(database_url: str, tmp_path: Path) -> None:
    lines = lines_of(log_of(4500))

    assert await bring(database_url, lines, tmp_path) == 0

    assert await exported(database_url, tmp_path) == lines


@on_both
async def test_an_import_begun_again_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    events = log_of(60)
    await bring(database_url, lines_of(events[:40]), tmp_path)

    assert await bring(database_url, lines_of(events), tmp_path) == 0
    assert await bring(database_url, lines_of(events), tmp_path) == 0

    assert await exported(database_url, tmp_path) == lines_of(events)


@on_both
async def test_a_receiver_goes_on_where_the_imported_log_ends(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    events = log_of(10)
    await bring(database_url, lines_of(events), tmp_path)

    async with receiver_on(database_url, tmp_path, clock) as api:
        matrix = await api.read("/api/matrix")
        assert {row["service"] for row in matrix["rows"]} == {one.service for one in events}
        assert matrix["last_event_id"] == events[-1].id
        assert (await api.append())["id"] == events[-1].id + 1
        async with api.stream("?last_event_id=1") as stream:  # within a hole of the log
            assert (await stream.message()).event == "resync"


@pytest.mark.databases("postgresql")
async def test_receivers_on_postgresql_show_what_is_imported_beside_them(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    events = log_of(3)
    async with receiver_on(database_url, tmp_path, clock) as api, api.stream() as stream:
        await bring(database_url, lines_of(events), tmp_path)

        assert [(await stream.message()).id for _ in events] == [one.id for one in events]


async def test_a_log_that_a_receiver_has_is_exported_and_not_imported_into(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    async with receiver_on(database_url, tmp_path, clock) as api:
        await api.append()
        lines = await exported(database_url, tmp_path)
        assert lines.startswith(b'{"id":1,')
        assert b'"sent_by":"ci"' in lines

        with pytest.raises(StoreUnavailable, match="another receiver or an import is using it"):
            await bring(database_url, lines, tmp_path)


async def test_bad_lines_are_told_by_number_and_the_others_are_taken(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = log_of(3)
    first, second, third = (lines_of([one]) for one in good)
    bad = second.replace(b'"service":"service-2"', b'"service":"","colour":1')
    endless = b"[" * 3 * LONGEST_LINE + b"\n"
    late = lines_of(log_of(1)).replace(b'"id":2', b'"id":3')

    assert await bring(
        database_url, first + b"\n" + bad + endless + third + late + first[:-9], tmp_path
    ) == len((bad, endless, late, first))

    assert await exported(database_url, tmp_path) == first + third
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "line 3: /service must not be empty; /colour is not a known field"
    assert told[1] == f"line 4: must have at most {LONGEST_LINE} bytes"
    assert told[2].startswith("line 7: must be JSON in UTF-8")
    assert told[3].startswith("line 6: /id must be above the previous one")


async def test_the_rows_of_another_log_are_not_mixed_in(database_url: str, tmp_path: Path) -> None:
    await bring(database_url, lines_of(log_of(3)), tmp_path)
    other = lines_of(log_of(5)).replace(b"service-", b"other-")

    with pytest.raises(Failure, match=r"^line 1: event 2 of this log is a different one"):
        await bring(database_url, other, tmp_path)

    assert await exported(database_url, tmp_path) == lines_of(log_of(3))


async def test_an_export_continues_the_file_that_is_there(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "log.ndjson"
    await bring(database_url, lines_of(log_of(3)), tmp_path)
    await export_log(database_url, file, 0)
    await bring(database_url, lines_of(log_of(5)), tmp_path)

    await export_log(database_url, file, 0)
    assert file.read_bytes() == lines_of(log_of(5))

    await export_log(database_url, file, 0)
    assert file.read_bytes() == lines_of(log_of(5))


async def test_an_export_that_was_cut_off_within_a_line_is_continued(
    database_url: str, tmp_path: Path
) -> None:
    file, lines = tmp_path / "log.ndjson", lines_of(log_of(5))
    await bring(database_url, lines, tmp_path)
    file.write_bytes(lines[:-30])

    await export_log(database_url, file, 0)

    assert file.read_bytes() == lines


async def test_a_full_disk_gets_whole_lines(database_url: str, tmp_path: Path) -> None:
    file, lines = tmp_path / "log.ndjson", lines_of(log_of(5000))
    await bring(database_url, lines, tmp_path)

    with full_disk(len(lines) * 3 // 4), pytest.raises(Failure, match=r"log\.ndjson: "):
        await export_log(database_url, file, 0)

    assert 0 < file.stat().st_size < len(lines)
    assert lines.startswith(file.read_bytes())
    assert file.read_bytes().endswith(b"\n")

    await export_log(database_url, file, 0)
    assert file.read_bytes() == lines


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"my diary\n", "is not an exported log"),
        (b"no line at all", "is not an exported log"),
        (lines_of(log_of(1)).replace(b"service-1", b"x"), "event 2, is not in this log"),
        (lines_of(log_of(9)) + b"rest", "event 18, is not in this log"),
    ],
)
async def test_a_file_that_is_no_export_of_the_log_is_left_as_it_is(
    database_url: str, tmp_path: Path, content: bytes, why: str
) -> None:
    await bring(database_url, lines_of(log_of(3)), tmp_path)
    file = tmp_path / "diary"
    file.write_bytes(content)

    with pytest.raises(Failure, match=why):
        await export_log(database_url, file, 0)

    assert file.read_bytes() == content


async def test_two_exports_do_not_write_to_one_file(database_url: str, tmp_path: Path) -> None:
    await bring(database_url, lines_of(log_of(1)), tmp_path)
    with (tmp_path / "log.ndjson").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(Failure, match="another export is writing to it"):
            await export_log(database_url, tmp_path / "log.ndjson", 0)


async def test_an_export_can_begin_after_an_id(
    database_url: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    events = log_of(5)
    await bring(database_url, lines_of(events), tmp_path)
    capfdbinary.readouterr()

    await export_log(database_url, None, events[2].id)

    assert capfdbinary.readouterr().out == lines_of(events[3:])


async def test_what_is_appended_meanwhile_is_not_exported(database_url: str) -> None:
    async with open_database(database_url) as database:
        archive = Archive(database)
        await archive.add(log_of(PAGE + 1))
        pages = archive.pages(0, await Store(database).last_id())
        first = await anext(pages)
        await archive.add(log_of(1, after=PAGE + 1))

        read = first + [one async for page in pages for one in page]

    assert read == log_of(PAGE + 1)


async def test_an_empty_log_is_an_empty_file(database_url: str, tmp_path: Path) -> None:
    assert await bring(database_url, b"", tmp_path) == 0

    assert await exported(database_url, tmp_path) == b""


async def test_reading_makes_no_database_and_mends_none(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.db", tmp_path / "empty.db"
    empty.touch()

    with pytest.raises(StoreUnavailable, match="there is no such file"):
        await exported(f"sqlite+aiosqlite:///{missing}", tmp_path)
    with pytest.raises(StoreUnavailable, match="it contains no log"):
        await exported(f"sqlite+aiosqlite:///{empty}", tmp_path)

    assert not missing.exists()
    assert empty.stat().st_size == 0


@pytest.mark.databases("postgresql")
async def test_an_empty_postgresql_database_has_no_log(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="it contains no log"):
        await exported(database_url, tmp_path)


async def test_a_row_that_cannot_be_read_ends_an_export_with_a_word(
    database_url: str, tmp_path: Path
) -> None:
    await bring(database_url, lines_of(log_of(3)), tmp_path)
    spoil(tmp_path, "UPDATE event SET parent_deployments = '[' WHERE id = 4")

    with pytest.raises(StoreUnavailable, match=r"in an event after 0\)$"):
        await exported(database_url, tmp_path)


@pytest.mark.parametrize("special", ["pipe", os.devnull])
async def test_what_is_no_plain_file_is_not_continued(
    database_url: str, tmp_path: Path, special: str
) -> None:
    await bring(database_url, b"", tmp_path)
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(Failure, match="is not a regular file"):
        await export_log(database_url, tmp_path / special, 0)


async def test_a_file_that_cannot_be_read_is_said_in_one_line(
    database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Failure, match=r"No such file or directory$"):
        await import_log(database_url, tmp_path / "missing")
    with pytest.raises(Failure, match=r"Is a directory$"):
        await import_log(database_url, tmp_path)
