"""Which deployments follow which, through whole passes."""

from pathlib import Path
from typing import Any

import pytest

from tests.fake_github import (
    FakeGitHub,
    Fault,
    Job,
    Repository,
    answer,
    garbage,
    secondary_limit,
    server_error,
)
from tests.fetcher.reading import World, reading

SHOP = "acme/shop"
RELEASE = """
name: Release
on: push
jobs:
  build: {}
  dev: {needs: build, environment: dev}
  smoke: {needs: dev}
  staging: {needs: smoke, environment: staging}
  docs: {environment: docs}
  production: {needs: [staging, docs], environment: production}
"""
PROMOTE = """
name: Promote
on: workflow_dispatch
jobs:
  promote: {environment: "${{ inputs.environment }}"}
"""
CALLING = """
name: Roll out
on: push
jobs:
  eu: {uses: ./.github/workflows/stages.yml}
  us: {needs: eu, uses: acme/shared/.github/workflows/stages.yml@main}
"""
STAGES = """
on: workflow_call
jobs:
  canary: {environment: canary}
  all: {needs: canary, environment: "${{ inputs.region }}"}
"""
BY_NAME = """
name: Deploy
on: push
jobs:
  build: {}
  first: {name: Deploy to staging, needs: build}
  check: {needs: first}
  second: {name: Deploy to production, needs: check}
  aside: {name: Deploy to dev}
"""


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    files = {
        "release.yml": RELEASE,
        "promote.yml": PROMOTE,
        "roll-out.yml": CALLING,
        "stages.yml": STAGES,
    }
    return fake.add_repository(SHOP, workflows=files)


@pytest.fixture
def fork(fake: FakeGitHub) -> Repository:
    return fake.add_repository("beta/shop")


def deploy(world: World, job: Job, conclusion: str = "success") -> str:
    """A job from its start to its end, half a minute each; the id under which it is told."""
    world.clock.tick(30)
    job.start()
    world.clock.tick(30)
    job.finish(conclusion)
    world.clock.tick(5)
    return f"gh-dep-{job.deployment.id}" if job.deployment else f"gh-job-{job.id}"


async def parents(world: World) -> dict[str, list[str]]:
    """The parents that every event of each deployment names; all of them name the same."""
    told: dict[str, list[str]] = {}
    for body in await world.bodies():
        named = body.get("parent_deployments", [])
        assert told.setdefault(body["deployment_id"], named) == named
    return told


