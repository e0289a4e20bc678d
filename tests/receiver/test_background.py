"""The loops beside the requests."""

import asyncio
import logging

import pytest

from receiver.app import background
from receiver.database import open_database
from receiver.feed import Feed
from receiver.store import Store
from tests.receiver.waiting import eventually

pytestmark = pytest.mark.databases("sqlite", "postgresql")


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise RuntimeError("broken")


async def test_a_loop_that_ends_is_told_of_at_once(caplog: pytest.LogCaptureFixture) -> None:
    failed = asyncio.Event()
    async with background(failed.set, forever(), broken()):
        await asyncio.wait_for(failed.wait(), 5)

    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "RuntimeError: broken" in caplog.text


async def test_loops_that_are_stopped_have_not_failed() -> None:
    failed = asyncio.Event()
    async with background(failed.set, forever(), forever()):
        pass

    assert not failed.is_set()


async def test_a_feed_that_cannot_find_an_event_says_so_and_goes_on(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with open_database(database_url) as database:
        feed = Feed(Store(database))
        feed.grown(7)
        task = asyncio.create_task(feed.run())
        await eventually(lambda: "event 7 is not in it" in caplog.text)

        assert not task.done()
        task.cancel()
