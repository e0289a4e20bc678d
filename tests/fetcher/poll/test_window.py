"""How far back the first pass goes."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from fetcher.github.errors import Limited
from tests.fake_github import (
    Clock,
    FakeGitHub,
    Repository,
    answer,
)
from tests.fetcher.reading import BACKFILL, START, World, reading

SHOP = "acme/shop"
HOUR = 3600
DAY = 24 * HOUR


async def test_what_ended_before_the_window_is_not_told_and_what_ended_in_it_is(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    shop.start_run("deploy.yml").deploy("ancient")
    waiting = shop.start_run("deploy.yml").add_job("deploy", environment="production")
    tick(fake, 5 * DAY)
    shop.start_run("deploy.yml").deploy("old")
    tick(fake, 8 * DAY)
    shop.start_run("deploy.yml").deploy("recent")
    waiting.approve()
    waiting.start()
    waiting.finish()
    tick(fake, DAY)

    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)

        assert {environment for environment, _ in await world.told()} == {"recent", "production"}


async def test_what_ended_in_the_very_second_in_which_the_window_begins_is_told(
    tmp_path: Path,
) -> None:
    clock = Clock(START)
    fake = FakeGitHub(clock)
    shop = fake.add_repository("acme/shop", workflows={"cd.yml": "name: CD"})
    shop.start_run("cd.yml").deploy("production")
    ended_at = shop.deployments[0].statuses[-1].created_at  # as GitHub tells it, cut to the second
    clock.now = ended_at + BACKFILL + timedelta(seconds=0.7)

    async with reading(fake, tmp_path) as world:
        await world.reads("acme/shop")

        assert ("production", "success") in await world.told()


async def test_reading_further_back_looks_at_what_was_not_told_and_at_nothing_else(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    old = shop.start_run("deploy.yml").deploy("old")
    tick(fake, 10 * DAY)
    shop.start_run("deploy.yml").deploy("recent")
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
        world.requests()

        # So far back it was read already.
        assert await world.poller.reach_back(world.clock() - timedelta(days=1)) == 0
        await world.reads(SHOP)
        assert not looked_at(world)

        assert await world.poller.reach_back(world.clock() - timedelta(days=12)) == 1
        await world.reads(SHOP)
        assert looked_at(world) == [f"/repos/acme/shop/deployments/{old.id}/statuses"]
        assert {environment for environment, _ in await world.told()} == {"recent", "old"}


def looked_at(world: World) -> list[str]:
    """Whose statuses were asked for since this was asked last."""
    return [request.path for request in world.requests() if request.path.endswith("/statuses")]


async def test_what_is_unfinished_is_watched_though_it_began_before_the_window(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    tick(fake, 20 * DAY)
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
        job.start()
        job.finish()
        world.clock.tick(60)
        await world.reads(SHOP)

        assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


async def test_what_hangs_since_long_before_the_first_pass_is_not_told(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    shop.start_run("deploy.yml").add_job("deploy", environment="staging").start()
    tick(fake, 60 * DAY)
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)

        assert await world.told() == []


async def test_what_appears_in_the_list_later_than_its_time_says_is_told(
    world: World, shop: Repository
) -> None:
    for _ in range(3):
        shop.start_run("deploy.yml").deploy("dev")
        world.clock.tick(30)
    late = shop.deployments.pop(0)
    await world.reads(SHOP)
    for _ in range(98):
        world.clock.tick(1)
        shop.start_run("deploy.yml").deploy("dev")
    shop.deployments.insert(0, late)

    await world.reads(SHOP)

    assert len(set(await world.told("deployment_id"))) == 101


@pytest.mark.parametrize("created_at", ["0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"])
async def test_a_deployment_that_is_dated_absurdly_hides_none_that_is_filed_later(
    world: World, shop: Repository, created_at: str
) -> None:
    odd = {"id": 1, "created_at": created_at, "environment": "dev"}
    world.fake.fail(f"/repos/{SHOP}/deployments", answer(200, json.dumps([odd])))
    await world.passes(SHOP)
    for _ in range(101):
        world.clock.tick(10)
        shop.start_run("deploy.yml").deploy("dev")

    await world.reads(SHOP)

    assert len(set(await world.told("deployment_id"))) == 101


async def test_a_long_history_is_committed_piece_by_piece_the_newest_first(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    for number in range(120):
        tick(fake, 60)
        shop.start_run("deploy.yml").deploy(f"env-{number}")
    async with reading(fake, tmp_path) as world:
        first = await world.passes(SHOP)
        assert (first.looks, first.more) == (50, True)
        assert (await world.told())[0] == ("env-119", "in-progress")

        await world.reads(SHOP)
        assert len(await world.told()) == 240


async def test_a_limit_in_the_middle_keeps_what_was_read(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    for _ in range(100):
        shop.start_run("deploy.yml").deploy("staging")
    async with reading(fake, tmp_path, token=None) as world:  # 60 requests an hour
        for hours in range(1, 8):
            passed = await world.passes(SHOP)
            while passed.more:
                passed = await world.passes(SHOP)
            if passed.error is None:
                break
            assert isinstance(passed.error, Limited)
            assert len(await world.told()) >= 20 * hours
            world.clock.tick(HOUR + 1)

        assert len(await world.told()) == 200


def tick(fake: FakeGitHub, seconds: float) -> None:
    """Let time pass where there is no fetcher yet."""
    assert isinstance(fake.clock, Clock)
    fake.clock.tick(seconds)
