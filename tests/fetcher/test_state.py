import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from fetcher.schema import metadata
from fetcher.state import StateInUse, StateUnusable, open_state
from tests.fetcher.delivering import place_as_text
from tests.program import Program


async def test_the_migrations_make_exactly_the_schema(place: Path | URL) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with open_state(place) as engine, engine.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_what_was_committed_is_there_when_it_is_opened_again(place: Path | URL) -> None:
    async with open_state(place) as engine, engine.begin() as connection:
        await connection.execute(text("INSERT INTO receiver_pause VALUES ('http://r', 1, 2)"))

    async with open_state(place) as engine, engine.begin() as connection:
        assert await connection.scalar(text("SELECT failures FROM receiver_pause")) == 1


async def test_a_second_opening_is_refused_and_says_why(place: Path | URL) -> None:
    async with open_state(place):
        with pytest.raises(StateInUse, match="is in use by another fetcher"):
            async with open_state(place):
                pass


async def test_a_killed_process_leaves_no_lock(place: Path | URL) -> None:
    where = place_as_text(place)
    holder = Program("tests.fetcher.hold_state", where, folder=Path.cwd(), settings={})
    with holder:
        await asyncio.to_thread(holder.logged, "open")
        with pytest.raises(StateInUse):
            async with open_state(place):
                pass

    async with asyncio.timeout(10), open_state(place, standby=lambda _reason: None):
        pass


async def test_transactions_at_the_same_time_come_one_after_the_other(place: Path | URL) -> None:
    async with open_state(place) as engine:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO receiver_pause VALUES ('http://r', 0, 0)"))

        async def increase() -> None:
            async with engine.begin() as connection:
                number = await connection.scalar(text("SELECT failures FROM receiver_pause"))
                statement = text("UPDATE receiver_pause SET failures = :number")
                await connection.execute(statement, {"number": (number or 0) + 1})

        await asyncio.gather(*(increase() for _ in range(4)))
        async with engine.begin() as connection:
            assert await connection.scalar(text("SELECT failures FROM receiver_pause")) == 4


async def test_a_state_of_a_newer_version_is_refused(place: Path | URL) -> None:
    async with open_state(place) as engine, engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StateUnusable, match="newer version"):
        async with open_state(place):
            pass


# In a file


async def test_every_commit_is_synced_to_the_disk(file: Path) -> None:
    async with open_state(file) as engine, engine.connect() as connection:
        assert await connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"


@pytest.fixture
def somebodys_text(file: Path) -> Iterator[Path]:
    file.parent.mkdir()
    file.write_text("precious" * 1000)
    yield file
    assert file.read_text() == "precious" * 1000


async def test_a_file_that_is_no_database_is_named_and_left_as_it_is(somebodys_text: Path) -> None:
    with pytest.raises(StateUnusable, match=r"fetcher\.db can't be opened: .*not a database"):
        async with open_state(somebodys_text):
            pass


async def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")

    with pytest.raises(StateUnusable, match="can't be opened"):
        async with open_state(tmp_path / "data" / "fetcher.db"):
            pass


async def test_a_migration_that_fails_half_way_leaves_nothing_behind(file: Path) -> None:
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE receiver_pause (somebody_elses)")

    with pytest.raises(StateUnusable, match="receiver_pause already exists"):
        async with open_state(file):
            pass

    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert tables.fetchall() == [("receiver_pause",)]


async def test_a_file_that_is_damaged_while_it_is_open_is_named_in_a_sentence(file: Path) -> None:
    async with open_state(file) as engine:
        for each in file.parent.glob("fetcher.db*"):
            each.write_bytes(b"garbage" * 1000)

        with pytest.raises(StateUnusable, match=r"^The state .* can't be used: .*database"):
            async with engine.begin() as connection:
                await connection.execute(text("SELECT * FROM outbox"))
