"""Many repositories, looked at with GraphQL; the deployments are still read of REST."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fetcher.monitoring.metrics import Metrics
from fetcher.schedule.detector import FALL_BACK_LASTS, SMALLEST_CHUNK, WORTH_IT
from fetcher.work import Work
from tests.fake_github import (
    Clock,
    FakeGitHub,
    Repository,
    answer,
    not_modified,
    secondary_limit,
    server_error,
)
from tests.fetcher.reading import World, fake_github
from tests.fetcher.working import CYCLE, working

CROWD = WORTH_IT + 20
QUESTIONS = 3  # for so many, by fifty
NETS = 4  # of those that are read once an hour, so many at most are due in one cycle
CYCLES_TO_REST = 4
GRAPHQL = "/graphql"


def crowd() -> FakeGitHub:
    """Many repositories, one of which deploys; the same ones each time."""
    fake = fake_github()
    for number in range(CROWD):
        fake.add_repository(f"acme/app-{number}")
    fake.repositories[0].add_workflow("cd.yml", "name: CD")
    fake.repositories[0].start_run("cd.yml").deploy("dev")
    return fake


@pytest.fixture(scope="module")
def state_at_rest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a fetcher that has read all of the crowd, and expects nothing more of it."""
    folder = tmp_path_factory.mktemp("at-rest")

    async def read_all() -> None:
        async with working(crowd(), folder) as (world, work):
            for _ in range(CYCLES_TO_REST):
                await cycle(world, work)
            await work.rota.note()

    asyncio.run(read_all())
    return folder / "fetcher.db"


@pytest.fixture
def fake() -> FakeGitHub:
    fake = crowd()
    assert isinstance(fake.clock, Clock)
    fake.clock.tick(CYCLES_TO_REST * CYCLE.total_seconds())
    return fake


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return fake.repositories[0]


@pytest.fixture
async def parts(
    fake: FakeGitHub, tmp_path: Path, state_at_rest: Path
) -> AsyncIterator[tuple[World, Work]]:
    shutil.copy(state_at_rest, tmp_path)
    async with working(fake, tmp_path) as (world, work):
        yield world, work


async def cycle(world: World, work: Work) -> list[str]:
    """The paths asked for in a cycle of work."""
    world.clock.tick(CYCLE.total_seconds())
    world.requests()
    await asyncio.gather(*map(work.read, (await work.due()).names))
    return [request.path for request in world.requests()]


def rest(asked: list[str]) -> set[str]:
    """The repositories that were asked about by REST."""
    return {path.split("/")[3] for path in asked if path != GRAPHQL}


async def test_a_crowd_at_rest_takes_a_few_questions_in_a_cycle_and_hardly_anything_of_rest(
    parts: tuple[World, Work],
) -> None:
    for _ in range(10):
        asked = await cycle(*parts)

        assert asked.count(GRAPHQL) == QUESTIONS
        assert len(rest(asked)) <= NETS


async def test_a_change_is_told_and_only_its_repository_is_read(
    parts: tuple[World, Work], shop: Repository
) -> None:
    world, work = parts
    told = len(await world.told())
    job = shop.start_run("cd.yml").add_job("deploy", environment="dev")
    job.start()

    asked = await cycle(world, work)
    assert len(await world.told()) == told + 1
    assert "app-0" in rest(asked)
    assert len(rest(asked)) <= 1 + NETS

    job.finish()
    await cycle(world, work)
    assert len(await world.told()) == told + 2


async def test_nothing_is_lost_while_rest_does_not_show_yet_what_graphql_shows(
    parts: tuple[World, Work], shop: Repository
) -> None:
    world, work = parts
    await work.read(shop.full_name)
    told = len(await world.told())
    shop.start_run("cd.yml").deploy("dev")
    world.fake.fail(f"/repos/{shop.full_name}/deployments", not_modified(), times=3)

    for _ in range(3):
        await cycle(world, work)
        assert len(await world.told()) == told
    await cycle(world, work)

    assert len(await world.told()) == told + 2


