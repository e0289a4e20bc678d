from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fetcher.github.errors import Unreachable
from fetcher.planning import PLAN_LASTS
from tests.fake_github import FakeGitHub, Repository, Run, server_error
from tests.fetcher.reading import World, amid_a_pass, fake_github, reading

SITE = "acme/site"
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_github()


@pytest.fixture
def site(fake: FakeGitHub) -> Repository:
    """A repository without environments, whose workflow says by its name that it deploys."""
    files = {"deploy.yml": "name: Deploy", "ci.yml": "name: CI"}
    return fake.add_repository(SITE, workflows=files)


@pytest.fixture
async def world(fake: FakeGitHub, site: Repository, tmp_path: Path) -> AsyncIterator[World]:
    assert site in fake.repositories
    async with reading(fake, tmp_path) as world:
        yield world


def deploy(site: Repository, name: str = "deploy", conclusion: str = "success") -> Run:
    """A run that ended, with one job."""
    run = site.start_run("deploy.yml", actor="ana")
    job = run.add_job(name)
    job.start()
    job.finish(conclusion)
    run.finish()
    return run


async def test_a_job_that_deploys_is_told_as_it_goes(world: World, site: Repository) -> None:
    deploy(site)
    await world.reads(SITE)
    run = site.start_run("deploy.yml", actor="zoe")
    job = run.add_job("deploy")
    world.clock.tick(30)
    await world.reads(SITE)
    assert len(await world.told()) == 2

    job.start()
    world.clock.tick(30)
    await world.reads(SITE)
    assert (await world.bodies())[-1] == {
        "deployment_id": f"gh-job-{job.id}",
        "service": "site",
        "environment": "production",
        "status": "in-progress",
        "happened_at": "2026-11-20T12:00:30Z",
        "version": run.sha[:7],
        "run_url": f"https://github.com/acme/site/actions/runs/{run.id}/job/{job.id}",
        "run_number": 2,
        "actor": "zoe",
        "ref": "main",
        "sha": run.sha,
    }

    job.finish("failure")
    run.finish()
    world.clock.tick(30)
    await world.reads(SITE)
    assert (await world.told("status", "happened_at"))[-1] == ("failure", "2026-11-20T12:01:00Z")


async def test_a_job_that_ends_while_its_run_goes_on_is_told(
    world: World, site: Repository
) -> None:
    deploy(site)
    run = site.start_run("deploy.yml")
    job = run.add_job("deploy")
    run.add_job("report").start()
    job.start()
    await world.reads(SITE)
    world.clock.tick(7 * HOUR)
    job.finish()
    world.clock.tick(10 * 60)

    await world.reads(SITE)

    assert (await world.told())[-1] == ("production", "success")


async def test_while_a_run_builds_nothing_is_told_when_its_workflow_has_a_job_that_deploys(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    run = site.start_run("deploy.yml")
    run.add_job("build").start()
    world.clock.tick(30)

    await world.reads(SITE)

    assert len(await world.told()) == 2


async def test_a_run_is_the_deployment_where_no_job_is_named_so(
    world: World, site: Repository
) -> None:
    deploy(site, "everything")
    await world.reads(SITE)
    run = site.start_run("deploy.yml")
    job = run.add_job("everything")
    world.clock.tick(30)
    job.start()
    await world.reads(SITE)
    world.clock.tick(30)
    job.finish()
    run.finish()
    world.clock.tick(30)
    await world.reads(SITE)

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
    world: World, site: Repository, workflow: str, event: str, ref: str
) -> None:
    deploy(site)
    await world.reads(SITE)
    run = site.start_run(workflow, event=event, ref=ref)
    job = run.add_job("deploy")
    job.start()
    job.finish()
    run.finish()

    await world.reads(SITE)

    assert len(await world.told()) == 2


