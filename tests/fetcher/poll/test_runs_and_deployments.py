"""Runs of workflows that file deployments after all."""

import pytest

from fetcher.github.errors import Unreachable
from tests.fake_github import FakeGitHub, Repository, server_error
from tests.fetcher.poll.runs import SHOP, add_shop, deploy
from tests.fetcher.reading import World, amid_a_pass


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return add_shop(fake)


async def test_a_job_with_an_environment_is_told_once_and_by_its_deployment(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)

    job = shop.start_run("deploy.yml").add_job("deploy", environment="prod")
    job.start()
    world.clock.tick(30)
    await world.reads(SHOP)
    job.finish()
    job.run.finish()
    world.clock.tick(30)
    await world.reads(SHOP)

    assert job.deployment
    deployment_id = f"gh-dep-{job.deployment.id}"
    assert (await world.told("deployment_id", "status"))[2:] == [
        (deployment_id, "in-progress"),
        (deployment_id, "success"),
    ]


async def test_a_job_that_begins_with_an_environment_in_the_middle_of_a_pass_is_told_once(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    world.clock.tick(30)
    async with amid_a_pass(world, SHOP, f"*/{run.id}/jobs"):
        job = run.add_job("deploy", environment="prod")
        job.start()

    assert job.deployment
    assert (await world.told("deployment_id"))[2:] == [(f"gh-dep-{job.deployment.id}",)]


async def test_a_job_that_is_left_to_the_deployments_of_its_run_takes_no_name_from_them(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    run.add_job("deploy api to staging").start()
    run.add_job("deploy web", environment="staging").start()
    world.clock.tick(30)
    await world.reads(SHOP)

    assert (await world.told("service", "environment"))[2:] == [("shop", "staging")]


async def test_what_began_as_a_run_ends_as_one_after_the_first_deployment(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    run = shop.start_run("deploy.yml")
    job = run.add_job("deploy")
    job.start()
    await world.reads(SHOP)
    shop.start_run("deploy.yml").deploy("prod")
    world.clock.tick(30)
    await world.reads(SHOP)
    job.finish()
    run.finish()
    world.clock.tick(30)

    await world.reads(SHOP)

    told = await world.told("deployment_id", "status")
    assert [status for deployment, status in told if deployment == f"gh-job-{job.id}"] == [
        "in-progress",
        "success",
    ]


async def test_a_run_of_which_nothing_was_told_is_left_to_its_deployments(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    run = shop.start_run("deploy.yml")
    await world.reads(SHOP)
    shop.start_run("deploy.yml").deploy("prod")
    world.clock.tick(30)
    await world.reads(SHOP)

    later = run.deploy("prod")
    world.clock.tick(30)
    await world.reads(SHOP)

    assert [i for i, _ in (await world.told("deployment_id", "status"))[4:]] == [
        f"gh-dep-{later.id}"
    ] * 2


async def test_runs_are_not_told_before_it_is_sure_that_there_are_no_deployments(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    deploy(shop)
    world.clock.tick(30)
    world.fake.fail("*/deployments", server_error(), times=9)

    passed = await world.passes(SHOP)
    assert isinstance(passed.error, Unreachable)
    assert len(await world.told()) == 2

    world.fake.faults.clear()
    await world.reads(SHOP)
    assert len(await world.told()) == 4
