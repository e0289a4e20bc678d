"""Deployments that are told by the runs of workflows, whose names say that they deploy."""

import pytest

from fetcher.poll.planning import PLAN_LASTS
from tests.fake_github import FakeGitHub, Repository, garbage
from tests.fetcher.poll.runs import SHOP, add_shop, deploy
from tests.fetcher.reading import World

HOUR = 3600


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return add_shop(fake)


async def test_a_job_that_deploys_is_told_as_it_goes(world: World, shop: Repository) -> None:
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml", actor="zoe")
    job = run.add_job("deploy")
    world.clock.tick(30)
    await world.reads(SHOP)
    assert len(await world.told()) == 2

    job.start()
    world.clock.tick(30)
    await world.reads(SHOP)
    assert (await world.bodies())[-1] == {
        "deployment_id": f"gh-job-{job.id}",
        "service": "shop",
        "environment": "production",
        "status": "in-progress",
        "happened_at": "2026-11-20T12:00:30Z",
        "version": run.sha[:7],
        "run_url": f"https://github.com/acme/shop/actions/runs/{run.id}/job/{job.id}",
        "run_number": 2,
        "actor": "zoe",
        "ref": "main",
        "sha": run.sha,
    }

    job.finish("failure")
    run.finish()
    world.clock.tick(30)
    await world.reads(SHOP)
    assert (await world.told("status", "happened_at"))[-1] == ("failure", "2026-11-20T12:01:00Z")


async def test_a_run_that_makes_no_sense_holds_up_no_other(world: World, shop: Repository) -> None:
    deploy(shop)
    await world.reads(SHOP)
    bad = deploy(shop)
    world.fake.fail(f"*/{bad.id}/jobs", garbage(), times=99)
    world.clock.tick(30)
    await world.passes(SHOP)
    (job,) = deploy(shop).jobs

    world.clock.tick(30)
    await world.passes(SHOP)

    assert (await world.told("deployment_id"))[2:] == [(f"gh-job-{job.id}",)] * 2


async def test_a_job_that_ends_while_its_run_goes_on_is_told(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    run = shop.start_run("deploy.yml")
    job = run.add_job("deploy")
    run.add_job("report").start()
    job.start()
    await world.reads(SHOP)
    world.clock.tick(7 * HOUR)
    job.finish()
    world.clock.tick(10 * 60)

    await world.reads(SHOP)

    assert (await world.told())[-1] == ("production", "success")


async def test_while_a_run_builds_nothing_is_told_when_its_workflow_has_a_job_that_deploys(
    world: World, shop: Repository
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    run.add_job("build").start()
    world.clock.tick(30)

    await world.reads(SHOP)

    assert len(await world.told()) == 2


async def test_a_run_is_the_deployment_where_no_job_is_named_so(
    world: World, shop: Repository
) -> None:
    deploy(shop, "everything")
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    job = run.add_job("everything")
    world.clock.tick(30)
    job.start()
    await world.reads(SHOP)
    world.clock.tick(30)
    job.finish()
    run.finish()
    world.clock.tick(30)
    await world.reads(SHOP)

    told = await world.told("deployment_id", "status")
    assert told[2:] == [(f"gh-run-{run.id}-1", "in-progress"), (f"gh-run-{run.id}-1", "success")]


@pytest.mark.parametrize(
    ("workflow", "event", "ref"),
    [
        ("ci.yml", "push", "main"),
        ("deploy.yml", "pull_request", "main"),
        ("deploy.yml", "push", "feature"),
    ],
)
async def test_what_does_not_deploy_tells_nothing(
    world: World, shop: Repository, workflow: str, event: str, ref: str
) -> None:
    deploy(shop)
    await world.reads(SHOP)
    run = shop.start_run(workflow, event=event, ref=ref)
    job = run.add_job("deploy")
    job.start()
    job.finish()
    run.finish()

    await world.reads(SHOP)

    assert len(await world.told()) == 2


async def test_a_job_with_an_environment_that_says_it_is_no_deployment_is_none(
    world: World, shop: Repository
) -> None:
    shop.edit(
        "deploy.yml",
        """
        jobs:
          plan:
            name: deploy plan
            environment: {name: production, deployment: false}
          apply:
            name: ${{ inputs.what }}
        """,
    )
    deploy(shop, "deploy plan")
    await world.reads(SHOP)
    assert await world.told() == []

    run = shop.start_run("deploy.yml")
    for name in ("deploy plan", "deploy apply"):
        run.add_job(name).finish()
    run.finish()
    world.clock.tick(PLAN_LASTS.total_seconds())
    await world.reads(SHOP)

    pages = {url.rpartition("/")[2] for (url,) in await world.told("run_url")}
    assert pages == {f"{run.jobs[1].id}"}
