"""Repositories some of whose workflows file deployments, and some do not."""

import pytest

from fetcher.poll.lanes.look import LONGEST_LIFE
from fetcher.poll.planning import PLAN_LASTS
from tests.fake_github import FakeGitHub, Job, Repository, garbage
from tests.fetcher.reading import World, amid_a_pass

SHOP = "acme/shop"


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    files = ("deploy.yml", "legacy.yml", "release.yml")
    return fake.add_repository(SHOP, workflows={file: f"name: {file}" for file in files})


def start(shop: Repository, file: str, name: str = "deploy legacy") -> Job:
    """A run with one job under way that files no deployment."""
    job = shop.start_run(file).add_job(name)
    job.start()
    return job


def end(job: Job) -> None:
    job.finish()
    job.run.finish()


async def test_each_workflow_is_read_in_its_own_lane(world: World, shop: Repository) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    end(start(shop, "legacy.yml"))

    await world.reads(SHOP)

    told = await world.told("service", "environment", "status")
    assert sorted(told) == [
        ("shop", "production", "in-progress"),
        ("shop", "production", "success"),
        ("shop", "staging", "in-progress"),
        ("shop", "staging", "success"),
    ]


async def test_where_others_file_deployments_a_release_is_not_taken_for_one(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    end(start(shop, "release.yml", "release"))

    await world.reads(SHOP)

    assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


async def test_the_first_run_of_a_workflow_is_told_while_it_goes_on_once_a_job_is_named_so(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    run = shop.start_run("legacy.yml")
    run.add_job("build").start()
    await world.reads(SHOP)
    run.add_job("deploy legacy").start()

    world.clock.tick(PLAN_LASTS.total_seconds())
    await world.reads(SHOP)

    assert (await world.told())[2:] == [("production", "in-progress")]


async def test_a_workflow_that_begins_to_file_deployments_changes_its_lane_and_no_other_does(
    world: World, shop: Repository
) -> None:
    end(start(shop, "deploy.yml", "deploy"))
    end(start(shop, "legacy.yml"))
    await world.reads(SHOP)
    begun = [start(shop, "deploy.yml", "deploy"), start(shop, "legacy.yml")]
    world.clock.tick(30)
    await world.reads(SHOP)

    new = shop.start_run("deploy.yml").add_job("deploy", environment="prod")
    new.start()
    world.clock.tick(30)
    await world.reads(SHOP)
    for job in (*begun, new):
        end(job)
    end(start(shop, "legacy.yml"))
    world.clock.tick(30)
    await world.reads(SHOP)

    ids = [id_ for (id_,) in await world.told("deployment_id")]
    assert new.deployment
    assert ids.count(f"gh-dep-{new.deployment.id}") == 2
    assert f"gh-job-{new.id}" not in ids
    assert [ids.count(f"gh-job-{job.id}") for job in begun] == [2, 2]
    assert len(ids) == 2 * 6


async def test_what_was_told_by_its_name_ends_though_names_are_judged_more_strictly_by_now(
    world: World, shop: Repository
) -> None:
    end(start(shop, "release.yml", "release"))
    await world.reads(SHOP)
    begun = start(shop, "release.yml", "release")
    world.clock.tick(30)
    await world.reads(SHOP)
    assert len(await world.told()) == 3

    shop.start_run("deploy.yml").deploy("staging")
    for _ in range(2):
        world.clock.tick(30)
        await world.reads(SHOP)
    later = start(shop, "release.yml", "release")
    for job in (begun, later):
        end(job)
    world.clock.tick(30)
    await world.reads(SHOP)

    ids = [id_ for (id_,) in await world.told("deployment_id")]
    assert ids.count(f"gh-job-{begun.id}") == 2
    assert f"gh-job-{later.id}" not in ids
    assert len(ids) == 6


async def test_a_later_job_of_a_run_that_was_told_is_told_by_its_deployment_alone(
    world: World, shop: Repository
) -> None:
    end(start(shop, "deploy.yml", "deploy to dev"))
    run = shop.start_run("deploy.yml")
    first = run.add_job("deploy to dev")
    first.start()
    await world.reads(SHOP)

    first.finish()
    second = run.add_job("deploy to prod", environment="prod")
    second.start()
    world.clock.tick(30)
    await world.reads(SHOP)

    assert second.deployment
    ids = [id_ for (id_,) in await world.told("deployment_id")]
    assert ids.count(f"gh-dep-{second.deployment.id}") == 1
    assert f"gh-job-{second.id}" not in ids
    assert ids.count(f"gh-job-{first.id}") == 2


async def test_a_deployment_that_waits_for_approval_already_takes_its_workflow_out_of_the_runs(
    world: World, fake: FakeGitHub, shop: Repository
) -> None:
    shop.environment("prod").protected = True
    end(start(shop, "deploy.yml", "deploy"))
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    run.add_job("deploy to prod", environment="prod")
    world.clock.tick(30)
    await world.reads(SHOP)
    start(shop, "deploy.yml", "deploy")
    world.clock.tick(30)

    await world.reads(SHOP)

    assert len(await world.told()) == 2
    assert fake.repositories == [shop]


async def test_a_deployment_that_is_filed_in_the_middle_of_a_pass_is_told_once(
    world: World, shop: Repository
) -> None:
    shop.start_run("legacy.yml").deploy("staging")
    end(start(shop, "deploy.yml", "deploy"))
    await world.reads(SHOP)
    run = shop.start_run("deploy.yml")
    world.clock.tick(30)
    async with amid_a_pass(world, SHOP, f"*/{run.id}/jobs"):
        job = run.add_job("deploy", environment="prod")
        job.start()

    assert job.deployment
    assert (await world.told("deployment_id"))[4:] == [(f"gh-dep-{job.deployment.id}",)]


async def test_runs_are_not_told_while_a_deployment_can_not_be_read(
    world: World, shop: Repository
) -> None:
    end(start(shop, "deploy.yml", "deploy"))
    await world.reads(SHOP)
    job = shop.start_run("deploy.yml").add_job("deploy", environment="prod")
    job.start()
    assert job.deployment
    world.clock.tick(30)
    world.fake.fail(f"*/{job.deployment.id}/statuses", garbage(), times=1)

    await world.passes(SHOP)
    assert len(await world.told()) == 2
    world.clock.tick(10 * 60)
    await world.reads(SHOP)

    assert (await world.told("deployment_id"))[2:] == [(f"gh-dep-{job.deployment.id}",)]


async def test_while_a_deployment_makes_no_sense_only_runs_of_its_commit_wait(
    world: World, shop: Repository
) -> None:
    end(start(shop, "legacy.yml"))
    await world.reads(SHOP)
    bad = shop.start_run("deploy.yml").deploy("staging")
    world.fake.fail(f"*/{bad.id}/statuses", garbage(), times=99)
    world.clock.tick(30)
    await world.passes(SHOP)  # it hides all runs until the next pass

    for sha in (bad.sha, None):
        legacy = shop.start_run("legacy.yml", sha=sha).add_job("deploy legacy")
        legacy.start()
        end(legacy)
    for _ in range(3):
        world.clock.tick(15 * 60)
        await world.passes(SHOP)
    while_it_lasts = await world.told("sha")
    world.fake.faults.clear()
    for seconds in (15 * 60, 30):  # first the deployment, then the runs that waited for it
        world.clock.tick(seconds)
        await world.reads(SHOP)

    assert (bad.sha,) not in while_it_lasts
    assert [sha for (sha,) in while_it_lasts][2:] == [legacy.run.sha] * 2
    assert [sha for (sha,) in await world.told("sha")][4:] == [bad.sha] * 4


@pytest.fixture
def fork(fake: FakeGitHub) -> Repository:
    return fake.add_repository("beta/shop")


async def test_a_deployment_that_makes_no_sense_hides_no_runs_of_another_repository(
    fork: Repository, world: World, shop: Repository
) -> None:
    end(start(shop, "legacy.yml"))
    await world.reads(SHOP)
    job = start(shop, "legacy.yml")
    bad = fork.create_deployment("staging", sha=job.run.sha)
    bad.add_status("success")
    world.fake.fail(f"*/{bad.id}/statuses", garbage(), times=99)
    await world.passes("beta/shop")
    end(job)

    world.clock.tick(30)
    await world.reads(SHOP)

    assert (await world.told("deployment_id"))[2:] == [(f"gh-job-{job.id}",)] * 2


async def test_what_was_told_of_a_run_ends_though_a_deployment_of_its_commit_makes_no_sense(
    world: World, shop: Repository
) -> None:
    end(start(shop, "legacy.yml"))
    job = start(shop, "legacy.yml")
    await world.reads(SHOP)
    bad = shop.start_run("deploy.yml", sha=job.run.sha).deploy("staging")
    world.fake.fail(f"*/{bad.id}/statuses", garbage(), times=99)
    world.clock.tick(30)
    await world.passes(SHOP)

    later = job.run.add_job("deploy more")
    later.start()
    for each in (job, later):
        end(each)
    for _ in range(2):
        world.clock.tick(10 * 60)
        await world.passes(SHOP)

    told = await world.told("deployment_id", "status")
    assert [status for id_, status in told if id_ == f"gh-job-{job.id}"] == [
        "in-progress",
        "success",
    ]
    assert f"gh-job-{later.id}" not in dict(told)


async def test_a_deployment_that_makes_no_sense_for_weeks_is_given_up(
    world: World, shop: Repository
) -> None:
    bad = shop.start_run("deploy.yml").deploy("staging")
    world.fake.fail(f"*/{bad.id}/statuses", garbage(), times=99)
    await world.passes(SHOP)

    world.clock.tick(LONGEST_LIFE.total_seconds() + 1)
    await world.passes(SHOP)
    world.requests()
    world.clock.tick(60 * 60)
    await world.reads(SHOP)

    assert await world.poller.unread([SHOP]) == {SHOP: 0}
    assert not [request for request in world.requests() if "statuses" in request.path]


async def test_that_a_workflow_files_deployments_is_known_after_a_pass_that_was_cut_short(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    end(start(shop, "legacy.yml"))
    world.clock.tick(2 * 60)  # so that the deployment is not looked at again
    world.fake.fail("*/actions/workflows", garbage(), times=1)
    await world.passes(SHOP)

    world.clock.tick(10 * 60)
    await world.reads(SHOP)

    ids = [id_ for (id_,) in await world.told("deployment_id")]
    assert [id_.rpartition("-")[0] for id_ in ids] == ["gh-dep", "gh-dep", "gh-job", "gh-job"]


async def test_an_idle_repository_with_both_lanes_costs_nothing(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    end(start(shop, "legacy.yml"))
    await world.reads(SHOP)
    world.clock.tick(2 * 60)
    await world.reads(SHOP)
    world.requests()

    world.clock.tick(30)
    await world.reads(SHOP)

    asked = world.requests()
    assert [request.path.rpartition("/")[2] for request in asked] == ["runs", "deployments"]
    assert not any(request.charged for request in asked)


async def test_the_plan_is_made_anew_without_reading_runs_of_workflows_that_file_deployments(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    end(start(shop, "legacy.yml"))
    await world.reads(SHOP)
    world.requests()

    world.clock.tick(PLAN_LASTS.total_seconds())
    await world.reads(SHOP)

    deploy = shop.workflows[0].id
    assert not [r for r in world.requests() if f"/workflows/{deploy}/" in r.path]
