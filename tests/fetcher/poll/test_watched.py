"""What is not finished is watched, by itself and to its end."""

from tests.fake_github import (
    Repository,
    garbage,
)
from tests.fetcher.reading import World

SHOP = "acme/shop"
HOUR = 3600
DAY = 24 * HOUR


async def test_a_status_in_the_second_of_the_last_one_seen_is_told(
    world: World, shop: Repository
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    job.start()
    await world.reads(SHOP)
    assert await world.told() == [("staging", "in-progress")]

    job.finish()  # within the same second: neither updated_at nor the list's ETag changes
    world.clock.tick(30)
    await world.reads(SHOP)

    assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


async def test_what_was_to_be_looked_at_is_looked_at_when_the_clock_was_set_back(
    world: World, shop: Repository
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    job.start()
    await world.reads(SHOP)

    job.finish()  # within the same second, so no list shows it
    world.clock.tick(-DAY)
    await world.reads(SHOP)

    assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


async def test_a_flip_in_the_second_of_the_end_is_told(world: World, shop: Repository) -> None:
    other = shop.create_deployment("staging")
    other.add_status("success", log_url="https://cd.example/1")
    await world.reads(SHOP)

    other.add_status("failure", log_url="https://cd.example/1")
    world.clock.tick(30)
    await world.reads(SHOP)

    assert await world.told() == [("staging", "success"), ("staging", "failure")]


async def test_an_older_status_of_one_deployment_is_not_hidden_by_a_newer_one_of_another(
    world: World, shop: Repository
) -> None:
    first = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    second = shop.start_run("deploy.yml").add_job("deploy", environment="dev")
    await world.reads(SHOP)
    world.clock.tick(10)
    first.start()
    assert first.deployment
    path = f"/repos/acme/shop/deployments/{first.deployment.id}/statuses"
    world.fake.fail(path, garbage("[]"))
    world.clock.tick(10)
    second.start()

    await world.reads(SHOP)
    world.clock.tick(30)
    await world.reads(SHOP)

    assert sorted(await world.told()) == [("dev", "in-progress"), ("staging", "in-progress")]


async def test_an_approval_after_weeks_is_told_though_others_deployed_meanwhile(
    world: World, shop: Repository
) -> None:
    waiting = shop.start_run("deploy.yml").add_job("deploy", environment="production")
    await world.reads(SHOP)
    for _ in range(30):
        world.clock.tick(DAY)
        for _ in range(5):
            shop.start_run("deploy.yml").deploy("staging")
        await world.reads(SHOP)
    assert ("production", "in-progress") not in await world.told()

    waiting.approve()
    waiting.start()
    world.clock.tick(60)
    waiting.finish()
    world.clock.tick(10 * 60)
    await world.reads(SHOP)

    assert (await world.told())[-2:] == [("production", "in-progress"), ("production", "success")]


async def test_a_rejected_approval_tells_nothing_and_is_not_watched_for_ever(
    world: World, shop: Repository
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="production")
    await world.reads(SHOP)
    world.clock.tick(60)
    job.reject()
    await world.reads(SHOP)
    world.clock.tick(120)
    await world.reads(SHOP)

    assert await world.told() == []
    assert await world.watched_ids() == []


async def test_what_hangs_for_ever_is_given_up_after_its_longest_life(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").add_job("deploy", environment="staging").start()
    await world.reads(SHOP)
    world.clock.tick(35 * DAY)
    await world.reads(SHOP)
    assert len(await world.watched_ids()) == 1

    world.clock.tick(2 * DAY)
    await world.reads(SHOP)

    assert await world.watched_ids() == []


async def test_a_deployment_that_was_deleted_is_no_longer_watched(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    await world.reads(SHOP)
    shop.deployments.clear()
    world.clock.tick(30)

    await world.reads(SHOP)

    assert await world.watched_ids() == []
