"""A repository is GitHub's number, whatever it is called, there or in the settings."""

import pytest

from fetcher import observations, registry
from fetcher.poll.identity import Twice
from fetcher.poll.planning import PLAN_LASTS
from tests.fake_github import FakeGitHub, Repository
from tests.fetcher.reading import BACKFILL, World

SHOP, STORE = "acme/shop", "acme/store"


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return fake.add_repository(SHOP, workflows={"deploy.yml": "name: Deploy"})


async def register(world: World, *names: str) -> None:
    """Name repositories in the settings."""
    since_at = world.clock() - BACKFILL
    await world.state.run(lambda connection: registry.register(connection, names, since_at))


async def test_one_that_is_renamed_everywhere_goes_on_and_nothing_is_told_twice(
    world: World, shop: Repository
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    job.start()
    shop.start_run("deploy.yml").deploy("production")
    await world.reads(SHOP)
    world.fake.rename(SHOP, STORE)
    await register(world, STORE)
    world.clock.tick(30)
    job.finish()
    shop.start_run("deploy.yml").deploy("production")

    await world.reads(STORE)

    told = await world.told("deployment_id", "service", "environment", "status")
    assert len(told) == len(set(told)) == 6
    assert {service for _, service, _, _ in told} == {"shop"}


async def test_one_that_is_spelled_anew_in_the_settings_goes_on(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("production")
    await world.reads(SHOP)
    await register(world, "Acme/Shop")
    shop.start_run("deploy.yml").deploy("production")
    world.clock.tick(30)

    await world.reads("Acme/Shop")

    assert len(await world.told()) == 4
    assert set(await world.told("service")) == {("shop",)}


async def test_after_a_rename_an_idle_repository_costs_nothing_again(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("production")
    await world.reads(SHOP)
    world.clock.tick(2 * 60)
    await world.reads(SHOP)
    world.fake.rename(SHOP, STORE)
    for _ in range(3):
        world.clock.tick(30)
        await world.reads(SHOP)
    world.requests()

    world.clock.tick(30)
    await world.reads(SHOP)

    asked = world.requests()
    assert [(request.path, request.charged) for request in asked] == [
        ("/repos/acme/store/deployments", False)
    ]


async def test_one_that_is_read_by_its_old_name_and_by_its_new_one_is_read_once(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("production")
    await world.reads(SHOP)
    world.fake.rename(SHOP, STORE)
    await register(world, STORE)

    passed = await world.poller.read(STORE, world.clock(), others={SHOP, STORE})

    assert isinstance(passed.error, Twice)
    assert str(passed.error) == (
        "is the same repository as acme/shop: name it once in fetcher.repositories"
    )
    assert len(await world.told()) == 2


async def test_another_repository_under_the_name_is_read_as_the_one_before(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("production")
    await world.reads(SHOP)
    world.fake.repositories.remove(shop)
    new = world.fake.add_repository(SHOP, workflows={"deploy.yml": "name: Deploy"})
    world.clock.tick(PLAN_LASTS.total_seconds())
    new.start_run("deploy.yml").deploy("production")

    for _ in range(2):
        world.clock.tick(30)
        await world.reads(SHOP)

    assert (
        await world.told("service", "status")
        == [
            ("shop", "in-progress"),
            ("shop", "success"),
        ]
        * 2
    )
    name = await world.state.run(lambda connection: registry.name_of(connection, new.id))
    assert name == SHOP


async def test_two_names_that_were_read_apart_stay_apart(world: World, shop: Repository) -> None:
    other = world.fake.add_repository(STORE, workflows={"deploy.yml": "name: Deploy"})
    await register(world, STORE)
    for name, repository in ((SHOP, shop), (STORE, other)):
        repository.start_run("deploy.yml").deploy("production")
        await world.reads(name)
    world.fake.repositories.remove(other)
    world.fake.rename(SHOP, STORE)
    shop.start_run("deploy.yml").deploy("production")

    for _ in range(2):
        world.clock.tick(PLAN_LASTS.total_seconds())
        await world.reads(STORE)

    told = await world.told("deployment_id", "service")
    assert len(set(told)) == 3


async def test_an_archived_repository_tells_its_past_and_no_error(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("production")
    shop.archived = True

    await world.reads(SHOP)

    assert len(await world.told()) == 2
    known = await world.state.run(lambda connection: observations.known(connection, SHOP))
    assert known.archived