async def test_where_there_is_no_graphql_rest_is_asked_and_it_is_said_once(
    parts: tuple[World, Work], shop: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    world, work = parts
    world.fake.has_graphql = False
    shop.start_run("cd.yml").deploy("dev")

    assert len(await cycle(world, work)) > CROWD
    assert GRAPHQL not in await cycle(world, work)
    assert [message.partition(" (")[0] for message in caplog.messages] == [
        "GraphQL can't be used with the token"
    ]
    assert len(await world.told()) == 4

    world.fake.has_graphql = True
    world.clock.tick(FALL_BACK_LASTS.total_seconds())
    assert GRAPHQL in await cycle(world, work)


@pytest.mark.parametrize(
    "fault", [answer(403), server_error(502), answer(200, "{}"), answer(200, "<html>")]
)
async def test_whatever_is_wrong_with_graphql_rest_is_asked(
    parts: tuple[World, Work], fault: object
) -> None:
    world, work = parts
    world.fake.fail(GRAPHQL, fault, times=99)  # type: ignore[arg-type] # parametrize has no types

    asked = await cycle(world, work)

    assert len([path for path in asked if path.endswith("/deployments")]) == CROWD
    assert len([path for path in asked if path == GRAPHQL]) < 30


async def test_a_question_that_is_too_large_is_asked_in_halves(
    parts: tuple[World, Work],
) -> None:
    world, work = parts
    world.fake.graphql_most_repositories = 20
    asked = [await cycle(world, work) for _ in range(3)]

    for each in asked[1:]:
        assert QUESTIONS < each.count(GRAPHQL) <= CROWD / SMALLEST_CHUNK
        assert len(rest(each)) <= NETS + 2 * each.count(GRAPHQL)


async def test_a_question_that_fails_once_is_asked_in_halves(parts: tuple[World, Work]) -> None:
    world, work = parts
    world.fake.fail(GRAPHQL, server_error(502))

    asked = await cycle(world, work)

    assert asked.count(GRAPHQL) == QUESTIONS + 2
    assert len(rest(asked)) <= NETS


async def test_questions_are_large_again_when_that_was_trouble_of_the_moment(
    parts: tuple[World, Work],
) -> None:
    world, work = parts
    world.fake.fail(GRAPHQL, server_error(502))
    await cycle(world, work)

    asked = [(await cycle(world, work)).count(GRAPHQL) for _ in range(10)]

    assert asked[0] > QUESTIONS
    assert asked[-1] == QUESTIONS


async def test_a_repository_of_which_nothing_is_told_is_read_and_makes_no_question_smaller(
    parts: tuple[World, Work],
) -> None:
    world, work = parts
    world.fake.graphql_too_large.add("acme/app-7")

    for _ in range(3):
        asked = await cycle(world, work)

        assert asked.count(GRAPHQL) == QUESTIONS + 1  # once more for what was not told
        assert "app-7" in rest(asked)


async def test_a_repository_that_is_gone_does_not_hide_the_others(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    world, work = parts
    world.fake.delete("acme/app-7")

    asked = rest(await cycle(world, work))

    assert "app-7" in asked
    assert len(asked) <= 1 + NETS
    assert caplog.messages[0].startswith("acme/app-7: ")


async def test_ids_may_be_text(parts: tuple[World, Work]) -> None:
    world, work = parts
    world.fake.graphql_ids_are_text = True

    assert len(rest(await cycle(world, work))) <= NETS


async def test_when_the_points_are_used_up_rest_is_asked_until_they_come_back(
    parts: tuple[World, Work],
) -> None:
    world, work = parts
    world.fake.accounts["octocat"].graphql_rate.limit = 0

    assert len(await cycle(world, work)) >= CROWD
    assert GRAPHQL not in await cycle(world, work)
    assert work.githubs.for_owner("acme").gate.closed() is None

    world.fake.accounts["octocat"].graphql_rate.limit = 5000
    world.clock.tick(3601)
    assert GRAPHQL in await cycle(world, work)


async def test_points_are_counted_and_the_budget_is_kept(parts: tuple[World, Work]) -> None:
    world, work = parts
    gate = work.githubs.for_owner("acme").graphql_gate
    before = gate.waits.charged

    await cycle(world, work)

    assert gate.waits.charged == before + QUESTIONS
    assert gate.waits.hourly_limit == 5000


async def test_the_metrics_tell_what_is_left_of_both_limits(parts: tuple[World, Work]) -> None:
    world, work = parts
    await cycle(world, work)

    github = work.githubs.for_owner("acme")
    text = Metrics("1.0").render(work.githubs.by_owner()).decode()

    for api, gate in (("rest", github.gate), ("graphql", github.graphql_gate)):
        whose = f'{{api="{api}",credential="the token",owner="acme"}}'
        assert gate.remaining is not None
        assert f"deployment_fetcher_github_remaining{whose} {gate.remaining:.1f}\n" in text
        assert f"deployment_fetcher_github_charged{whose} {gate.waits.charged:.1f}\n" in text


async def test_asked_too_fast_by_graphql_nothing_is_asked_by_either(
    parts: tuple[World, Work], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    world, work = parts
    world.fake.fail(GRAPHQL, secondary_limit(60))

    assert len(await cycle(world, work)) <= QUESTIONS
    assert await cycle(world, work) == []
    world.clock.tick(60)
    assert GRAPHQL in await cycle(world, work)
