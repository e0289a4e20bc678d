"""What a pass tells, and what it costs."""

from pathlib import Path

from fetcher.poll.planning import SHORT_PLAN_LASTS
from tests.fake_github import (
    Repository,
)
from tests.fetcher.reading import World, fake_github, reading

SHOP = "acme/shop"
HOUR = 3600
DAY = 24 * HOUR


async def test_a_deployment_is_told_as_it_goes(world: World, shop: Repository) -> None:
    job = shop.start_run("deploy.yml", actor="ana").add_job("deploy", environment="staging")
    await world.reads(SHOP)
    assert await world.bodies() == []

    world.clock.tick(30)
    job.start()
    await world.reads(SHOP)
    assert await world.told() == [("staging", "in-progress")]

    world.clock.tick(30)
    job.finish()
    await world.reads(SHOP)
    (started, ended) = await world.bodies()
    assert started | {"status": "success", "happened_at": "2026-11-20T12:01:00Z"} == ended
    assert job.deployment
    assert started == {
        "deployment_id": f"gh-dep-{job.deployment.id}",
        "service": "shop",
        "environment": "staging",
        "status": "in-progress",
        "happened_at": "2026-11-20T12:00:30Z",
        "version": job.run.sha[:7],
        "run_url": f"https://github.com/acme/shop/actions/runs/{job.run.id}/job/{job.id}",
        "run_number": 1,
        "actor": "ana",
        "ref": "main",
        "sha": job.run.sha,
    }


async def test_passes_without_news_tell_nothing_and_cost_nothing(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)
    world.clock.tick(2 * 60)
    await world.reads(SHOP)
    world.requests()

    for _ in range(3):
        world.clock.tick(30)
        assert (await world.passes(SHOP)).events == 0

    asked = world.requests()
    assert [request.path for request in asked] == ["/repos/acme/shop/deployments"] * 3
    assert not any(request.charged for request in asked)


async def test_a_deployments_whole_life_takes_at_most_ten_charged_requests(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)
    world.clock.tick(5 * 60)
    await world.reads(SHOP)
    world.requests()

    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    for step in (job.start, job.finish, lambda: None, lambda: None):
        world.clock.tick(30)
        await world.reads(SHOP)
        step()
        world.clock.tick(30)
        await world.reads(SHOP)

    assert len(await world.told()) == 4
    asked = world.requests()
    assert sum(request.charged for request in asked) <= 10
    paths = [request.path for request in asked]
    run = f"/repos/acme/shop/actions/runs/{job.run.id}"
    assert (paths.count(run), paths.count(f"{run}/jobs")) == (1, 1)


async def test_a_rerun_of_an_old_run_is_a_new_deployment(world: World, shop: Repository) -> None:
    run = shop.start_run("deploy.yml", actor="ana")
    run.deploy("staging", conclusion="failure")
    run.finish()
    await world.reads(SHOP)
    for _ in range(5):
        shop.start_run("deploy.yml").deploy("dev")
    world.clock.tick(5 * DAY)
    await world.reads(SHOP)

    run.rerun("zoe")
    run.deploy("staging")
    world.clock.tick(30)
    await world.reads(SHOP)

    told = await world.told("environment", "status", "actor", "run_number")
    assert told[:2] == [
        ("staging", "in-progress", "ana", 1),
        ("staging", "failure", "ana", 1),
    ]
    assert told[-2:] == [
        ("staging", "in-progress", "zoe", 1),
        ("staging", "success", "zoe", 1),
    ]


async def test_the_legs_of_a_matrix_do_not_collapse(world: World, shop: Repository) -> None:
    run = shop.start_run("deploy.yml")
    for leg in ("eu", "us"):
        run.deploy("staging", name=f"deploy ({leg})")

    await world.reads(SHOP)

    assert len(set(await world.told("deployment_id"))) == 2
    assert len(await world.told()) == 4


async def test_a_third_partys_deployment_is_told_with_its_own_page(
    world: World, shop: Repository
) -> None:
    other = shop.create_deployment("production", creator="argo", payload={"version": "1.4"})
    other.add_status("pending", log_url="https://cd.example/42")
    await world.reads(SHOP)
    world.clock.tick(30)
    other.add_status("success", log_url="https://cd.example/42")
    await world.reads(SHOP)
    world.clock.tick(DAY)
    other.add_status("failure", log_url="https://cd.example/43")
    await world.reads(SHOP)

    assert await world.told("status", "version", "actor", "run_url") == [
        ("in-progress", "1.4", "argo", "https://cd.example/42"),
        ("success", "1.4", "argo", "https://cd.example/42"),
        ("failure", "1.4", "argo", "https://cd.example/43"),
    ]


async def test_a_renamed_repository_keeps_its_service(world: World, shop: Repository) -> None:
    shop.create_deployment("staging").add_status("success", log_url="https://cd.example/1")
    await world.reads(SHOP)
    world.fake.rename(SHOP, "acme/store")
    world.clock.tick(30)
    shop.create_deployment("staging").add_status("failure", log_url="https://cd.example/2")

    await world.reads(SHOP)

    assert await world.told("service", "status") == [("shop", "success"), ("shop", "failure")]


async def test_a_repository_that_begins_to_deploy_is_noticed_in_the_next_pass(
    world: World, shop: Repository
) -> None:
    await world.reads(SHOP)
    world.clock.tick(SHORT_PLAN_LASTS.total_seconds() / 2)

    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)

    assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


async def test_seventy_quiet_repositories_cost_nothing(tmp_path: Path) -> None:
    fake = fake_github()
    names = [f"acme/app-{number}" for number in range(70)]
    for name in names:
        fake.add_repository(name, workflows={"deploy.yml": ""})
        fake.repositories[-1].start_run("deploy.yml").deploy("production")
    async with reading(fake, tmp_path) as world:
        for name in names:
            await world.reads(name)
        world.clock.tick(2 * 60)
        for name in names:
            await world.reads(name)
        world.requests()

        world.clock.tick(30)
        for name in names:
            await world.reads(name)

        assert world.charged() == 0


async def test_no_list_is_ever_filtered(world: World, shop: Repository) -> None:
    world.fake.search_is_stale = True
    world.fake.add_repository("acme/other", workflows={"deploy.yml": ""})
    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)

    for request in world.requests():
        assert not {"created", "status", "branch", "event", "environment"} & set(request.query)
