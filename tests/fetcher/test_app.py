import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from fetcher.github.errors import GitHubError, ShutOut, Unreachable
from fetcher.github.settings import GitHubSettings, OwnersCredentialSettings
from tests.fake_github import FakeGitHub, Fault, answer, garbage, secondary_limit, server_error
from tests.fake_github.apps import App, Installation
from tests.fetcher.reading import World, fake_github, reading

TOKENS = "/app/installations/*/access_tokens"


@pytest.fixture
def fake() -> FakeGitHub:
    fake = fake_github()
    for owner in ("acme", "globex"):
        fake.add_repository(f"{owner}/shop", private=True, workflows={"cd.yml": ""})
    return fake


@pytest.fixture
def app(fake: FakeGitHub) -> App:
    return fake.add_app()


@pytest.fixture
def installation(app: App) -> Installation:
    return app.install("acme")


@pytest.fixture
async def world(
    fake: FakeGitHub, app: App, installation: Installation, tmp_path: Path
) -> AsyncIterator[World]:
    assert installation in fake.installations
    async with reading(fake, tmp_path, token=asking_as(app)) as world:
        yield world


def asking_as(app: App) -> GitHubSettings:
    return GitHubSettings(app_id=str(app.id), private_key=SecretStr(app.private_key))


async def ask(world: World, owner: str = "acme") -> None:
    await world.githubs.for_owner(owner).get(f"/repos/{owner}/shop", {})


def granted(world: World) -> int:
    """How many tokens were asked for since the last time this was asked."""
    return sum(request.path.endswith("access_tokens") for request in world.requests())


async def test_an_app_reads_what_it_is_installed_for_with_one_token_for_an_hour(
    world: World,
) -> None:
    for _ in range(3):
        await ask(world)
        world.clock.tick(18 * 60)

    assert granted(world) == 1


async def test_its_client_id_is_as_good_as_its_id(
    fake: FakeGitHub, app: App, tmp_path: Path
) -> None:
    app.install("acme")
    settings = GitHubSettings(app_id=app.client_id, private_key=SecretStr(app.private_key))
    async with reading(fake, tmp_path, token=settings) as world:
        await ask(world)


async def test_many_that_ask_at_once_wait_for_one_token(world: World) -> None:
    await asyncio.gather(*(ask(world) for _ in range(20)))

    assert granted(world) == 1


async def test_the_token_is_renewed_five_minutes_before_it_ends(world: World) -> None:
    await ask(world)
    world.clock.tick(54 * 60)
    await ask(world)
    assert granted(world) == 1

    world.clock.tick(2 * 60)
    await ask(world)

    assert granted(world) == 1


async def test_a_token_that_github_forgot_is_renewed_at_once_and_nobody_notices(
    world: World,
) -> None:
    await ask(world)
    world.clock.tick(60)
    world.fake.tokens.clear()

    await ask(world)

    assert granted(world) == 2


async def test_a_new_token_that_github_does_not_know_yet_is_tried_for_some_seconds(
    world: World,
) -> None:
    world.fake.fail("/repos/*", answer(401), times=3)

    await ask(world)

    assert granted(world) == 1


async def test_a_token_that_is_refused_for_good_is_not_renewed_for_ever(world: World) -> None:
    await ask(world)
    world.clock.tick(60)
    world.fake.fail("/repos/*", answer(401), times=99)

    for _ in range(3):
        with pytest.raises(ShutOut, match="GitHub refuses the App"):
            await ask(world)

    assert granted(world) == 2


async def test_each_owner_has_an_installation_with_a_token_and_a_limit_of_its_own(
    world: World, app: App
) -> None:
    theirs = app.install("globex")
    acme, globex = world.githubs.for_owner("acme"), world.githubs.for_owner("globex")
    await ask(world, "acme")
    await ask(world, "globex")

    assert acme.gate is not globex.gate
    assert acme.credential.fingerprint != globex.credential.fingerprint
    assert (acme.gate.waits.charged, globex.gate.waits.charged) == (1, 1)

    theirs.account.rate.used = 5000
    with pytest.raises(GitHubError, match="used up"):
        await ask(world, "globex")
    await ask(world, "acme")


async def test_a_person_may_install_it_as_well(world: World, app: App) -> None:
    world.fake.add_repository("zoe/shop", private=True)
    world.fake.users.add("zoe")
    world.fake.fail("/orgs/zoe/installation", answer(404, '{"message": "Not Found"}'))
    app.install("zoe")

    await ask(world, "zoe")


async def test_an_owner_without_the_app_is_said_in_words_and_the_others_go_on(
    world: World, app: App
) -> None:
    for _ in range(3):
        with pytest.raises(ShutOut, match=f"The App {app.id} is not installed for globex"):
            await ask(world, "globex")
    await ask(world, "acme")

    assert sum("/globex/installation" in request.path for request in world.requests()) == 2


