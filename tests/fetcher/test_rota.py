"""Whose turn it is, of real repositories in a real state."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from fetcher.work import Work
from tests.fake_github import FakeGitHub, answer, secondary_limit
from tests.fetcher.reading import World, fake_github
from tests.fetcher.working import CYCLE, working


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_with(5)


def fake_with(number: int) -> FakeGitHub:
    fake = fake_github()
    for n in range(number):
        repository = fake.add_repository(f"acme/app-{n}", workflows={"cd.yml": ""})
        repository.start_run("cd.yml").deploy("dev")
    return fake


async def cycle(work: Work) -> list[str]:
    """Whose turn it was."""
    names = list((await work.due()).names)
    await asyncio.gather(*map(work.read, names))
    return names


def asked_for(world: World) -> set[str]:
    return {"/".join(request.path.split("/")[2:4]) for request in world.requests()}


async def test_what_a_limit_cut_off_comes_first_in_the_next_cycle(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    async with working(fake, tmp_path) as (world, work):
        await cycle(work)
        world.clock.tick(60)
        await work.due()
        for name in ("acme/app-0", "acme/app-1"):
            assert await work.read(name) is None
        world.fake.fail("*", secondary_limit(60))
        for name in ("acme/app-2", "acme/app-3", "acme/app-4"):
            assert await work.read(name)
        world.clock.tick(61)

        # The limit stopped the third at its first request; the last two asked nothing.
        assert (await work.due()).names == [
            "acme/app-3",
            "acme/app-4",
            "acme/app-0",
            "acme/app-1",
            "acme/app-2",
        ]


async def test_a_budget_too_small_for_one_cycle_serves_every_repository_in_turn(
    tmp_path: Path,
) -> None:
    fake = fake_with(12)
    fake.nobody.account.rate.limit = 20
    async with working(fake, tmp_path, token=None, budget_percent=50) as (world, work):
        served = set[str]()
        for _ in range(8):
            await cycle(work)
            served |= asked_for(world)
            world.clock.tick(3601)

    assert len(served) == 12


async def test_the_next_process_keeps_the_cadence(fake: FakeGitHub, tmp_path: Path) -> None:
    for repository in fake.repositories[1:]:
        repository.archived = True
    async with working(fake, tmp_path) as (world, work):
        for _ in range(3):
            assert len(await cycle(work)) == 5  # the last time to see that nothing flips
            world.clock.tick(CYCLE.total_seconds())
        await work.rota.note()

    async with working(fake, tmp_path) as (_, work):
        assert (await work.due()).names == ["acme/app-0"]


async def test_what_reading_takes_is_told_of_those_that_are_left_alone_too(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    async with working(fake, tmp_path) as (world, work):
        await cycle(work)
        world.clock.tick(30)
        before = (await work.due()).requests_per_hour
        world.fake.fail("*", answer(500), times=99)
        await cycle(work)

        due = await work.due()

        assert (len(due.paused), due.requests_per_hour) == (5, before)


async def test_without_a_token_the_budget_lasts_the_hour(tmp_path: Path) -> None:
    fake = fake_with(3)
    async with working(fake, tmp_path, token=None, budget_percent=50) as (world, work):
        for _ in range(8):  # the looks that follow the first pass are over then
            await cycle(work)
            world.clock.tick(3600)
        world.requests()
        for _ in range(120):
            await cycle(work)
            assert world.github.gate.closed() is None
            world.clock.tick(CYCLE.total_seconds())

        asked = [request.path for request in world.requests()]
        assert len(asked) <= 30
        for repository in fake.repositories:
            assert asked.count(f"/repos/{repository.full_name}/deployments") >= 5


async def test_while_nothing_happens_nothing_is_charged(fake: FakeGitHub, tmp_path: Path) -> None:
    async with working(fake, tmp_path) as (world, work):
        for _ in range(6):
            await cycle(work)
            world.clock.tick(CYCLE.total_seconds())
        world.requests()

        for _ in range(20):
            assert len(await cycle(work)) == 5
            world.clock.tick(CYCLE.total_seconds())

        assert world.charged() == 0


async def test_a_repository_whose_poll_interval_github_sets_is_not_read_sooner(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    async with working(fake, tmp_path) as (world, work):
        await cycle(work)
        world.github.gate.answered({"x-poll-interval": "120"}, charged=False)
        world.clock.tick(119)
        assert await cycle(work) == []
        world.clock.tick(timedelta(seconds=1).total_seconds())

        assert len(await cycle(work)) == 5
