import asyncio
import json
import sys
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.engine import URL

from tests.fake_github import (
    Repository,
    hang,
    primary_limit,
    secondary_limit,
)
from tests.fetcher.delivering import place_as_text
from tests.fetcher.field import Field
from tests.fetcher.reading import TOKEN, until
from tests.fetcher.receiver_double import API_KEY
from tests.postgres import PostgresServer
from tests.program import clean_environment, end_unread


@pytest.mark.usefixtures("shop")
async def test_once_ends_with_0_when_all_was_read_and_delivered_and_does_nothing_twice(
    field: Field,
) -> None:
    code, log = await field.end("once")
    assert (code, field.stored()) == (0, 2)
    assert [line.partition("INFO")[2].strip() for line in log] == [
        "acme/shop: 2 new events",
        "2 events delivered",
    ]

    assert await field.end("once") == (0, [])
    assert field.stored() == 2


@pytest.mark.usefixtures("shop")
async def test_once_ends_with_1_when_a_repository_was_not_read_and_the_others_are_delivered(
    field: Field,
) -> None:
    field.settings["FETCHER_REPOSITORIES"] = "acme/gone,acme/shop"

    for _ in range(2):  # the second one leaves it alone, and still says why
        code, log = await field.end("once")

        assert code == 1
        said = [line for line in log if "acme/gone" in line]
        assert len(said) == 1
        assert "GitHub does not know it, or hides it from the token. Check how it is" in said[0]
    assert field.stored() == 2


@pytest.mark.usefixtures("shop")
async def test_once_ends_with_1_when_the_receiver_refuses_the_key(field: Field) -> None:
    field.settings["FETCHER_API_KEY"] = "another"

    code, log = await field.end("once")

    assert code == 1
    assert "Not delivered yet: 2" in log[-1]
    assert "another" not in "\n".join(log)


@pytest.mark.usefixtures("shop")
async def test_once_says_what_helps_against_a_token_that_is_refused(field: Field) -> None:
    field.settings["FETCHER_GITHUB__TOKEN"] = "revoked"

    code, log = await field.end("once")

    assert code == 1
    assert "GitHub refuses the token: it expired, was revoked" in log[0]
    assert "/settings/personal-access-tokens and set fetcher.github.token" in log[0]


@pytest.mark.usefixtures("shop")
async def test_once_waits_for_a_limit_that_ends_soon(field: Field) -> None:
    field.fake.fail("*/statuses", secondary_limit(1))

    code, _ = await field.end("once")

    assert (code, field.stored()) == (0, 2)


async def test_once_ends_with_75_when_a_limit_lasts_too_long_and_does_the_rest_first(
    field: Field, shop: Repository
) -> None:
    field.settings["FETCHER_API_KEY"] = "wrong"
    await field.end("once")
    assert field.stored() == 0
    shop.start_run("cd.yml").deploy("staging")
    field.fake.fail("*/statuses", primary_limit(field.fake.now() + timedelta(minutes=10)))
    field.settings["FETCHER_API_KEY"] = API_KEY

    code, log = await field.end("once")

    assert (code, field.stored()) == (75, 2)
    used_up = "Reading with the token: GitHub's limit of 5,000 requests an hour is used up"
    assert [used_up in line for line in log if " ERROR " in line] == [True]


@pytest.mark.usefixtures("shop")
async def test_once_ends_with_75_when_the_state_is_in_use(field: Field) -> None:
    async with field.fetcher("run") as running:
        await until(lambda: field.stored() == 2)
        code, log = await field.end("once")

        assert code == 75
        assert len(log) == 1
        assert "is in use by another fetcher" in log[0]
        assert await asyncio.to_thread(running.stop) == 0


@pytest.mark.usefixtures("shop")
async def test_run_stops_while_github_does_not_answer(field: Field) -> None:
    field.fake.fail("*", hang(), times=99)
    async with field.fetcher("run") as running:
        await until(lambda: field.fake.requests)

        assert await asyncio.to_thread(running.stop) == 0
        assert running.log[-1].endswith("Stopped")