async def test_a_deployment_names_the_nearest_one_that_its_job_needs(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("release.yml")
    docs = deploy(world, run.add_job("docs", environment="docs"))
    deploy(world, run.add_job("build"))
    dev = deploy(world, run.add_job("dev", environment="dev"))
    await world.reads(SHOP)
    deploy(world, run.add_job("smoke"))
    staging = deploy(world, run.add_job("staging", environment="staging"))
    job = run.add_job("production", environment="production")
    await world.reads(SHOP)
    job.start()
    await world.reads(SHOP)
    shop.edit("release.yml", "jobs: {production: {environment: production}}")
    production = deploy(world, job)
    await world.reads(SHOP)

    assert await parents(world) == {
        docs: [],
        dev: [],
        staging: [dev],
        production: [docs, staging],
    }
    told = [body["status"] for body in await world.bodies() if body["deployment_id"] == production]
    assert told == ["in-progress", "success"]


async def test_they_are_the_same_whenever_they_are_found(
    world: World, fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    for _ in range(2):
        run = shop.start_run("release.yml")
        for stage in ("dev", "staging", "production"):
            job = run.add_job(stage, environment=stage)
            await world.reads(SHOP)
            job.start()
            await world.reads(SHOP)
            deploy(world, job)
            await world.reads(SHOP)
        world.clock.tick(3600)
        again = shop.start_run("promote.yml", sha=run.sha, event="workflow_dispatch")
        deploy(world, again.add_job("promote", environment="production"))
        await world.reads(SHOP)

    async with reading(fake, tmp_path / "another") as other:
        await other.reads(SHOP)
        found_later = await other.bodies()
        assert sum(bool(named) for named in (await parents(other)).values()) == 6

    def in_order(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(bodies, key=lambda body: (body["deployment_id"], body["happened_at"]))

    assert in_order(found_later) == in_order(await world.bodies())


async def test_a_rerun_of_what_failed_has_its_parents_in_the_attempt_before(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("release.yml")
    dev = deploy(world, run.add_job("dev", environment="dev"))
    staging = deploy(world, run.add_job("staging", environment="staging"), "failure")
    run.finish()
    world.clock.tick(24 * 3600)
    [job] = run.rerun_failed("zoe")
    again = deploy(world, job)
    production = deploy(world, run.add_job("production", environment="production"))
    await world.reads(SHOP)

    assert await parents(world) == {dev: [], staging: [dev], again: [dev], production: [again]}


async def test_a_called_workflow_has_its_parents_where_it_is_called(
    world: World, fake: FakeGitHub, shop: Repository
) -> None:
    shared = fake.add_repository("acme/shared", workflows={"stages.yml": STAGES})
    run = shop.start_run("roll-out.yml")
    run.call("stages.yml")
    run.call("stages.yml", of=shared)
    shared.edit("stages.yml", "jobs: {}")
    ids = [
        deploy(world, run.add_job(f"{region} / {name}", environment=environment))
        for region in ("eu", "us")
        for name, environment in (("canary", "canary"), ("all", region))
    ]
    await world.reads(SHOP)

    first, second, third, fourth = ids
    assert await parents(world) == {first: [], second: [first], third: [second], fourth: [third]}


async def test_where_a_called_workflow_is_hidden_time_tells(
    world: World, fake: FakeGitHub, shop: Repository
) -> None:
    hidden = fake.add_repository("acme/shared", workflows={"stages.yml": STAGES})
    run = shop.start_run("roll-out.yml")
    run.call("stages.yml", of=hidden)
    hidden.deny("contents")
    eu = deploy(world, run.add_job("eu / canary", environment="canary"))
    us = deploy(world, run.add_job("us / canary", environment="canary"))
    await world.reads(SHOP)

    assert await parents(world) == {eu: [], us: [eu]}


async def test_a_promotion_by_another_run_follows_what_was_deployed_before(
    world: World, shop: Repository
) -> None:
    def promoted(environment: str, sha: str, conclusion: str = "success") -> str:
        run = shop.start_run("promote.yml", sha=sha, event="workflow_dispatch")
        return deploy(world, run.add_job("promote", environment=environment), conclusion)

    one, other = shop.commit(), shop.commit()
    staging = promoted("staging", one)
    promoted("staging", other)
    promoted("staging", one, "failure")
    production = promoted("production", one)
    back = promoted("dev", one)
    again = promoted("production", one)
    await world.reads(SHOP)

    found = await parents(world)
    assert found[production] == [staging]
    assert found[again] == [back]
    assert sum(bool(named) for named in found.values()) == 2


async def test_a_third_partys_promotions_are_seen_by_their_commits(
    world: World, shop: Repository
) -> None:
    sha = shop.commit()
    deployments = []
    for environment in ("staging", "production"):
        deployment = shop.create_deployment(environment, sha=sha, creator="argo")
        deployment.add_status("success", log_url="https://cd.example/42")
        deployments.append(f"gh-dep-{deployment.id}")
        world.clock.tick(60)
    await world.reads(SHOP)

    staging, production = deployments
    assert await parents(world) == {staging: [], production: [staging]}


@pytest.mark.parametrize(
    "fault",
    [
        answer(404),
        answer(403),
        garbage(),
        answer(200, '{"type": "file", "encoding": "base64", "content": "W1tbW1tb"}'),
        answer(200, '{"type": "file", "encoding": "none", "content": ""}'),
    ],
)
async def test_where_the_file_can_not_be_read_time_tells_and_nothing_is_told_later(
    world: World, shop: Repository, fault: Fault
) -> None:
    world.fake.fail("*/contents/*", fault, times=99)
    run = shop.start_run("release.yml")
    dev = deploy(world, run.add_job("dev", environment="dev"))
    docs_job = run.add_job("docs", environment="docs")
    staging = deploy(world, run.add_job("staging", environment="staging"))
    docs = deploy(world, docs_job)
    production = deploy(world, run.add_job("production", environment="production"))

    passed = await world.passes(SHOP)

    assert passed.error is None
    assert await parents(world) == {
        dev: [],
        staging: [dev],
        docs: [dev],
        production: sorted([staging, docs]),
    }


@pytest.mark.parametrize("fault", [server_error(502), secondary_limit(retry_after=3600)])
async def test_what_github_does_not_say_now_delays_no_event(
    world: World, shop: Repository, fault: Fault
) -> None:
    run = shop.start_run("release.yml")
    dev = deploy(world, run.add_job("dev", environment="dev"))
    await world.reads(SHOP)
    job = run.add_job("staging", environment="staging")
    job.start()
    world.fake.fail("*/contents/*", fault, times=3)

    await world.passes(SHOP)
    [*_, started] = await world.bodies()
    assert (started["environment"], started["status"]) == ("staging", "in-progress")
    assert "parent_deployments" not in started

    world.clock.tick(2 * 3600)
    world.fake.faults.clear()
    job.finish()
    await world.reads(SHOP)
    [*_, ended] = await world.bodies()
    assert (ended["status"], ended["parent_deployments"]) == ("success", [dev])


async def test_what_was_told_once_is_told_again_though_more_is_known_by_then(
    world: World, shop: Repository
) -> None:
    shop.deny("contents")
    run = shop.start_run("release.yml")
    dev = deploy(world, run.add_job("dev", environment="dev"))
    job = run.add_job("docs", environment="docs")
    job.start()
    await world.reads(SHOP)
    shop.denied.clear()
    docs = deploy(world, job)
    await world.reads(SHOP)

    assert len(await world.bodies()) == 4
    assert await parents(world) == {dev: [], docs: [dev]}


async def test_one_that_ended_since_it_was_last_seen_is_seen_to_have_ended(
    world: World, shop: Repository
) -> None:
    shop.deny("contents")
    run = shop.start_run("release.yml")
    job = run.add_job("dev", environment="dev")
    job.start()
    await world.reads(SHOP)
    dev = deploy(world, job)
    staging = deploy(world, run.add_job("staging", environment="staging"))
    await world.reads(SHOP)

    assert await parents(world) == {dev: [], staging: [dev]}


async def test_a_deployment_that_was_deleted_is_nobodys_parent(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("release.yml")
    dev = deploy(world, run.add_job("dev", environment="dev"))
    deploy(world, run.add_job("staging", environment="staging"))
    await world.reads(SHOP)
    gone = shop.deployments.pop()
    world.fake.fail(f"*/deployments/{gone.id}/statuses", answer(404), times=9)
    production = deploy(world, run.add_job("production", environment="production"))
    async with reading(
        world.fake, Path(world.state.engine.url.database or "").parent / "new"
    ) as other:
        await other.reads(SHOP)
        assert await parents(other) == {dev: [], production: [dev]}


async def test_a_deployment_with_parents_takes_at_most_ten_charged_requests(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("release.yml")
    for stage in ("dev", "staging"):
        deploy(world, run.add_job(stage, environment=stage))
    await world.reads(SHOP)
    world.clock.tick(5 * 60)
    await world.reads(SHOP)
    world.requests()

    again = shop.start_run("release.yml")
    for stage in ("dev", "staging", "production"):
        job = again.add_job(stage, environment=stage)
        for step in (job.start, job.finish, lambda: None, lambda: None):
            world.clock.tick(30)
            await world.reads(SHOP)
            step()
            world.clock.tick(30)
            await world.reads(SHOP)
        asked = world.requests()
        assert sum(request.charged for request in asked) <= 10, stage
        assert sum("/contents/" in request.path for request in asked) == (stage == "staging")

    assert sum(bool(named) for named in (await parents(world)).values()) == 3


async def test_jobs_that_deploy_by_their_names_follow_each_other_too(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    plain = fake.add_repository("acme/plain", workflows={"deploy.yml": BY_NAME})
    async with reading(fake, tmp_path) as world:
        for _ in range(2):
            run = plain.start_run("deploy.yml")
            deploy(world, run.add_job("build"))
            staging = deploy(world, run.add_job("Deploy to staging"))
            await world.reads("acme/plain")
            deploy(world, run.add_job("check"))
            aside = deploy(world, run.add_job("Deploy to dev"))
            production = deploy(world, run.add_job("Deploy to production"))
            await world.reads("acme/plain")
            run.finish()
            await world.reads("acme/plain")
            found = await parents(world)
            assert (found[staging], found[aside], found[production]) == ([], [], [staging])
        assert sum("/contents/" in request.path for request in world.requests()) == 2


async def test_what_another_repository_deployed_of_the_same_commit_is_not_asked_for(
    fork: Repository, world: World, shop: Repository
) -> None:
    before = fork.create_deployment("dev")
    before.add_status("success")
    await world.reads("beta/shop")
    shop.create_deployment("staging", sha=before.sha).add_status("success")
    world.requests()

    await world.reads(SHOP)

    assert len(await world.told()) == 2
    assert not [request for request in world.requests() if f"{before.id}" in request.path]
