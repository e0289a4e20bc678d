"""Tests that are one transaction of the state, for both kinds of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from fetcher.state import open_state
from tests.fetcher.new_state import put_new_state


def in_a_transaction(
    test: Callable[[Connection], None],
) -> Callable[[Path | URL], Awaitable[None]]:
    """The test as pytest runs it: with the fixture `place`, a new state each time."""

    async def run(place: Path | URL) -> None:
        if isinstance(place, Path):
            await put_new_state(place)
        async with open_state(place) as state:
            await state.run(test)

    return run
