"""The schema in the database is the schema in the code."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from receiver.database import StoreUnavailable, open_database
from receiver.database.revision import NEWEST, revision
from receiver.database.sqlite import PRAGMAS
from receiver.schema import metadata
from tests.receiver.api import Clock, serving, settings_for


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def tables(connection: Connection) -> dict[str, object]:
    """Every column and index, as the database tells them."""
    inspector = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in columns],
            sorted((index["name"], index["column_names"]) for index in inspector.get_indexes(name)),
            inspector.get_pk_constraint(name)["constrained_columns"],
        )
        for name, columns in (
            (name, inspector.get_columns(name)) for name in inspector.get_table_names()
        )
        if name != "alembic_version"
    }


async def test_a_fresh_database_has_the_schema_of_the_code(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/log.db") as database:
        assert await database.read(differences) == []


async def test_the_migrations_make_what_the_code_would_make(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db") as database:
        migrated = await database.read(tables)
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/b.db") as database:

        def rebuild(connection: Connection) -> None:
            metadata.drop_all(connection)
            metadata.create_all(connection)

        await database.write(rebuild)
        assert await database.read(tables) == migrated


@pytest.mark.databases("sqlite", "postgresql")
async def test_a_migrated_database_is_known_to_be_of_the_newest_schema(database_url: str) -> None:
    async with open_database(database_url) as database:
        assert await database.read(revision) == NEWEST


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/deep/er/log.db"
    async with open_database(url) as database:
        before = await database.read(tables)
    async with open_database(url) as database:
        assert await database.read(tables) == before


async def test_a_commit_is_durable_and_readers_do_not_wait(tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/log.db") as database:

        def pragmas(connection: Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

        assert await database.read(pragmas) == ["wal", 2, 1]
        assert await database.write(pragmas) == ["wal", 2, 1]


async def test_a_half_run_migration_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "log.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE idempotency (in_the_way)")
    with pytest.raises(StoreUnavailable):
        async with open_database(f"sqlite+aiosqlite:///{file}"):
            pass

    with closing(sqlite3.connect(file)) as other:
        names = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert names == [("idempotency",)]
    assert PRAGMAS


async def test_the_log_can_be_reopened_by_a_receiver_of_the_same_schema(
    tmp_path: Path, clock: Clock
) -> None:
    async with serving(settings_for(tmp_path), clock) as api:
        sent = await api.append()
    async with serving(settings_for(tmp_path), clock) as api:
        assert await api.read("/api/deployments/1") == sent
        assert (await api.append())["id"] == 2
