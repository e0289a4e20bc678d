"""Workflows that come, go, or turn out to deploy."""

import pytest

from fetcher.poll.planning import PLAN_LASTS
from tests.fake_github import FakeGitHub, Repository
from tests.fetcher.poll.runs import SHOP, add_shop, deploy
from tests.fetcher.reading import World


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return add_shop(fake)


async def test_a_workflow_that_was_added_is_judged_when_it_first_runs(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    shop.add_workflow("release.yml", "name: Release")
    run = shop.start_run("release.yml", ref="v2.0.0")
    job = run.add_job("publish")
    job.start()
    job.finish()
    run.finish()
    world.clock.tick(30)

    await world.reads(SHOP)

    assert (await world.told("status", "version"))[-1] == ("success", "v2.0.0")


async def test_a_workflow_that_turns_out_to_deploy_tells_its_earlier_runs_too(
    world: World, shop: Repository
) -> None:
    shop.add_workflow("main.yml", "name: Main")
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run("main.yml")
    job = run.add_job("deploy staging")
    job.start()
    job.finish()
    run.finish()
    for _ in range(60):
        world.clock.tick(60)
        shop.start_run("ci.yml").finish()
        await world.reads(SHOP)
    assert len(await world.told()) == 2

    world.clock.tick(PLAN_LASTS.total_seconds())
    await world.reads(SHOP)

    assert (await world.told())[2:] == [("staging", "in-progress"), ("staging", "success")]


async def test_a_workflow_that_is_gone_is_judged_once_and_costs_nothing_after(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    shop.start_run("ci.yml").finish()
    del shop.workflows[1]
    await world.reads(SHOP)
    world.clock.tick(2 * 60)
    await world.reads(SHOP)
    world.requests()

    world.clock.tick(30)
    await world.reads(SHOP)

    assert [request.path for request in world.requests()] == [
        "/repos/acme/shop/actions/runs",
        "/repos/acme/shop/deployments",
    ]