async def test_once_it_is_installed_it_is_used(world: World, app: App) -> None:
    with pytest.raises(ShutOut):
        await ask(world, "globex")
    app.install("globex")
    world.clock.tick(5 * 60)

    await ask(world, "globex")


@pytest.mark.parametrize("before", ["its first token", "the token ended"])
async def test_a_suspended_installation_is_said_in_words(
    world: World, installation: Installation, before: str
) -> None:
    if before == "the token ended":
        await ask(world)
    installation.suspended_at = world.clock()

    with pytest.raises(ShutOut, match="for acme: This installation has been suspended"):
        await ask(world)


async def test_a_key_of_another_app_is_said_in_words(
    fake: FakeGitHub, app: App, tmp_path: Path
) -> None:
    settings = GitHubSettings(app_id="1", private_key=SecretStr(app.private_key))
    async with reading(fake, tmp_path, token=settings) as world:
        with pytest.raises(ShutOut, match="refuses the App 1 for acme: Integration not found"):
            await ask(world)


async def test_a_clock_that_is_wrong_is_said_in_words(world: World) -> None:
    world.fake.clock = lambda: world.clock() - timedelta(hours=1)

    with pytest.raises(ShutOut, match=r"'iat'.*; check this machine's clock"):
        await ask(world)


async def test_a_clock_that_is_a_little_fast_or_slow_does_no_harm(world: World) -> None:
    for seconds in (-50, 50):
        world.clock.tick(60)
        world.fake.tokens.clear()
        world.fake.clock = lambda seconds=seconds: world.clock() + timedelta(seconds=seconds)  # type: ignore[misc] # bound now
        await ask(world)


async def test_a_fault_while_a_token_is_asked_for_passes(world: World) -> None:
    world.fake.fail(TOKENS, server_error(502), times=2)

    await ask(world)


async def test_a_fault_that_stays_is_unreachable_and_shuts_nobody_out(world: World) -> None:
    world.fake.fail(TOKENS, server_error(502), times=3)
    with pytest.raises(Unreachable):
        await ask(world)

    await ask(world)


@pytest.mark.parametrize("fault", [secondary_limit(7), answer(429, headers={"Retry-After": "7"})])
async def test_asked_too_fast_for_a_token_everybody_waits_as_long_as_github_says(
    world: World, fault: Fault
) -> None:
    world.fake.fail("/orgs/acme/installation", fault)
    outcomes = await asyncio.gather(*(ask(world) for _ in range(5)), return_exceptions=True)

    assert [str(outcome) for outcome in outcomes] == [
        "GitHub asks to wait; asking again at 2026-11-20T12:00:07Z"
    ] * 5
    assert not any(isinstance(outcome, ShutOut) for outcome in outcomes)
    assert len(world.requests()) == 1

    world.clock.tick(7)
    await ask(world)


async def test_an_answer_that_is_no_token_is_garbled(world: World) -> None:
    world.fake.fail(TOKENS, garbage('{"token": ["ghs_marker"]}'))

    with pytest.raises(GitHubError, match="not as documented") as caught:
        await ask(world)
    assert "ghs_marker" not in repr(caught.value)


async def test_after_renewal_what_is_kept_is_asked_for_anew_and_kept_in_its_place(
    world: World,
) -> None:
    (repository,) = [r for r in world.fake.repositories if r.owner == "acme"]
    repository.start_run("cd.yml").deploy("staging")
    await world.reads("acme/shop")
    world.clock.tick(120)
    await world.reads("acme/shop")
    world.requests()
    kept = await world.snapshot_keys()

    await world.reads("acme/shop")
    assert world.charged() == 0

    world.clock.tick(3600)
    await world.reads("acme/shop")
    assert world.charged() > 0
    world.requests()
    await world.reads("acme/shop")
    assert world.charged() == 0
    assert await world.snapshot_keys() == kept


async def test_beside_a_token_an_app_may_be_for_one_owner(
    fake: FakeGitHub, app: App, installation: Installation, tmp_path: Path
) -> None:
    of_acme = OwnersCredentialSettings(
        owners=("acme",), app_id=str(app.id), private_key=SecretStr(app.private_key)
    )
    settings = GitHubSettings(token=SecretStr("ghs_fake"), credentials=(of_acme,))
    async with reading(fake, tmp_path, token=settings) as world:
        await ask(world, "acme")
        await ask(world, "globex")

        asked = [r for r in world.requests() if r.path.startswith("/repos/")]
        assert [r.headers["authorization"] == "token ghs_fake" for r in asked] == [False, True]
        assert installation.account.rate.used == 1
