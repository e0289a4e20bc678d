import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import event, text

from fetcher.daemon import Daemon, ring_in_time
from fetcher.github.errors import GitHubError, Limited
from fetcher.state import StateError
from fetcher.work import PASSES_AT_ONCE, Work
from tests.fake_github import FakeGitHub, answer, garbage, hang, secondary_limit
from tests.fetcher.reading import World, fake_github, until
from tests.fetcher.receiver_double import Phase, ReceiverDouble, receiver_double
from tests.fetcher.working import working


@pytest.fixture
def fake() -> FakeGitHub:
    fake = fake_github()
    for name in ("acme/one", "acme/two"):
        repository = fake.add_repository(name, workflows={"cd.yml": ""})
        repository.start_run("cd.yml").deploy("dev")
    return fake


@pytest.fixture
async def parts(fake: FakeGitHub, tmp_path: Path) -> AsyncIterator[tuple[World, Work]]:
    async with working(fake, tmp_path) as parts:
        yield parts


async def test_a_failure_is_said_when_it_begins_and_when_it_ends(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fetcher")
    world, work = parts
    world.fake.fail("/repos/acme/one/*", answer(418), times=3)
    for _ in range(3):
        assert isinstance(await work.read("acme/one"), GitHubError)
        assert (await work.due()).names == ["acme/two"]
        world.clock.tick(900)

    assert await work.read("acme/one") is None

    assert caplog.messages == [
        "acme/one: GitHub answers 418: Fault",
        "acme/one: 2 new events",
        "acme/one: works again after 0:45:00",
    ]


async def test_it_is_idle_when_none_is_due_and_not_when_none_can_be_read(
    parts: tuple[World, Work],
) -> None:
    world, work = parts
    world.fake.fail("/repos/acme/one", answer(418))
    await asyncio.gather(work.read("acme/one"), work.read("acme/two"))
    work.githubs.for_owner("acme").gate.least_interval = timedelta(minutes=5)
    assert ((await work.due()).names, (await work.due()).is_idle) == ([], True)

    world.fake.fail("/repos/*", answer(418))
    await work.read("acme/two")

    assert ((await work.due()).names, (await work.due()).is_idle) == ([], False)


async def test_a_failure_that_becomes_another_is_said_again(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    world, work = parts
    for status in (418, 404):
        world.fake.fail("*", answer(status))
        await work.read("acme/one")

    assert [message.partition(". ")[0] for message in caplog.messages] == [
        "acme/one: GitHub answers 418: Fault",
        "acme/one: GitHub does not know it, or hides it from the token",
    ]


async def test_what_was_put_off_because_it_made_no_sense_is_not_read(
    fake: FakeGitHub, parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    world, work = parts
    deployment = fake.repositories[0].deployments[0]
    world.fake.fail(f"*/{deployment.id}/statuses", garbage(), times=2)
    for seconds in (0, 60, 120):
        world.clock.tick(seconds)
        await work.due()
        last = await work.read("acme/one")

    assert (last, await work.unread()) == (None, 1)
    assert "acme/one: GitHub's answers about 1 deployment or run made no sense" in caplog.text
    world.clock.tick(600)
    assert await work.read("acme/one") is None
    assert await work.unread() == 0
    assert await world.told() == [("dev", "in-progress"), ("dev", "success")]


async def test_one_repositorys_failure_does_not_touch_another(parts: tuple[World, Work]) -> None:
    world, work = parts
    world.fake.fail("/repos/acme/one*", answer(404), times=99)

    errors = await asyncio.gather(*map(work.read, await work.rota.roster.names()))

    assert [type(error).__name__ for error in errors] == ["Missing", "NoneType"]
    assert len(await world.told()) == 2


async def test_a_fault_of_our_own_ends_one_pass_and_is_shown_with_its_traceback(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    world, work = parts

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    event.listen(world.state.engine, "commit", full)
    error = await work.read("acme/one")
    event.remove(world.state.engine, "commit", full)

    assert isinstance(error, OSError)
    assert caplog.messages == ["acme/one: OSError: [Errno 28] No space left on device"]
    assert caplog.records[0].exc_info
    assert await work.read("acme/one") is None


async def test_a_fault_of_the_state_is_said_in_a_line(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    world, work = parts
    away = text("ALTER TABLE outbox RENAME TO gone")
    await world.state.run(lambda connection: connection.execute(away))

    assert isinstance(await work.read("acme/one"), StateError)

    (record,) = caplog.records
    assert record.message.startswith("acme/one: The state ")
    assert record.message.endswith("fetcher.db can't be used: no such table: outbox")
    assert not record.exc_info


async def test_a_limit_is_said_once_for_all_repositories(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fetcher")
    world, work = parts
    world.fake.fail("*", secondary_limit(30))

    first = await work.read("acme/one")
    second = await work.read("acme/two")
    assert isinstance(first, Limited)
    assert isinstance(second, Limited)
    world.clock.tick(30)
    await work.read("acme/two")

    assert caplog.messages == [
        "Reading with the token: GitHub asks to wait; asking again at 2026-11-20T12:00:30Z",
        "acme/two: 2 new events",
        "Reading with the token: works again after 0:00:30",
    ]


async def test_only_so_many_passes_are_under_way_and_none_starves(tmp_path: Path) -> None:
    fake = fake_github()
    for number in range(PASSES_AT_ONCE + 3):
        fake.add_repository(f"acme/app-{number}")
    fake.fail("*", hang(), times=PASSES_AT_ONCE)
    async with working(fake, tmp_path) as (_, work):
        passes = [asyncio.create_task(work.read(name)) for name in await work.rota.roster.names()]
        await until(lambda: len(fake.requests) == PASSES_AT_ONCE)
        for task in passes[:2]:
            task.cancel()

        await asyncio.wait_for(asyncio.gather(*passes[PASSES_AT_ONCE:]), 10)
        for task in passes:
            task.cancel()
        await asyncio.gather(*passes, return_exceptions=True)


@pytest.fixture
async def receiver() -> AsyncIterator[ReceiverDouble]:
    async with receiver_double() as double:
        yield double


@asynccontextmanager
async def running(work: Work) -> AsyncIterator[None]:
    """A daemon at work."""
    task = asyncio.create_task(Daemon(work, poll_seconds=1).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_bell_rings_in_time_after_the_clock_was_set_back() -> None:
    scheduler = AsyncIOScheduler(timezone=UTC)
    job = scheduler.add_job(print, "interval", seconds=30)
    scheduler.start(paused=True)
    job.modify(
        next_run_time=datetime.now(UTC) + timedelta(hours=1)
    )  # as a clock set back leaves it

    ring_in_time(scheduler, poll_seconds=30)

    assert job.next_run_time <= datetime.now(UTC)
    scheduler.shutdown(wait=False)


async def test_the_daemon_reads_at_the_bell_and_delivers_what_it_found(
    fake: FakeGitHub, tmp_path: Path, receiver: ReceiverDouble
) -> None:
    async with working(fake, tmp_path, receiver.url) as (_, work), running(work):
        await until(lambda: len(receiver.rows) == 4)

        fake.repositories[0].start_run("cd.yml").deploy("qa")
        await until(lambda: len(receiver.rows) == 6)


async def test_a_bell_rings_in_the_loop_and_in_no_thread(
    fake: FakeGitHub, tmp_path: Path, receiver: ReceiverDouble, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.get_running_loop().set_debug(True)  # what a thread may not do raises
    async with working(fake, tmp_path, receiver.url) as (_, work), running(work):
        await until(lambda: len(receiver.rows) == 4)

        fake.repositories[0].start_run("cd.yml").deploy("qa")
        await until(lambda: len(receiver.rows) == 6)

    assert [record for record in caplog.records if record.name.startswith("apscheduler")] == []


async def test_the_daemon_asks_nothing_while_the_gate_is_closed(
    fake: FakeGitHub, tmp_path: Path, receiver: ReceiverDouble
) -> None:
    fake.fail("*", secondary_limit(60))
    async with working(fake, tmp_path, receiver.url) as (world, work), running(work):
        await until(lambda: work.troubles.subjects() == ["Reading with the token"])
        asked = [request.status for request in fake.requests]
        world.clock.tick(61)
        await until(lambda: len(receiver.rows) == 4)

        assert asked.count(403) == 1
        assert len(asked) <= 3  # what was under way when the gate closed


async def test_the_daemon_stops_also_when_a_delivery_fails_that_very_moment(
    fake: FakeGitHub, tmp_path: Path, receiver: ReceiverDouble
) -> None:
    """One event hangs at the receiver, and the state breaks before the next is sent."""
    async with working(fake, tmp_path, receiver.url) as (world, work):
        await asyncio.gather(work.read("acme/one"), work.read("acme/two"))
        receiver.faults.append("hang")
        daemon = asyncio.create_task(Daemon(work, poll_seconds=60).run())

        def full(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        def stored(phase: Phase, _deployment_id: str) -> None:
            if phase == "stored":
                for task in asyncio.all_tasks():
                    if "Delivery._work" in repr(task.get_coro()):
                        task.add_done_callback(lambda _task: daemon.cancel())
                event.listen(world.state.engine, "commit", full)

        receiver.on_post = stored
        done, _ = await asyncio.wait([daemon], timeout=60)
        event.remove(world.state.engine, "commit", full)

        assert done
        assert daemon.cancelled()


async def test_the_daemon_survives_a_state_that_cannot_be_read(
    fake: FakeGitHub,
    tmp_path: Path,
    receiver: ReceiverDouble,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working(fake, tmp_path, receiver.url) as (world, work):

        def broken(*_arguments: object) -> None:
            raise OSError(5, "Input/output error")

        event.listen(world.state.engine, "begin", broken)
        async with running(work):
            await until(lambda: work.troubles.subjects() == ["Delivery", "The state"])
            event.remove(world.state.engine, "begin", broken)
            await until(lambda: len(receiver.rows) == 4)
            await until(lambda: work.troubles.subjects() == [])
        assert caplog.messages[0].endswith("Input/output error")
