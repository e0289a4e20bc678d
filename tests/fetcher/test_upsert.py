from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from fetcher import upsert
from fetcher.schema import EPOCH, receiver_pause
from fetcher.state import open_state


@pytest.fixture
async def engine(place: Path | URL) -> AsyncIterator[AsyncEngine]:
    async with open_state(place) as engine:
        yield engine


def a_row(url: str, failures: int) -> dict[str, Any]:
    return {"receiver_url": url, "failures": failures, "until": EPOCH}


async def rows(engine: AsyncEngine) -> dict[str, int]:
    async with engine.begin() as connection:
        found = await connection.execute(select(receiver_pause))
        return {row.receiver_url: row.failures for row in found}


async def test_what_is_added_leaves_what_is_there_as_it_is(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        assert await upsert.add(connection, receiver_pause, [a_row("a", 1)]) == 1
        new = [a_row("a", 2), a_row("b", 2), a_row("b", 3)]
        assert await upsert.add(connection, receiver_pause, new) == 1

    assert await rows(engine) == {"a": 1, "b": 2}


async def test_what_is_put_takes_the_place_of_what_is_there(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await upsert.put(connection, receiver_pause, [a_row("a", 1)])
        await upsert.put(connection, receiver_pause, [a_row("a", 2), a_row("b", 2), a_row("b", 3)])

    assert await rows(engine) == {"a": 2, "b": 3}


async def test_no_row_is_no_statement(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        assert await upsert.add(connection, receiver_pause, []) == 0
        await upsert.put(connection, receiver_pause, [])

    assert await rows(engine) == {}
