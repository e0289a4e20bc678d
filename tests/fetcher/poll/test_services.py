"""Which service a deployment is of, through whole passes."""

from pathlib import Path

import pytest

from tests.fake_github import FakeGitHub, Repository, answer
from tests.fetcher.reading import World, reading

SHOP = "acme/shop"
DAY = 24 * 3600


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    files = ("deploy.yml", "deploy-api.yml", "deploy-web.yml", "rollback.yml")
    return fake.add_repository(SHOP, workflows={file: f"name: {file}" for file in files})


async def services(world: World) -> set[tuple[str, str]]:
    """Services with their environments."""
    return {(service, place) for service, place in await world.told("service", "environment")}


async def test_each_leg_of_a_matrix_is_a_service(world: World, shop: Repository) -> None:
    run = shop.start_run("deploy.yml")
    for environment in ("staging", "production"):
        for leg in ("api", "web"):
            run.deploy(environment, name=f"deploy ({leg}, {environment})")

    await world.reads(SHOP)

    assert await services(world) == {
        ("shop/api", "staging"),
        ("shop/api", "production"),
        ("shop/web", "staging"),
        ("shop/web", "production"),
    }


async def test_the_first_leg_to_begin_is_named_as_the_others_will_be(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("deploy.yml")
    run.add_job("deploy (api)", environment="production").start()
    run.add_job("deploy (web)")  # its deployment is not there yet

    await world.reads(SHOP)

    assert await services(world) == {("shop/api", "production")}


async def test_jobs_that_differ_by_the_environment_alone_are_one_service(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("deploy.yml")
    run.deploy("staging", name="deploy-staging")
    run.deploy("production", name="deploy-prod")
    shop.start_run("rollback.yml").deploy("production", name="rollback")

    await world.reads(SHOP)

    assert {service for service, _ in await services(world)} == {"shop"}


@pytest.fixture
def first(fake: FakeGitHub) -> Repository:
    return fake.add_repository("beta/shop", workflows={"deploy.yml": "name: Deploy"})


async def test_two_repositories_that_deploy_the_same_unit_keep_their_own_names(
    first: Repository, world: World, shop: Repository
) -> None:
    for repository in (first, shop):
        repository.start_run("deploy.yml").deploy("production")
        await world.reads(repository.full_name)

    assert await services(world) == {("acme/shop", "production"), ("shop", "production")}


async def test_a_workflow_that_is_added_renames_no_service(world: World, shop: Repository) -> None:
    shop.start_run("deploy-api.yml").deploy("production", name="deploy")
    await world.reads(SHOP)
    world.clock.tick(DAY)
    shop.start_run("deploy-web.yml").deploy("production", name="deploy")
    await world.reads(SHOP)
    world.clock.tick(DAY)
    shop.start_run("deploy-api.yml").deploy("production", name="deploy")
    shop.start_run("deploy-api.yml").deploy("staging", name="deploy")

    await world.reads(SHOP)

    told = await world.told("service", "environment", "status")
    assert [(service, place) for service, place, status in told if status == "success"] == [
        ("shop", "production"),
        ("shop/web", "production"),
        ("shop", "staging"),
        ("shop", "production"),
    ]


async def test_the_names_are_the_same_after_a_restart(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    for name in ("api", "web", "api"):
        async with reading(fake, tmp_path) as world:
            shop.start_run(f"deploy-{name}.yml").deploy("production", name="deploy")
            await world.reads(SHOP)

            told = [service for (service,) in await world.told("service")]
    assert told == ["shop", "shop", "shop/web", "shop/web", "shop", "shop"]


async def test_a_calling_job_names_the_service(world: World, shop: Repository) -> None:
    run = shop.start_run("deploy.yml")
    run.deploy("production", name="api / deploy")
    run.deploy("production", name="web / deploy")

    await world.reads(SHOP)

    assert {service for service, _ in await services(world)} == {"shop/api", "shop/web"}


async def test_a_run_dispatched_for_an_environment_is_the_repository_there(
    world: World, shop: Repository
) -> None:
    for environment in ("staging", "production"):
        title = f"Deploy v1.2.0 to {environment} by @ana"
        run = shop.start_run("deploy.yml", event="workflow_dispatch", actor="ana", title=title)
        run.deploy(environment, name=title)

    await world.reads(SHOP)

    assert await services(world) == {("shop", "staging"), ("shop", "production")}


async def test_jobs_without_an_environment_are_named_alike(world: World, shop: Repository) -> None:
    run = shop.start_run("deploy.yml")
    for name in ("deploy-api", "deploy-web"):
        job = run.add_job(name)
        job.start()
        job.finish()
    run.finish()

    await world.reads(SHOP)

    assert await services(world) == {("shop/api", "production"), ("shop/web", "production")}


async def test_a_deployment_stays_of_the_service_under_which_it_was_told(
    world: World, shop: Repository
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy (api)", environment="production")
    world.fake.fail("*/jobs", answer(404))
    job.start()
    await world.reads(SHOP)
    shop.start_run("deploy.yml").deploy("production", name="deploy (web)")
    world.clock.tick(30)
    job.finish()

    await world.reads(SHOP)

    assert job.deployment
    told = await world.told("deployment_id", "service")
    assert {service for id_, service in told if id_ == f"gh-dep-{job.deployment.id}"} == {"shop"}


async def test_the_jobs_of_a_run_are_read_once_for_all_its_legs(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("deploy.yml")
    for number in range(120):
        run.deploy("production", name=f"deploy (app-{number})")

    await world.reads(SHOP)

    assert len({service for service, _ in await services(world)}) == 120
    pages = [request for request in world.requests() if request.path.endswith("/jobs")]
    assert [request.query.get("page", "1") for request in pages] == ["1", "2"]


async def test_a_job_whose_log_does_not_name_it_is_found_by_its_check_run(
    world: World, shop: Repository
) -> None:
    run = shop.start_run("deploy.yml")
    for leg in ("api", "web"):
        for status in run.deploy("production", name=f"deploy ({leg})").statuses:
            status.log_url = f"https://github.com/acme/shop/actions/runs/{run.id}"

    await world.reads(SHOP)

    assert {service for service, _ in await services(world)} == {"shop/api", "shop/web"}


@pytest.mark.parametrize("permission", ["actions", "checks"])
async def test_what_may_not_be_read_leaves_the_repositorys_name(
    world: World, shop: Repository, permission: str
) -> None:
    shop.deny(permission)
    run = shop.start_run("deploy.yml")
    for status in run.deploy("production", name="deploy (api)").statuses:
        status.log_url = f"https://github.com/acme/shop/actions/runs/{run.id}/jobs/7"

    await world.reads(SHOP)

    assert await services(world) == {("shop", "production")}
