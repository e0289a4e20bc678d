"""A pass that is killed anywhere was never there."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.fake_github import (
    Clock,
    FakeGitHub,
    Repository,
    hang,
)
from tests.fetcher.reading import reading, until

SHOP = "acme/shop"
HOUR = 3600
DAY = 24 * HOUR


async def test_nothing_is_seen_before_its_events_are_committed_wherever_a_pass_is_killed(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    run = shop.start_run("deploy.yml")
    run.deploy("staging")
    run.deploy("staging", conclusion="failure")
    expected = [
        ("staging", "in-progress"),
        ("staging", "success"),
        ("staging", "in-progress"),
        ("staging", "failure"),
    ]

    class KilledError(Exception):
        pass

    for statements in range(1, 100):
        async with reading(fake, tmp_path / str(statements)) as world:
            left = [statements]

            def kill(*_arguments: object, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] == 0:
                    raise KilledError

            event.listen(world.state.engine, "before_cursor_execute", kill)
            event.listen(world.state.engine, "commit", kill)
            try:
                await world.passes(SHOP)
            except KilledError:
                left[0] = 10_000
            else:
                break
            await world.reads(SHOP)
            assert sorted(await world.told()) == sorted(expected)
    assert 10 < statements < 99


async def test_a_pass_killed_at_any_request_is_repeated_whole(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    run = shop.start_run("deploy.yml")
    run.deploy("staging")
    run.deploy("staging")
    paths = ("/repos/acme/shop/deployments", "/repos/acme/shop", "*/statuses", "*/actions/runs/*")

    for number, path in enumerate(paths):
        async with reading(fake, tmp_path / str(number)) as world:
            fake.fail(path, hang())
            task = asyncio.create_task(world.passes(SHOP))
            await until(lambda: not any(planned.times for planned in fake.faults))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await world.bodies() == []

            await world.reads(SHOP)
            assert len(await world.told()) == 4


async def test_a_fetcher_that_was_restarted_goes_on_where_it_was(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    job.start()
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
    job.finish()
    tick(fake, 30 * DAY)
    shop.start_run("deploy.yml").deploy("dev")

    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)

        assert sorted(await world.told()) == [
            ("dev", "in-progress"),
            ("dev", "success"),
            ("staging", "in-progress"),
            ("staging", "success"),
        ]


def tick(fake: FakeGitHub, seconds: float) -> None:
    """Let time pass where there is no fetcher yet."""
    assert isinstance(fake.clock, Clock)
    fake.clock.tick(seconds)
