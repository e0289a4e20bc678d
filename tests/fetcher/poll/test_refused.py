"""What GitHub does wrong, or refuses."""

from pathlib import Path

import pytest

from fetcher.github.errors import Forbidden, Garbled, Limited, Missing, Unreachable
from tests.fake_github import (
    FakeGitHub,
    Repository,
    answer,
    garbage,
    secondary_limit,
    server_error,
)
from tests.fetcher.reading import START, World, reading

SHOP = "acme/shop"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (answer(404), Missing),
        (answer(403), Forbidden),
        (garbage(), Garbled),
        (garbage("[{}]"), Garbled),
        (server_error(), Unreachable),
    ],
)
async def test_a_repository_that_fails_is_left_alone_longer_each_time_and_then_forgiven(
    world: World, fault: object, error: type[Exception]
) -> None:
    pauses = []
    for _ in range(7):
        world.fake.faults.clear()
        world.fake.fail("*", fault, times=9)  # type: ignore[arg-type] # parametrize has no types
        passed = await world.passes(SHOP)
        assert isinstance(passed.error, error)
        pauses.append(((await world.paused_until(SHOP) or START) - world.clock()).total_seconds())
        world.clock.tick(pauses[-1])
    assert pauses == [30, 60, 120, 240, 480, 900, 900]

    world.fake.faults.clear()
    await world.reads(SHOP)
    assert await world.paused_until(SHOP) is None


async def test_a_limit_is_not_the_repositorys_fault(world: World) -> None:
    world.fake.fail("*", secondary_limit(30))

    assert isinstance((await world.passes(SHOP)).error, Limited)
    assert await world.paused_until(SHOP) is None


@pytest.mark.usefixtures("shop")
async def test_a_limit_is_remembered_by_the_next_process(fake: FakeGitHub, tmp_path: Path) -> None:
    fake.fail("*", secondary_limit(30))
    async with reading(fake, tmp_path) as world:
        await world.passes(SHOP)
    async with reading(fake, tmp_path) as world:
        world.fake.requests.clear()

        assert isinstance((await world.passes(SHOP)).error, Limited)
        assert world.fake.requests == []


async def test_one_garbled_deployment_does_not_hold_up_the_others(
    world: World, shop: Repository
) -> None:
    for environment in ("one", "two", "three"):
        shop.start_run("deploy.yml").deploy(environment)
    second = shop.deployments[1].id
    world.fake.fail(f"*/{second}/statuses", garbage(), times=2)

    passed = await world.passes(SHOP)

    assert isinstance(passed.error, Garbled)
    assert {environment for environment, _ in await world.told()} == {"one", "three"}
    world.clock.tick(30)
    await world.passes(SHOP)
    world.clock.tick(10 * 60)
    await world.reads(SHOP)
    assert len(await world.told()) == 6


async def test_what_is_garbled_for_good_is_asked_for_twice_an_hour_while_it_may_still_end(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("one")
    world.fake.fail("*/statuses", garbage(), times=99)
    for _ in range(2):
        await world.passes(SHOP)
        world.clock.tick(24 * 3600)
    await world.passes(SHOP)
    world.requests()
    for _ in range(60):
        world.clock.tick(60)
        await world.passes(SHOP)

    assert sum(request.path.endswith("/statuses") for request in world.requests()) == 2


async def test_without_permission_for_actions_a_deployment_is_told_with_less(
    world: World, shop: Repository
) -> None:
    shop.deny("actions")
    shop.start_run("deploy.yml", actor="ana").deploy("staging")

    await world.reads(SHOP)

    assert await world.told("status", "run_number", "actor") == [
        ("in-progress", None, "ana"),
        ("success", None, "ana"),
    ]


async def test_a_missing_permission_is_named(world: World, shop: Repository) -> None:
    shop.deny("deployments")

    passed = await world.passes(SHOP)

    assert "Deployments: read" in str(passed.error)
