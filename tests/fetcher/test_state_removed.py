"""The state's file is removed, or replaced, while a fetcher works with it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import text

from fetcher.state import State, StateRemoved, open_state
from tests.fake_github import Repository
from tests.fetcher.field import Field
from tests.fetcher.reading import until
from tests.fetcher.truth import held, owed


async def keep(state: State, url: str) -> None:
    """A transaction as the fetcher has them."""
    statement = text("INSERT INTO receiver_pause VALUES (:url, 1, 0)")
    await state.run(lambda connection: connection.execute(statement, {"url": url}))


async def kept(state: State) -> list[str]:
    """What such transactions left."""
    statement = text("SELECT receiver_url FROM receiver_pause")
    return await state.run(lambda connection: list(connection.scalars(statement)))


def removed(file: Path) -> None:
    file.unlink()


def removed_with_all_that_is_beside(file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def replaced(file: Path) -> None:
    other = file.with_name("other.db")
    other.touch()
    other.replace(file)


def robbed_of_its_lock(file: Path) -> None:
    file.with_name(f"{file.name}.lock").unlink()


async def hold(file: Path, work: Callable[[State], Awaitable[None]]) -> None:
    """Do the work, and go on for ever."""
    async with open_state(file) as state:
        await work(state)
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "happens", [removed, removed_with_all_that_is_beside, replaced, robbed_of_its_lock]
)
async def test_who_has_it_is_stopped_at_the_next_transaction(
    file: Path, happens: Callable[[Path], None]
) -> None:
    async def work(state: State) -> None:
        happens(file)
        with pytest.raises(StateRemoved):
            await keep(state, "http://lost")

    with pytest.raises(StateRemoved, match=r"db was removed or replaced while it was in use\.$"):
        await hold(file, work)


async def test_the_file_in_its_place_has_nothing_of_what_was_there_before(file: Path) -> None:
    async def work(state: State) -> None:
        await keep(state, "http://before")
        other.replace(file)
        await keep(state, "http://lost")

    other = file.with_name("other.db")
    async with open_state(other) as state:
        await keep(state, "http://other")
    with pytest.raises(StateRemoved):
        await hold(file, work)

    async with open_state(file) as state:
        assert await kept(state) == ["http://other"]


async def test_what_another_fetcher_has_by_now_is_left_to_it(file: Path) -> None:
    async def work(state: State) -> None:
        removed_with_all_that_is_beside(file)
        await keep(await stack.enter_async_context(open_state(file)), "http://other")
        await keep(state, "http://lost")

    async with AsyncExitStack() as stack:
        with pytest.raises(StateRemoved):
            await hold(file, work)
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("SELECT receiver_url FROM receiver_pause").fetchall()

    assert found == [("http://other",)]


async def test_a_running_fetcher_goes_on_with_a_new_state_and_tells_everything_once(
    field: Field, shop: Repository
) -> None:
    field.settings |= {"FETCHER_RECEIVER_TIMEOUT_SECONDS": "5", "FETCHER_STATE": "fetcher.db"}
    field.receiver.faults.append("hang, commit when released")
    async with field.fetcher("run") as running:
        await until(lambda: field.receiver.in_hand)
        (field.folder / "fetcher.db").unlink()
        # What is under way comes to its end after the state is gone, and before it is made anew.
        await asyncio.to_thread(running.logged, "It will be opened again in 5 s")
        field.receiver.let_go()
        await until(lambda: field.stored() == 2)
        shop.start_run("cd.yml").deploy("production")
        await until(lambda: field.stored() == 4)

        said = [line for line in running.log if "was removed" in line]
        assert await asyncio.to_thread(running.stop) == 0

    assert held(field.receiver.rows) == owed(field.fake)
    assert len(said) == 1
