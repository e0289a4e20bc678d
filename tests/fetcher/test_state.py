import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL

from fetcher.schema import metadata
from fetcher.state import State, StateInUse, StateUnusable, open_state
from fetcher.state.migrate import MIGRATIONS
from tests.fetcher.delivering import place_as_text
from tests.program import Program


async def execute(state: State, statement: str) -> None:
    await state.run(lambda connection: connection.execute(text(statement)))


def failures(connection: Connection) -> int:
    return connection.scalar(text("SELECT failures FROM receiver_pause")) or 0


async def test_the_migrations_make_exactly_the_schema(place: Path | URL) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with open_state(place) as state:
        assert await state.run(differences) == []


async def test_of_events_from_before_owners_were_kept_the_service_tells_the_owner(
    file: Path,
) -> None:
    file.parent.mkdir()
    engine = create_engine(URL.create("sqlite", database=str(file)))
    with engine.begin() as connection:
        _as_before_owners(connection)
    engine.dispose()

    async with open_state(file) as state:
        found = await state.run(
            lambda c: c.execute(text("SELECT service, owner FROM outbox ORDER BY id")).all()
        )

    assert [tuple(row) for row in found] == [("shop", "acme"), ("shop/api", "acme"), ("else", "")]


def _as_before_owners(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0010")
    for statement in (
        "INSERT INTO repositories (name, service, since_at) VALUES ('Acme/shop', 'shop', 0)",
        """INSERT INTO places (repository, unit, environment, service)
           VALUES ('Acme/shop', '["api"]', 'production', 'shop/api')""",
    ):
        connection.execute(text(statement))
    for service in ("shop", "shop/api", "else"):
        connection.execute(
            text(
                """INSERT INTO outbox (key, deployment_id, service, environment, status,
                                       happened_at, again, body, next_at)
                   VALUES (:service, '1', :service, 'production', 'success', 0, false, 'x', 0)"""
            ),
            {"service": service},
        )


async def test_what_was_committed_is_there_when_it_is_opened_again(place: Path | URL) -> None:
    async with open_state(place) as state:
        await execute(state, "INSERT INTO receiver_pause VALUES ('http://r', 1, 2)")

    async with open_state(place) as state:
        assert await state.run(failures) == 1


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

    async with asyncio.timeout(60), open_state(place, standby=lambda _reason: None):
        pass


async def test_transactions_at_the_same_time_come_one_after_the_other(place: Path | URL) -> None:
    def increase(connection: Connection) -> None:
        statement = text("UPDATE receiver_pause SET failures = :number")
        connection.execute(statement, {"number": failures(connection) + 1})

    async with open_state(place) as state:
        await execute(state, "INSERT INTO receiver_pause VALUES ('http://r', 0, 0)")

        await asyncio.gather(*(state.run(increase) for _ in range(4)))
        assert await state.run(failures) == 4


async def test_a_state_of_a_newer_version_is_refused(place: Path | URL) -> None:
    async with open_state(place) as state:
        await execute(state, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StateUnusable, match="newer version"):
        async with open_state(place):
            pass


# In a file


async def test_every_commit_is_synced_to_the_disk(file: Path) -> None:
    def pragmas(connection: Connection) -> list[object]:
        return [
            connection.scalar(text(f"PRAGMA {name}")) for name in ("synchronous", "journal_mode")
        ]

    async with open_state(file) as state:
        assert await state.run(pragmas) == [2, "wal"]  # 2 is FULL


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
    async with open_state(file) as state:
        for each in file.parent.glob("fetcher.db*"):
            each.write_bytes(b"garbage" * 1000)

        with pytest.raises(StateUnusable, match=r"^The state .* can't be used: .*database"):
            await execute(state, "SELECT * FROM outbox")
