"""Runs that go on, are run again, or are many."""

from pathlib import Path

import pytest

from fetcher.poll.planning import PLAN_LASTS
from tests.fake_github import FakeGitHub, Repository
from tests.fetcher.poll.runs import SHOP, add_shop, deploy
from tests.fetcher.reading import World, reading

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return add_shop(fake)


@pytest.fixture
def fork(fake: FakeGitHub) -> Repository:
    return fake.add_repository("beta/shop", workflows={"deploy.yml": "name: Deploy"})


async def test_a_rerun_is_told_though_the_list_does_not_show_it(
    world: World, shop: Repository
) -> None:
    run = deploy(shop, conclusion="failure")
    await world.reads(SHOP)
    for _ in range(60):
        shop.start_run("ci.yml").finish()
    world.clock.tick(6 * DAY)
    await world.reads(SHOP)

    run.rerun("zoe")
    job = run.add_job("deploy")
    job.start()
    job.finish()
    run.finish()
    world.clock.tick(15 * 60)
    await world.reads(SHOP)

    assert await world.told("status", "actor") == [
        ("in-progress", "ana"),
        ("failure", "ana"),
        ("in-progress", "zoe"),
        ("success", "zoe"),
    ]


async def test_a_rerun_that_the_list_does_not_show_is_followed_to_its_end(
    world: World, shop: Repository
) -> None:
    run = deploy(shop, conclusion="failure")
    for _ in range(60):
        shop.start_run("ci.yml").finish()
    world.clock.tick(DAY)
    await world.reads(SHOP)
    run.rerun("zoe")
    job = run.add_job("deploy")
    job.start()
    world.clock.tick(15 * 60)
    for _ in range(3):  # nothing in the list changes meanwhile
        await world.reads(SHOP)
        world.clock.tick(30)
    job.finish()
    run.finish()
    await world.reads(SHOP)

    assert (await world.told("status", "actor"))[-1] == ("success", "zoe")


async def test_a_run_from_before_the_window_that_is_run_again_tells_only_the_new_attempt(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    run = deploy(shop)
    tick(fake, 10 * DAY)
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
        assert await world.told() == []

        run.rerun()
        job = run.add_job("deploy")
        job.start()
        job.finish()
        run.finish()
        world.clock.tick(30)
        await world.reads(SHOP)

        assert {deployment for (deployment,) in await world.told("deployment_id")} == {
            f"gh-job-{job.id}"
        }


async def test_of_a_repositorys_runs_that_ended_only_the_newest_are_watched_for_being_run_again(
    fork: Repository, world: World, shop: Repository
) -> None:
    elsewhere = deploy(fork)
    going_on = shop.start_run("deploy.yml")
    going_on.add_job("deploy").start()
    for _ in range(30):
        world.clock.tick(60)
        deploy(shop)
    world.clock.tick(2 * 60)
    for name in ("beta/shop", SHOP):
        await world.reads(name)

    ended = [run.id for run in shop.runs[-20:]]
    assert await world.watched_ids() == [elsewhere.id, going_on.id, *ended]


async def test_whether_a_run_is_run_again_takes_no_request_on_the_lists_page_and_else_one(
    world: World, shop: Repository
) -> None:
    hidden = deploy(shop)
    for _ in range(60):
        shop.start_run("ci.yml").finish()
    world.clock.tick(HOUR)
    for _ in range(3):
        deploy(shop)
    for _ in range(3):
        world.clock.tick(2 * 60)
        await world.reads(SHOP)
    world.clock.tick(15 * 60)
    world.requests()

    await world.reads(SHOP)

    asked = [request.path.rpartition("/")[2] for request in world.requests()]
    assert asked == ["runs", str(hidden.id), "deployments"]


async def test_without_a_token_which_pays_for_each_look_only_the_list_tells_of_a_rerun(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    run = deploy(shop)
    tick(fake, 2 * 60)
    async with reading(fake, tmp_path, token=None) as world:
        await world.reads(SHOP)
        assert await world.watched_ids() == []

        run.rerun()
        job = run.add_job("deploy")
        job.start()
        job.finish()
        run.finish()
        await world.reads(SHOP)

        assert len(await world.told()) == 4


async def test_a_busy_repository_is_read_back_to_where_the_last_pass_began(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    for number in range(300):
        world.clock.tick(60)
        if number == 3:
            deploy(shop)
        shop.start_run("ci.yml").finish()

    await world.reads(SHOP)

    assert len(await world.told()) == 4


async def test_a_job_that_ends_in_the_second_in_which_its_run_was_seen_to_end_is_told(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    job = run.add_job("deploy")
    world.clock.tick(10 * 60)
    job.start()
    run.finish("success")
    await world.reads(SHOP)
    job.finish()
    world.clock.tick(30)

    await world.reads(SHOP)

    assert (await world.told())[-1] == ("production", "success")


async def test_an_idle_repository_costs_nothing_until_it_is_planned_anew(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    world.clock.tick(2 * 60)
    await world.reads(SHOP)
    world.requests()

    world.clock.tick(PLAN_LASTS.total_seconds() / 2)
    await world.reads(SHOP)
    assert world.charged() == 0


def tick(fake: FakeGitHub, seconds: float) -> None:
    """Let time pass where there is no fetcher yet."""
    fake.clock.tick(seconds)  # type: ignore[attr-defined] # it is the tests' clock
