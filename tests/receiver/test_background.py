"""The loops beside the requests."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete

from receiver.app import background
from receiver.batch import Append
from receiver.database import StoreUnavailable, open_database
from receiver.feed import Feed, LogWentBack
from receiver.names import Names
from receiver.reading import Reading
from receiver.schema import event, metadata
from receiver.store import Store
from receiver.submission import parse
from tests.receiver.examples import NOON, REQUIRED, as_json
from tests.receiver.waiting import eventually

pytestmark = pytest.mark.databases("sqlite", "postgresql")


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise RuntimeError("broken")


async def test_a_loop_that_ends_is_told_of_at_once(caplog: pytest.LogCaptureFixture) -> None:
    failed = asyncio.Event()
    async with background(failed.set, forever(), broken()):
        await asyncio.wait_for(failed.wait(), 60)

    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "RuntimeError: broken" in caplog.text


async def test_loops_that_are_stopped_have_not_failed() -> None:
    failed = asyncio.Event()
    async with background(failed.set, forever(), forever()):
        pass

    assert not failed.is_set()


def feed_of(store: Store) -> Feed:
    return Feed(store, Reading(store, Names()))


async def test_a_feed_that_cannot_find_an_event_says_so_and_goes_on_without_it(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_database(database_url) as database:
        feed = feed_of(Store(database))
        feed.grown(7)  # which a server that failed has told, and its follower never had
        task = asyncio.create_task(feed.run())
        await eventually(lambda: "event 7 is not in it" in caplog.text)
        await eventually(lambda: "can read the log again" in caplog.text)

        assert not feed.outage.lasts
        assert not task.done()
        task.cancel()


async def test_who_waits_for_an_acknowledged_event_that_does_not_come_in_is_told(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.feed.CATCH_UP_SECONDS", 0.01)  # the test need not wait
    async with open_database(database_url) as database:
        feed = feed_of(Store(database))
        feed.committed(7)

        with pytest.raises(StoreUnavailable, match="in time"):
            await feed.caught_up()


@pytest.mark.parametrize("regrown", [0, 1, 5], ids=["shorter", "as long", "longer"])
async def test_a_feed_whose_log_has_lost_its_end_gives_up(database_url: str, regrown: int) -> None:
    append = Append(parse(as_json(REQUIRED)))
    async with open_database(database_url) as database:
        store = Store(database)
        await store.append([append] * 5, NOON)
        feed = feed_of(store)
        await feed.load()
        end = delete(event).where(event.c.id == 5)
        await database.write(lambda connection: connection.execute(end))
        await Store(database).append([append] * regrown, NOON + timedelta(hours=1))

        with pytest.raises(LogWentBack, match="event 5"):
            await asyncio.wait_for(feed.run(), 10)


async def test_what_was_acknowledged_is_known_while_the_log_cannot_be_read(
    database_url: str,
) -> None:
    async with open_database(database_url) as database:
        store = Store(database)
        feed = feed_of(store)
        await feed.load()
        batch = await store.append([Append(parse(as_json(REQUIRED)))] * 5, NOON)
        await database.write(metadata.drop_all)
        feed.outage.failed(StoreUnavailable("as a look that was under way found"))
        task = asyncio.create_task(feed.run())

        feed.committed(batch.newest)

        assert await feed.caught_up() == 5
        task.cancel()
