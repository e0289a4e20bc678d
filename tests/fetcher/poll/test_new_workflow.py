"""A workflow that comes to be in a repository whose deployments are read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fetcher.poll.planning import BETWEEN_LISTS_OF_WORKFLOWS, SHORT_PLAN_LASTS
from tests.fake_github import FakeGitHub, Repository
from tests.fetcher.reading import World, reading

SHOP = "acme/shop"
SOON = BETWEEN_LISTS_OF_WORKFLOWS.total_seconds()
NOT_MUCH_LATER = SHORT_PLAN_LASTS.total_seconds()


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    """It has long deployed, and is known."""
    shop = fake.add_repository(SHOP, workflows={"deploy.yml": ""})
    shop.start_run("deploy.yml").deploy("staging")
    return shop


@pytest.fixture
async def world(fake: FakeGitHub, shop: Repository, tmp_path: Path) -> AsyncIterator[World]:
    assert shop in fake.repositories
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
        world.clock.tick(2 * 60)
        await world.reads(SHOP)
        world.requests()
        yield world


def deploy_by_name(shop: Repository) -> None:
    """A run that ended, whose job only its name gives away."""
    job = shop.start_run("infra.yml").add_job("deploy infra")
    job.start()
    job.finish()
    job.run.finish()


async def test_its_first_run_is_told_within_minutes(world: World, shop: Repository) -> None:
    shop.add_workflow("infra.yml")
    deploy_by_name(shop)

    world.clock.tick(SOON)
    await world.reads(SHOP)

    assert (await world.told())[2:] == [("production", "in-progress"), ("production", "success")]


async def test_the_first_run_of_one_that_was_there_for_hours_is_told_within_minutes(
    world: World, shop: Repository
) -> None:
    shop.add_workflow("infra.yml")
    for _ in range(8):
        world.clock.tick(NOT_MUCH_LATER)
        await world.reads(SHOP)
    deploy_by_name(shop)

    world.clock.tick(NOT_MUCH_LATER)
    await world.reads(SHOP)

    assert (await world.told())[2:] == [("production", "in-progress"), ("production", "success")]


async def test_to_ask_for_it_costs_nothing_and_is_done_every_ten_minutes(world: World) -> None:
    world.clock.tick(SOON)
    await world.reads(SHOP)
    asked = world.requests()
    world.clock.tick(30)
    await world.reads(SHOP)

    assert [each.path.rpartition("/")[2] for each in asked] == ["workflows", "deployments"]
    assert [each.path.rpartition("/")[2] for each in world.requests()] == ["deployments"]
    assert not any(each.charged for each in asked)


async def test_where_workflows_may_not_be_read_any_more_deployments_are_all_the_same(
    world: World, shop: Repository
) -> None:
    shop.deny("actions")
    shop.create_deployment("eu").add_status("success")

    for _ in range(3):
        world.clock.tick(SOON)
        await world.reads(SHOP)

    assert (await world.told())[2:] == [("eu", "success")]
    paths = [each.path.rpartition("/")[2] for each in world.requests()]
    assert paths.count("workflows") == 1
