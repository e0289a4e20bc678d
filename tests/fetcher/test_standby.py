"""A state in PostgreSQL: one fetcher works, the others stand by."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from fetcher.state import State, StateLost, StateUnusable, open_state
from tests.fetcher.reading import until
from tests.postgres import PostgresServer

FAILURES = "SELECT max(failures) FROM deployment_fetcher.receiver_pause"


async def keep(state: State, failures: int) -> None:
    """A transaction as the fetcher has them."""
    values = {"url": f"http://{failures}", "failures": failures}
    statement = text("INSERT INTO receiver_pause VALUES (:url, :failures, 0)")
    await state.run(lambda connection: connection.execute(statement, values))


def end_sessions(postgres: PostgresServer, database: URL) -> None:
    """What a failover of the database does, or a network that breaks."""
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        database.database or "",
    )


async def hold(database: URL, work: Callable[[State], Awaitable[None]]) -> None:
    """Do the work, and go on for ever."""
    async with open_state(database) as state:
        await work(state)
        await asyncio.Event().wait()


async def test_who_loses_its_session_is_stopped_at_once_and_can_commit_nothing(
    postgres: PostgresServer, database: URL
) -> None:
    async def work(state: State) -> None:
        await keep(state, 1)
        await asyncio.to_thread(end_sessions, postgres, database)

    async with asyncio.timeout(60):
        with pytest.raises(StateLost, match="was lost"):
            await hold(database, work)

    assert postgres.execute(FAILURES, database.database or "") == "1"


async def test_no_transaction_is_begun_on_another_session(
    postgres: PostgresServer, database: URL
) -> None:
    async def work(state: State) -> None:
        end_sessions(postgres, database)  # no await: the fetcher does not know it yet
        with pytest.raises((StateLost, SQLAlchemyError)):
            await keep(state, 1)
        with pytest.raises(StateLost):
            await keep(state, 2)

    with pytest.raises(StateLost):
        await hold(database, work)

    assert postgres.execute(FAILURES, database.database or "") == ""


async def test_a_transaction_that_takes_long_is_not_taken_for_a_session_that_is_lost(
    database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fetcher.state.postgres.HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("fetcher.state.postgres.ANSWER_SECONDS", 3)

    async with open_state(database) as state:
        await keep(state, 1)  # behind it begins whoever watches the session
        await state.run(lambda connection: connection.execute(text("SELECT pg_sleep(3.5)")))
        await keep(state, 2)


async def test_a_standby_says_so_once_and_takes_over_when_the_first_ends(database: URL) -> None:
    said: list[str] = []

    async def stand_by() -> None:
        async with open_state(database, standby=said.append) as state:
            await keep(state, 2)

    async with open_state(database) as state:
        second = asyncio.create_task(stand_by())
        await until(lambda: said)
        await keep(state, 1)
    async with asyncio.timeout(60):
        await second

    assert len(said) == 1
    assert said[0].endswith("is in use by another fetcher.")


async def test_a_standby_outlives_a_database_that_is_away(
    postgres: PostgresServer, database: URL
) -> None:
    said: list[str] = []

    async def stand_by() -> None:
        async with open_state(database, standby=said.append):
            pass

    async def work(_state: State) -> None:
        second.append(asyncio.create_task(stand_by()))
        await until(lambda: said)
        await asyncio.to_thread(postgres.stop)

    second: list[asyncio.Task[None]] = []
    with pytest.raises(StateLost):
        await hold(database, work)
    await until(lambda: len(said) > 1)
    await asyncio.to_thread(postgres.start)
    async with asyncio.timeout(60):
        await second[0]

    assert "is in use by another fetcher" in said[0]
    assert "can't be opened" in said[1]


async def test_a_server_ends_the_session_of_a_fetcher_that_is_gone_without_a_word(
    database: URL,
) -> None:
    """Or frozen; then a standby takes over. Not waited for here: it takes the server 20 s."""
    expected = {
        "idle_session_timeout": "20s",
        "idle_in_transaction_session_timeout": "20s",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "20000",
    }

    def shown(connection: Connection) -> dict[str, str | None]:
        return {name: connection.scalar(text(f"SHOW {name}")) for name in expected}

    async with open_state(database) as state:
        assert await state.run(shown) == expected


async def test_it_leaves_other_tables_of_the_database_alone(
    postgres: PostgresServer, database: URL
) -> None:
    name = database.database or ""
    postgres.execute("CREATE TABLE alembic_version (version_num text)", name)
    postgres.execute("INSERT INTO alembic_version VALUES ('the receiver''s')", name)

    async with open_state(database):
        pass

    assert postgres.execute("SELECT * FROM public.alembic_version", name) == "the receiver's"


async def test_a_user_who_may_not_make_the_schema_is_told_so_and_needs_it_only_once(
    postgres: PostgresServer, database: URL
) -> None:
    name = database.database or ""
    postgres.execute("DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN")
    poor = database.set(username="poor")
    with pytest.raises(StateUnusable, match="permission denied for database"):
        async with open_state(poor):
            pass

    postgres.execute("CREATE SCHEMA deployment_fetcher AUTHORIZATION poor", name)

    async with open_state(poor):
        pass
    postgres.execute("DROP OWNED BY poor; DROP ROLE poor", name)


async def test_a_database_that_lacks_characters_is_refused(
    postgres: PostgresServer, database: URL
) -> None:
    postgres.execute("CREATE DATABASE latin_state ENCODING 'LATIN1' TEMPLATE template0")

    with pytest.raises(StateUnusable, match=r"its encoding is LATIN1, .* ENCODING 'UTF8'"):
        async with open_state(database.set(database="latin_state")):
            pass


async def test_no_message_holds_the_databases_password(database: URL) -> None:
    secret = database.set(password="hush", port=1)

    with pytest.raises(StateUnusable, match="can't be opened") as caught:
        async with open_state(secret):
            pass

    assert "hush" not in str(caught.value)
