import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from fetcher.github.errors import Forbidden, Garbled, Limited, Missing, Unreachable
from fetcher.survey import NO_LANE_LASTS
from tests.fake_github import (
    Clock,
    FakeGitHub,
    Repository,
    answer,
    garbage,
    hang,
    secondary_limit,
    server_error,
)
from tests.fetcher.reading import BACKFILL, START, World, fake_github, reading, until

SHOP = "acme/shop"
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_github()


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return fake.add_repository(
        SHOP,
        environments=("staging", "production"),
        protected=("production",),
        workflows={"deploy.yml": "name: Deploy"},
    )


@pytest.fixture
async def world(fake: FakeGitHub, shop: Repository, tmp_path: Path) -> AsyncIterator[World]:
    assert shop in fake.repositories
    async with reading(fake, tmp_path) as world:
        yield world


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


# The mistakes that other pollers made.


async def test_nothing_is_seen_before_its_events_are_committed_wherever_a_pass_is_killed(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    run = shop.start_run("deploy.yml")
    run.deploy("staging")
    run.deploy("staging", conclusion="failure")
    expected = [
        ("staging", "in-progress"),
        ("staging", "success"),
        ("staging", "in-progress"),
        ("staging", "failure"),
    ]

    class KilledError(Exception):
        pass

    for statements in range(1, 100):
        async with reading(fake, tmp_path / str(statements)) as world:
            left = [statements]

            def kill(*_arguments: object, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] == 0:
                    raise KilledError

            event.listen(world.state.engine, "before_cursor_execute", kill)
            event.listen(world.state.engine, "commit", kill)
            try:
                await world.passes(SHOP)
            except KilledError:
                left[0] = 10_000
            else:
                break
            await world.reads(SHOP)
            assert sorted(await world.told()) == sorted(expected)
    assert 10 < statements < 99


async def test_a_pass_killed_at_any_request_is_repeated_whole(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    run = shop.start_run("deploy.yml")
    run.deploy("staging")
    run.deploy("staging")
    paths = ("/repos/acme/shop/deployments", "/repos/acme/shop", "*/statuses", "*/actions/runs/*")

    for number, path in enumerate(paths):
        async with reading(fake, tmp_path / str(number)) as world:
            fake.fail(path, hang())
            task = asyncio.create_task(world.passes(SHOP))
            await until(lambda: not any(planned.times for planned in fake.faults))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await world.bodies() == []

            await world.reads(SHOP)
            assert len(await world.told()) == 4


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


async def test_a_fetcher_that_was_restarted_goes_on_where_it_was(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    job.start()
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
    job.finish()
    tick(fake, 30 * DAY)
    shop.start_run("deploy.yml").deploy("dev")

    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)

        assert sorted(await world.told()) == [
            ("dev", "in-progress"),
            ("dev", "success"),
            ("staging", "in-progress"),
            ("staging", "success"),
        ]


# How far back the first pass goes.


async def test_what_ended_before_the_window_is_not_told_and_what_ended_in_it_is(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    shop.start_run("deploy.yml").deploy("ancient")
    waiting = shop.start_run("deploy.yml").add_job("deploy", environment="production")
    tick(fake, 5 * DAY)
    shop.start_run("deploy.yml").deploy("old")
    tick(fake, 8 * DAY)
    shop.start_run("deploy.yml").deploy("recent")
    waiting.approve()
    waiting.start()
    waiting.finish()
    tick(fake, DAY)

    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)

        assert {environment for environment, _ in await world.told()} == {"recent", "production"}


async def test_what_ended_in_the_very_second_in_which_the_window_begins_is_told(
    tmp_path: Path,
) -> None:
    clock = Clock(START)
    fake = FakeGitHub(clock)
    shop = fake.add_repository("acme/shop", workflows={"cd.yml": "name: CD"})
    shop.start_run("cd.yml").deploy("production")
    ended_at = shop.deployments[0].statuses[-1].created_at  # as GitHub tells it, cut to the second
    clock.now = ended_at + BACKFILL + timedelta(seconds=0.7)

    async with reading(fake, tmp_path) as world:
        await world.reads("acme/shop")

        assert ("production", "success") in await world.told()


async def test_what_is_unfinished_is_watched_though_it_began_before_the_window(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    job = shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    tick(fake, 20 * DAY)
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)
        job.start()
        job.finish()
        world.clock.tick(60)
        await world.reads(SHOP)

        assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


async def test_what_hangs_since_long_before_the_first_pass_is_not_told(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    shop.start_run("deploy.yml").add_job("deploy", environment="staging").start()
    tick(fake, 60 * DAY)
    async with reading(fake, tmp_path) as world:
        await world.reads(SHOP)

        assert await world.told() == []


async def test_what_appears_in_the_list_later_than_its_time_says_is_told(
    world: World, shop: Repository
) -> None:
    for _ in range(3):
        shop.start_run("deploy.yml").deploy("dev")
        world.clock.tick(30)
    late = shop.deployments.pop(0)
    await world.reads(SHOP)
    for _ in range(98):
        world.clock.tick(1)
        shop.start_run("deploy.yml").deploy("dev")
    shop.deployments.insert(0, late)

    await world.reads(SHOP)

    assert len(set(await world.told("deployment_id"))) == 101


async def test_a_long_history_is_committed_piece_by_piece_the_newest_first(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    for number in range(120):
        tick(fake, 60)
        shop.start_run("deploy.yml").deploy(f"env-{number}")
    async with reading(fake, tmp_path) as world:
        first = await world.passes(SHOP)
        assert (first.looks, first.more) == (50, True)
        assert (await world.told())[0] == ("env-119", "in-progress")

        await world.reads(SHOP)
        assert len(await world.told()) == 240


async def test_a_limit_in_the_middle_keeps_what_was_read(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    for _ in range(100):
        shop.start_run("deploy.yml").deploy("staging")
    async with reading(fake, tmp_path, token=None) as world:  # 60 requests an hour
        for hours in range(1, 8):
            passed = await world.passes(SHOP)
            while passed.more:
                passed = await world.passes(SHOP)
            if passed.error is None:
                break
            assert isinstance(passed.error, Limited)
            assert len(await world.told()) >= 20 * hours
            world.clock.tick(HOUR + 1)

        assert len(await world.told()) == 200


# What GitHub does wrong, or refuses.


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
    world.clock.tick(10 * 60)
    await world.passes(SHOP)
    world.clock.tick(10 * 60)
    await world.reads(SHOP)
    assert len(await world.told()) == 6


async def test_a_deployment_that_was_deleted_is_no_longer_watched(
    world: World, shop: Repository
) -> None:
    shop.start_run("deploy.yml").add_job("deploy", environment="staging")
    await world.reads(SHOP)
    shop.deployments.clear()
    world.clock.tick(30)

    await world.reads(SHOP)

    assert await world.watched_ids() == []


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


async def test_a_renamed_repository_keeps_its_service(world: World, shop: Repository) -> None:
    shop.create_deployment("staging").add_status("success", log_url="https://cd.example/1")
    await world.reads(SHOP)
    world.fake.rename(SHOP, "acme/store")
    world.clock.tick(30)
    shop.create_deployment("staging").add_status("failure", log_url="https://cd.example/2")

    await world.reads(SHOP)

    assert await world.told("service", "status") == [("shop", "success"), ("shop", "failure")]


async def test_no_list_is_ever_filtered(world: World, shop: Repository) -> None:
    world.fake.search_is_stale = True
    world.fake.add_repository("acme/other", workflows={"deploy.yml": ""})
    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)

    for request in world.requests():
        assert not {"created", "status", "branch", "event", "environment"} & set(request.query)


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


async def test_a_repository_that_begins_to_deploy_is_noticed_in_the_next_pass(
    world: World, shop: Repository
) -> None:
    await world.reads(SHOP)
    world.clock.tick(NO_LANE_LASTS.total_seconds() / 2)

    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)

    assert await world.told() == [("staging", "in-progress"), ("staging", "success")]


def tick(fake: FakeGitHub, seconds: float) -> None:
    """Let time pass where there is no fetcher yet."""
    assert isinstance(fake.clock, Clock)
    fake.clock.tick(seconds)