async def test_a_job_with_an_environment_that_says_it_is_no_deployment_is_none(
    world: World, site: Repository
) -> None:
    site.edit(
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
    deploy(site, "deploy plan")
    await world.reads(SITE)
    assert await world.told() == []

    run = site.start_run("deploy.yml")
    for name in ("deploy plan", "deploy apply"):
        run.add_job(name).finish()
    run.finish()
    world.clock.tick(PLAN_LASTS.total_seconds())
    await world.reads(SITE)

    pages = {url.rpartition("/")[2] for (url,) in await world.told("run_url")}
    assert pages == {f"{run.jobs[1].id}"}


async def test_a_rerun_is_told_though_the_list_does_not_show_it(
    world: World, site: Repository
) -> None:
    run = deploy(site, conclusion="failure")
    await world.reads(SITE)
    for _ in range(60):
        site.start_run("ci.yml").finish()
    world.clock.tick(6 * DAY)
    await world.reads(SITE)

    run.rerun("zoe")
    job = run.add_job("deploy")
    job.start()
    job.finish()
    run.finish()
    world.clock.tick(15 * 60)
    await world.reads(SITE)

    assert await world.told("status", "actor") == [
        ("in-progress", "ana"),
        ("failure", "ana"),
        ("in-progress", "zoe"),
        ("success", "zoe"),
    ]


async def test_a_run_from_before_the_window_that_is_run_again_tells_only_the_new_attempt(
    fake: FakeGitHub, site: Repository, tmp_path: Path
) -> None:
    run = deploy(site)
    tick(fake, 10 * DAY)
    async with reading(fake, tmp_path) as world:
        await world.reads(SITE)
        assert await world.told() == []

        run.rerun()
        job = run.add_job("deploy")
        job.start()
        job.finish()
        run.finish()
        world.clock.tick(30)
        await world.reads(SITE)

        assert {deployment for (deployment,) in await world.told("deployment_id")} == {
            f"gh-job-{job.id}"
        }


async def test_only_the_newest_runs_are_watched_for_being_run_again(
    world: World, site: Repository
) -> None:
    for _ in range(30):
        world.clock.tick(60)
        deploy(site)
    world.clock.tick(2 * 60)
    await world.reads(SITE)

    assert await world.watched_ids() == [run.id for run in site.runs[-20:]]


async def test_a_busy_repository_is_read_back_to_where_the_last_pass_began(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    for number in range(300):
        world.clock.tick(60)
        if number == 3:
            deploy(site)
        site.start_run("ci.yml").finish()

    await world.reads(SITE)

    assert len(await world.told()) == 4


async def test_a_workflow_that_was_added_is_judged_when_it_first_runs(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    site.add_workflow("release.yml", "name: Release")
    run = site.start_run("release.yml", ref="v2.0.0")
    job = run.add_job("publish")
    job.start()
    job.finish()
    run.finish()
    world.clock.tick(30)

    await world.reads(SITE)

    assert (await world.told("status", "version"))[-1] == ("success", "v2.0.0")


async def test_a_workflow_that_turns_out_to_deploy_tells_its_earlier_runs_too(
    world: World, site: Repository
) -> None:
    site.add_workflow("main.yml", "name: Main")
    deploy(site)
    await world.reads(SITE)
    run = site.start_run("main.yml")
    job = run.add_job("deploy staging")
    job.start()
    job.finish()
    run.finish()
    for _ in range(60):
        world.clock.tick(60)
        site.start_run("ci.yml").finish()
        await world.reads(SITE)
    assert len(await world.told()) == 2

    world.clock.tick(PLAN_LASTS.total_seconds())
    await world.reads(SITE)

    assert (await world.told())[2:] == [("staging", "in-progress"), ("staging", "success")]


async def test_a_job_that_ends_in_the_second_in_which_its_run_was_seen_to_end_is_told(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    run = site.start_run("deploy.yml")
    job = run.add_job("deploy")
    world.clock.tick(10 * 60)
    job.start()
    run.finish("success")
    await world.reads(SITE)
    job.finish()
    world.clock.tick(30)

    await world.reads(SITE)

    assert (await world.told())[-1] == ("production", "success")


async def test_a_workflow_that_is_gone_is_judged_once_and_costs_nothing_after(
    world: World, site: Repository
) -> None:
    deploy(site)
    site.start_run("ci.yml").finish()
    del site.workflows[1]
    await world.reads(SITE)
    world.clock.tick(2 * 60)
    await world.reads(SITE)
    world.requests()

    world.clock.tick(30)
    await world.reads(SITE)

    assert [request.path for request in world.requests()] == [
        "/repos/acme/site/actions/runs",
        "/repos/acme/site/deployments",
    ]


async def test_a_job_with_an_environment_is_told_once_and_by_its_deployment(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)

    job = site.start_run("deploy.yml").add_job("deploy", environment="prod")
    job.start()
    world.clock.tick(30)
    await world.reads(SITE)
    job.finish()
    job.run.finish()
    world.clock.tick(30)
    await world.reads(SITE)

    assert job.deployment
    deployment_id = f"gh-dep-{job.deployment.id}"
    assert (await world.told("deployment_id", "status"))[2:] == [
        (deployment_id, "in-progress"),
        (deployment_id, "success"),
    ]


async def test_a_job_that_begins_with_an_environment_in_the_middle_of_a_pass_is_told_once(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    run = site.start_run("deploy.yml")
    world.clock.tick(30)
    async with amid_a_pass(world, SITE, f"*/{run.id}/jobs"):
        job = run.add_job("deploy", environment="prod")
        job.start()

    assert job.deployment
    assert (await world.told("deployment_id"))[2:] == [(f"gh-dep-{job.deployment.id}",)]


async def test_what_began_as_a_run_ends_as_one_after_the_first_deployment(
    world: World, site: Repository
) -> None:
    deploy(site)
    run = site.start_run("deploy.yml")
    job = run.add_job("deploy")
    job.start()
    await world.reads(SITE)
    site.start_run("deploy.yml").deploy("prod")
    world.clock.tick(30)
    await world.reads(SITE)
    job.finish()
    run.finish()
    world.clock.tick(30)

    await world.reads(SITE)

    told = await world.told("deployment_id", "status")
    assert [status for deployment, status in told if deployment == f"gh-job-{job.id}"] == [
        "in-progress",
        "success",
    ]


async def test_a_run_of_which_nothing_was_told_is_left_to_its_deployments(
    world: World, site: Repository
) -> None:
    deploy(site)
    run = site.start_run("deploy.yml")
    await world.reads(SITE)
    site.start_run("deploy.yml").deploy("prod")
    world.clock.tick(30)
    await world.reads(SITE)

    later = run.deploy("prod")
    world.clock.tick(30)
    await world.reads(SITE)

    assert [i for i, _ in (await world.told("deployment_id", "status"))[4:]] == [
        f"gh-dep-{later.id}"
    ] * 2


async def test_runs_are_not_told_before_it_is_sure_that_there_are_no_deployments(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    deploy(site)
    world.clock.tick(30)
    world.fake.fail("*/deployments", server_error(), times=9)

    passed = await world.passes(SITE)
    assert isinstance(passed.error, Unreachable)
    assert len(await world.told()) == 2

    world.fake.faults.clear()
    await world.reads(SITE)
    assert len(await world.told()) == 4


async def test_an_idle_repository_costs_nothing_until_it_is_planned_anew(
    world: World, site: Repository
) -> None:
    deploy(site)
    await world.reads(SITE)
    world.clock.tick(2 * 60)
    await world.reads(SITE)
    world.requests()

    world.clock.tick(PLAN_LASTS.total_seconds() / 2)
    await world.reads(SITE)
    assert world.charged() == 0


def tick(fake: FakeGitHub, seconds: float) -> None:
    """Let time pass where there is no fetcher yet."""
    fake.clock.tick(seconds)  # type: ignore[attr-defined] # it is the tests' clock