@pytest.mark.usefixtures("shop")
async def test_run_stops_while_the_receiver_does_not_answer(
    field: Field,
) -> None:
    field.settings["FETCHER_RECEIVER_TIMEOUT_SECONDS"] = "300"
    field.receiver.faults.append("hang")
    async with field.fetcher("run") as running:
        await until(lambda: field.receiver.posts)

        assert await asyncio.to_thread(running.stop) == 0
        assert not any("Traceback" in line for line in running.log)


@pytest.mark.usefixtures("shop")
async def test_a_limit_is_said_once_and_nothing_is_asked_while_it_lasts(field: Field) -> None:
    field.fake.fail("*", secondary_limit(3), times=1)
    async with field.fetcher("run") as running:
        await until(lambda: field.stored() == 2)
        await asyncio.to_thread(running.logged, "Reading with the token: works again after")
        first, second = (request.at for request in field.fake.requests[:2])

        assert (second - first).total_seconds() >= 3
        assert sum("GitHub asks to wait" in line for line in running.log) == 1


@pytest.mark.parametrize("command", ["run", "once", "plan", "check"])
async def test_without_repositories_there_is_nothing_to_do_and_one_line_says_so(
    field: Field, command: str
) -> None:
    field.settings["FETCHER_REPOSITORIES"] = ""

    assert await field.end(command) == (
        78,
        ["fetcher.repositories (FETCHER_REPOSITORIES): name at least one repository, owner/name"],
    )


async def test_every_mistake_in_the_settings_is_a_line(field: Field) -> None:
    field.settings |= {"FETCHER_POLL_SECONDS": "x", "FETCHER_BACKFILL_DAYS": "-1"}

    code, log = await field.end("run")

    assert code == 78
    assert [line.partition(" ")[0] for line in log] == [
        "fetcher.poll_seconds",
        "fetcher.backfill_days",
    ]


@pytest.mark.usefixtures("shop")
async def test_a_key_is_needed_to_deliver_and_not_to_plan(field: Field) -> None:
    field.settings["FETCHER_API_KEY"] = ""

    code, log = await field.end("once")
    assert code == 78
    assert log == ["fetcher.api_key (FETCHER_API_KEY): set it to one of the receiver's keys"]
    assert (await field.end("plan"))[0] == 0


@pytest.mark.usefixtures("shop")
async def test_plan_prints_a_table_and_leaves_no_trace(field: Field) -> None:
    code, log = await field.end("plan")

    assert code == 0
    assert log[0].startswith("REPOSITORY")
    assert log[1].split()[:3] == ["acme/shop", "deployments", "shop"]
    assert not (field.folder / "data").exists()
    assert field.receiver.paths == set()


@pytest.mark.usefixtures("shop")
async def test_plan_prints_json_and_ends_with_1_when_something_is_wrong(field: Field) -> None:
    field.settings["FETCHER_REPOSITORIES"] = "acme/shop,acme/gone"

    code, log = await field.end("plan", "--json")

    assert code == 1
    assert [found["lane"] for found in json.loads("\n".join(log))] == ["deployments", "error"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [(">/dev/full", 1, "standard output: No space left on device\n"), ("2>&-", 0, "")],
)
async def test_a_stream_that_takes_nothing_ends_no_plan_with_a_traceback(
    field: Field, streams: str, code: int, said: str
) -> None:
    ended = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m fetcher plan {streams}",
        cwd=field.folder,
        env=clean_environment() | field.settings,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await ended.communicate()

    assert ended.returncode == code
    assert errors.decode().endswith(said)
    assert "Traceback" not in errors.decode()


@pytest.mark.usefixtures("shop")
async def test_a_plan_whose_reader_has_seen_enough_ends_as_any_other(field: Field) -> None:
    run = partial(end_unread, "fetcher", "plan", folder=field.folder, settings=field.settings)

    assert await asyncio.to_thread(run) == (0, "")


