"""Repositories of owners that are followed, as they come and go."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select as select_columns

from fetcher.access import open_githubs
from fetcher.config import Settings
from fetcher.github.errors import Limited, Missing
from fetcher.github.settings import GitHubSettings
from fetcher.mapping.rules import Match, Rule
from fetcher.once import once
from fetcher.schedule.roster import AFTER_FAILURE, ASKED_AGAIN, look_up
from fetcher.schema import repositories
from fetcher.selection import select
from fetcher.work import Work
from tests.fake_github import FakeGitHub, answer, late, secondary_limit, serve, server_error
from tests.fetcher.reading import TOKEN, World, fake_github, until
from tests.fetcher.working import working


@pytest.fixture
def fake() -> FakeGitHub:
    fake = fake_github()
    for name in ("shop", "api", "web"):
        fake.add_repository(f"acme/{name}", workflows={"cd.yml": ""})
    return fake


@asynccontextmanager
async def following(
    fake: FakeGitHub, folder: Path, *patterns: str, token: str | None = TOKEN
) -> AsyncIterator[tuple[World, Work]]:
    async with working(fake, folder, patterns=patterns, token=token) as parts:
        yield parts


async def names(work: Work) -> Sequence[str]:
    return sorted((await work.due()).names)


async def cycle(work: Work) -> None:
    await asyncio.gather(*map(work.read, (await work.due()).names))


async def test_all_of_an_owner_are_read_but_those_that_are_left_out_or_cannot_deploy(
    fake: FakeGitHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fetcher.schedule.roster")
    fake.add_repository("acme/old").archived = True
    fake.add_repository("other/thing")
    async with following(fake, tmp_path, "acme/*", "!acme/web", "!acme/new") as (world, work):
        assert await names(work) == ["acme/api", "acme/shop"]
        fake.add_repository("acme/new")
        fake.delete("acme/web")
        world.clock.tick(ASKED_AGAIN.total_seconds())
        assert await names(work) == ["acme/api", "acme/shop"]
    assert caplog.messages == ["acme/*: 2 repositories"]


async def test_a_repository_that_a_rule_ignores_is_not_asked_about_at_all(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    rule = Rule(match=Match(repository="ACME/[sw]*"), ignore=True)
    async with working(fake, tmp_path, patterns=("acme/*",), rules=(rule,)) as (world, work):
        due = await work.due()
        await asyncio.gather(*map(work.read, due.names))

        assert (due.names, due.owners.total()) == (["acme/api"], 1)
        asked = {request.path.split("/")[3] for request in world.requests()}
        assert asked == {"repos", "api"}  # the owner's list, and the one


async def test_an_archived_repository_that_is_named_is_read(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.add_repository("acme/old").archived = True
    async with following(fake, tmp_path, "acme/*", "acme/old") as (_, work):
        assert "acme/old" in await names(work)


async def test_a_repository_that_comes_is_read_with_its_past_and_one_that_goes_is_not(
    fake: FakeGitHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fetcher.schedule.roster")
    async with following(fake, tmp_path, "acme/*") as (world, work):
        await cycle(work)
        fake.delete("acme/web")
        new = fake.add_repository("acme/new", workflows={"cd.yml": ""})
        new.start_run("cd.yml").deploy("dev")
        world.clock.tick(ASKED_AGAIN.total_seconds())
        await cycle(work)

        assert await world.told("service", "environment") == [("new", "dev"), ("new", "dev")]
        assert await names(work) == ["acme/api", "acme/new", "acme/shop"]
        assert caplog.messages == [
            "acme/*: 3 repositories",
            "acme/*: acme/new is read from now on",
            "acme/*: acme/web is gone",
        ]


async def test_one_that_comes_back_goes_on_where_it_was(fake: FakeGitHub, tmp_path: Path) -> None:
    shop = fake.repositories[0]
    shop.start_run("cd.yml").deploy("dev")
    async with following(fake, tmp_path, "acme/*") as (world, work):
        await cycle(work)
        for present in (False, True):
            fake.repositories = fake.repositories[1:] if not present else [shop, *fake.repositories]
            world.clock.tick(ASKED_AGAIN.total_seconds())
            await cycle(work)

        assert len(await world.told()) == 2


async def test_an_owner_is_asked_seldom_and_for_nothing_while_nothing_changes(
    tmp_path: Path,
) -> None:
    fake = fake_github()
    for number in range(250):
        fake.add_repository(f"acme/app-{number}")
    async with following(fake, tmp_path, "acme/*") as (world, work):
        assert len(await names(work)) == 250
        world.requests()
        for _ in range(20):
            world.clock.tick(30)
            await work.due()

        asked = world.requests()
        assert [request.status for request in asked] == [304, 304, 304]
        assert not any(request.charged for request in asked)


async def test_what_is_known_is_read_while_the_owner_cannot_be_asked(
    fake: FakeGitHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with following(fake, tmp_path, "acme/*") as (world, work):
        await work.due()
        world.clock.tick(ASKED_AGAIN.total_seconds())

    async with following(fake, tmp_path, "acme/*") as (world, work):
        fake.fail("/orgs/*", server_error(), times=99)
        assert len(await names(work)) == 3
        world.clock.tick(1)
        assert len(await names(work)) == 3
        assert caplog.messages == ["acme/*: GitHub answers 500"]

        fake.faults.clear()
        caplog.set_level(logging.INFO, "fetcher.monitoring.troubles")
        world.clock.tick(AFTER_FAILURE.total_seconds())
        await work.due()
        assert caplog.messages[-1].startswith("acme/*: works again")


async def test_an_owner_about_whom_github_is_slow_holds_up_no_other_and_is_named_first(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.add_repository("globex/shop")
    answers = asyncio.Event()
    fake.fail("/orgs/acme/repos", late(after=answers))
    async with following(fake, tmp_path, "acme/*", "globex/*") as (world, work):
        due = asyncio.create_task(names(work))
        await until(lambda: any("globex" in request.path for request in fake.requests))
        answers.set()

        assert len(await due) == 4
        given = select_columns(repositories.c.service).order_by(repositories.c.name)
        services = await world.state.run(lambda c: [*c.scalars(given)])
        assert services == ["api", "shop", "web", "globex/shop"]


async def test_one_that_was_deleted_since_the_owner_was_asked_is_no_failure(
    fake: FakeGitHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fetcher")
    async with following(fake, tmp_path, "acme/*") as (world, work):
        due = await work.due()
        world.clock.tick(AFTER_FAILURE.total_seconds())
        fake.delete("acme/web")

        assert [await work.read(name) for name in due.names] == [None] * 3
        assert await names(work) == ["acme/api", "acme/shop"]

    assert "acme/*: acme/web is gone" in caplog.messages
    assert not [each for each in caplog.records if each.levelno > logging.INFO]


async def test_those_that_the_owner_has_and_that_can_not_be_found_are_failures(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    async with following(fake, tmp_path, "acme/*") as (world, work):
        await work.due()
        world.clock.tick(AFTER_FAILURE.total_seconds())
        fake.fail("/repos/acme/*", answer(404), times=99)
        world.requests()

        errors = [await work.read(f"acme/{name}") for name in ("web", "api", "shop")]

        assert all(isinstance(error, Missing) for error in errors)
        assert [each.path for each in world.requests()].count("/orgs/acme/repos") == 1


async def test_an_owner_that_is_not_known_does_not_hold_up_the_others(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.fail("/orgs/gone/repos", answer(403), times=9)
    async with following(fake, tmp_path, "gone/*", "acme/*") as (_, work):
        due = await work.due()

        assert len(due.names) == 3
        assert list(due.unlisted) == ["gone"]


async def test_an_owner_that_is_not_there_is_not_asked_for_again_at_once(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    async with following(fake, tmp_path, "gone/*") as (world, work):
        await work.due()
        world.requests()
        world.clock.tick(ASKED_AGAIN.total_seconds() - 1)
        await work.due()
        assert world.requests() == []

        fake.add_repository("gone/back")
        world.clock.tick(1)
        assert await names(work) == ["gone/back"]


async def test_a_limit_met_before_any_repository_is_known_is_remembered_by_the_next_process(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.fail("*", secondary_limit(120))
    async with following(fake, tmp_path, "new/*") as (_, work):
        await once(work)
    fake.requests.clear()

    async with following(fake, tmp_path, "new/*") as (world, work):
        due = await work.due()

    assert isinstance(due.unlisted["new"], Limited)
    assert world.requests() == []


async def test_a_persons_private_repositories_are_read_with_their_own_token_alone(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.users.add("ana")
    fake.add_repository("ana/site")
    fake.add_repository("ana/secret", private=True)
    fake.add_token("ghp_ana", login="ana")
    for token, count in (("ghp_ana", 2), (TOKEN, 1), (None, 1)):
        async with following(fake, tmp_path / str(token), "ana/*", token=token) as (_, work):
            assert len(await names(work)) == count


async def test_a_renamed_repository_goes_on_under_its_new_name_and_tells_nothing_twice(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.repositories[0].start_run("cd.yml").deploy("dev")
    async with following(fake, tmp_path, "acme/*") as (world, work):
        await cycle(work)
        fake.rename("acme/shop", "acme/store")
        world.clock.tick(ASKED_AGAIN.total_seconds())
        await cycle(work)
        fake.repositories[0].start_run("cd.yml").deploy("qa")
        world.clock.tick(60)
        await cycle(work)

        assert await world.told("service", "environment", "status") == [
            ("shop", "dev", "in-progress"),
            ("shop", "dev", "success"),
            ("shop", "qa", "in-progress"),
            ("shop", "qa", "success"),
        ]


async def test_an_app_is_asked_for_the_repositories_that_it_is_installed_for() -> None:
    fake = FakeGitHub()  # at the time that the App's own signature tells
    for name in ("shop", "secret", "other"):
        fake.add_repository(f"acme/{name}", private=name == "secret")
    app = fake.add_app()
    app.install("acme", repositories=["shop", "secret"])
    async with serve(fake) as url:
        github = GitHubSettings(
            api_url=url, app_id=app.client_id, private_key=SecretStr(app.private_key)
        )
        async with open_githubs(Settings(github=github)) as githubs:
            names, failures = await look_up(githubs, select(["acme/*"]))

    assert sorted(names) == ["acme/secret", "acme/shop"]
    assert failures == {}