@pytest.mark.usefixtures("shop")
async def test_plan_and_once_read_all_that_an_owner_has_and_say_whom_they_cannot_ask(
    field: Field,
) -> None:
    field.settings["FETCHER_REPOSITORIES"] = "acme/*,gone/*"

    code, log = await field.end("plan")
    assert code == 1
    rows = [line.split()[:2] for line in log if "/" in line.partition(" ")[0]]
    assert rows[:2] == [["acme/shop", "deployments"], ["gone/*", "error"]]

    code, log = await field.end("once")
    assert (code, field.stored()) == (1, 2)
    assert sum("gone/*: GitHub does not know it" in line for line in log) == 1


@pytest.mark.usefixtures("shop")
async def test_check_ends_with_0_only_when_nothing_is_wrong(field: Field) -> None:
    code, log = await field.end("check")
    assert (code, {line.split()[0] for line in log}) == (0, {"ok"})

    field.settings["FETCHER_API_KEY"] = "another"
    code, log = await field.end("check", "--json")
    assert code == 1
    levels = [found["level"] for found in json.loads("\n".join(log))]
    assert levels.count("error") == 1
    assert not (field.folder / "data").exists()


@pytest.mark.usefixtures("shop")
async def test_check_works_beside_a_running_fetcher(field: Field) -> None:
    async with field.fetcher("run"):
        await until(lambda: field.stored() == 2)

        code, log = await field.end("check")

        assert code == 0
        assert any("events waiting to be delivered" in line for line in log)


@pytest.mark.usefixtures("shop")
async def test_the_settings_can_stand_in_a_file_that_is_named(field: Field) -> None:
    file = field.folder / "named.toml"
    file.write_text('[fetcher]\nrepositories = ["acme/shop"]\n')
    field.settings["FETCHER_REPOSITORIES"] = ""

    assert (await field.end("plan", "--config", str(file)))[0] == 0
    assert (await field.end("--config", str(file), "plan"))[0] == 0


async def test_help_names_the_commands_and_the_exit_codes(field: Field) -> None:
    code, lines = await field.end("--help")

    text = "\n".join(lines)
    assert code == 0
    assert all(word in text for word in ("run", "once", "plan", "--config", "75", "78"))


async def test_the_version_is_told(field: Field) -> None:
    code, lines = await field.end("--version")

    assert code == 0
    assert lines[0].startswith("deployment-fetcher ")


@pytest.mark.usefixtures("shop")
async def test_no_secret_is_ever_logged(field: Field) -> None:
    field.fake.tokens.clear()
    field.receiver.faults.append("401")

    _, log = await field.end("once")

    assert TOKEN not in "\n".join(log)
    assert API_KEY not in "\n".join(log)


async def test_with_a_database_a_second_fetcher_stands_by_and_takes_over_when_the_first_is_killed(
    field: Field, shop: Repository, database: URL
) -> None:
    field.settings["FETCHER_STATE"] = place_as_text(database)
    async with field.fetcher("run") as first:
        await until(lambda: field.stored() == 2)
        async with field.fetcher("run") as second:
            await asyncio.to_thread(second.logged, "in use by another fetcher. Standing by")
            assert (await field.end("once"))[0] == 75
            await asyncio.to_thread(first.kill)
            shop.start_run("cd.yml").deploy("production")

            await asyncio.to_thread(second.logged, "2 events delivered")
            assert await asyncio.to_thread(second.stop) == 0
    assert field.stored() == 4


@pytest.mark.usefixtures("shop")
async def test_a_fetcher_that_loses_its_database_stands_by_and_goes_on(
    field: Field, postgres: PostgresServer, database: URL
) -> None:
    field.settings["FETCHER_STATE"] = place_as_text(database)
    async with field.fetcher("run") as running:
        await until(lambda: field.stored() == 2)
        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(running.logged, r"can't be opened: .*[^.]\. Standing by")
        await asyncio.to_thread(postgres.start)

        await until(lambda: sum("Reading 1 repository" in line for line in running.log) == 2)
        assert not any("Traceback" in line for line in running.log)
        assert await asyncio.to_thread(running.stop) == 0
    assert field.stored() == 2
