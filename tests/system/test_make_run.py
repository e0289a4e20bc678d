"""`make run`, as a person uses it: started, tried out, broken, and ended with Ctrl-C."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.fake_github import FakeGitHub, serve
from tests.system.command import Command, free_port, is_open, started

SCRIPT = (sys.executable, "scripts/run.py")
MAKE_RUN = ("make", "--assume-old=.venv/installed", "run")  # a test does not set up .venv anew


@dataclass
class Place:
    """Where one test runs the project: its own config, data and port."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **more: str) -> dict[str, str]:
        return {
            "DEPLOYMENT_DASHBOARD_CONFIG": str(self.config),
            "RECEIVER_PORT": str(self.port),
            "RECEIVER_DATABASE_URL": f"sqlite+aiosqlite:///{self.folder}/deployments.db",
            "FETCHER_STATE": str(self.folder / "fetcher.db"),
            **more,
        }

    async def get(self, path: str) -> Any:
        async with ClientSession() as session, session.get(self.address + path) as answer:
            return await answer.json()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, free_port())


def children_of(process: int) -> dict[str, int]:
    """The programs that run below a process: name to process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended since
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            arguments = (folder / "cmdline").read_text().split("\0")
            if int(parent) == process and "-m" in arguments:
                found[arguments[arguments.index("-m") + 1]] = int(folder.name)
    return found


async def until_gone(process: int) -> None:
    async with asyncio.timeout(60):
        while Path(f"/proc/{process}").exists():  # noqa: ASYNC110, ASYNC240 - it is another process
            await asyncio.sleep(0.02)


async def fed(place: Place, command: Command) -> None:
    """Wait until the fetcher has brought the one deployment of the fake GitHub, to its end."""
    await command.says("^curl")
    ended = "/api/deployments?service=shop&status=success"
    async with asyncio.timeout(60):
        while not (await place.get(ended))["items"]:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


def github_with_a_deployment() -> FakeGitHub:
    fake = FakeGitHub()
    shop = fake.add_repository("acme/shop", environments=("staging",), workflows={"cd.yml": ""})
    run = shop.start_run("cd.yml")
    run.deploy("staging")
    run.finish()
    return fake


def watching(github: str) -> dict[str, str]:
    return {
        "FETCHER_REPOSITORIES": "acme/shop",
        "FETCHER_GITHUB__API_URL": github,
        "FETCHER_GITHUB__TOKEN": "ghs_fake",
        "FETCHER_POLL_SECONDS": "1",
    }


async def test_the_curl_line_it_prints_works_when_pasted_into_a_shell_anywhere(
    place: Place, tmp_path: Path
) -> None:
    async with started(*MAKE_RUN, folder=tmp_path, settings=place.settings()) as command:
        curl = (await command.says("^curl.*")).group()
        for shell in ("bash", "sh"):
            pasted = await asyncio.to_thread(
                subprocess.run, [shell, "-c", curl], cwd="/", capture_output=True, check=True
            )
            assert json.loads(pasted.stdout)["service"] == "hello"
        [row] = (await place.get("/api/matrix"))["rows"]
        assert row["slots"]["dev"]["current"]["version"] == "1.0.0"
        assert f"Dashboard: {place.address}/\n" in command.output


async def test_it_writes_a_config_with_one_random_key_that_only_its_owner_can_read(
    place: Place, tmp_path: Path
) -> None:
    async with started(*SCRIPT, folder=tmp_path, settings=place.settings()) as command:
        await command.says("^curl")
    config = tomllib.loads(place.config.read_text())
    key = config["receiver"]["api_keys"]["default"]
    assert len(key) >= 40
    assert config["fetcher"]["api_key"] == key
    assert f"X-Api-Key: {key}" in command.output
    assert stat.S_IMODE(place.config.stat().st_mode) == 0o600


async def test_it_leaves_a_config_alone_that_is_there(place: Place, tmp_path: Path) -> None:
    text = '[receiver.api_keys]\nmine = "the-key-of-this-test"\n'
    place.config.write_text(text)
    async with started(*SCRIPT, folder=tmp_path, settings=place.settings()) as command:
        await command.says("the-key-of-this-test")
    assert place.config.read_text() == text


async def test_a_second_start_goes_on_where_the_first_ended(place: Place, tmp_path: Path) -> None:
    for services in (["hello"], ["hello", "hello"]):
        async with started(*MAKE_RUN, folder=tmp_path, settings=place.settings()) as command:
            curl = (await command.says("^curl.*")).group()
            await asyncio.to_thread(subprocess.run, ["sh", "-c", curl], check=True)
            events = (await place.get("/api/deployments"))["items"]
            command.press_ctrl_c()
            await command.ends()
        assert [event["service"] for event in events] == services


async def test_ctrl_c_stops_it_though_a_stream_is_open(place: Place, tmp_path: Path) -> None:
    async with (
        started(*MAKE_RUN, folder=tmp_path, settings=place.settings()) as command,
        ClientSession() as session,
    ):
        await command.says("^curl")
        async with session.get(f"{place.address}/api/events/stream"):
            command.press_ctrl_c()
            await command.ends()
    assert not await is_open(place.port)
    assert "Traceback" not in command.errors.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_clean_stop_is_exit_code_0(
    place: Place, tmp_path: Path, number: signal.Signals
) -> None:
    async with serve(github_with_a_deployment()) as github:
        settings = place.settings(**watching(github))
        async with started(*SCRIPT, folder=tmp_path, settings=settings) as command:
            await fed(place, command)
            os.kill(command.process.pid, number)
            assert await command.ends() == 0
    assert "Traceback" not in command.errors.read_text()


async def test_the_fetcher_feeds_the_receiver_that_was_started_whatever_its_port_and_key(
    place: Place, tmp_path: Path
) -> None:
    async with serve(github_with_a_deployment()) as github:
        settings = place.settings(**watching(github), RECEIVER_API_KEY="another-key")
        async with started(*SCRIPT, folder=tmp_path, settings=settings) as command:
            await fed(place, command)
            [row] = (await place.get("/api/matrix"))["rows"]
    assert row["slots"]["staging"]["current"]["status"] == "success"


@pytest.mark.parametrize(("dies", "stays"), [("receiver", "fetcher"), ("fetcher", "receiver")])
async def test_when_one_program_dies_the_other_is_stopped_and_the_dead_one_named(
    place: Place, tmp_path: Path, dies: str, stays: str
) -> None:
    async with serve(github_with_a_deployment()) as github:
        settings = place.settings(**watching(github))
        async with started(*SCRIPT, folder=tmp_path, settings=settings) as command:
            await fed(place, command)
            programs = children_of(command.process.pid)
            os.kill(programs[dies], signal.SIGKILL)
            assert await command.ends() == 1
    assert f"The {dies} ended: killed by signal 9" in command.errors.read_text()
    await until_gone(programs[stays])


async def test_the_programs_do_not_outlive_a_kill(place: Place, tmp_path: Path) -> None:
    async with started(*SCRIPT, folder=tmp_path, settings=place.settings()) as command:
        await command.says("^curl")
        [receiver] = children_of(command.process.pid).values()
        command.process.kill()
        await until_gone(receiver)


async def test_a_port_that_is_taken_is_said_in_one_line(place: Place, tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with taken:
        port = str(taken.sockets[0].getsockname()[1])
        settings = place.settings(RECEIVER_PORT=port)
        async with started(*SCRIPT, folder=tmp_path, settings=settings) as command:
            assert await command.ends() == 1
    [line] = command.errors.read_text().splitlines()
    assert line.startswith(f"127.0.0.1:{port}: Address already in use")


async def test_wrong_settings_are_said_line_by_line(place: Place, tmp_path: Path) -> None:
    place.config.write_text('[receiver]\nport = "x"\nhots = "y"\n[receiver.api_keys]\na = "key"\n')
    async with started(
        *SCRIPT, folder=tmp_path, settings={"DEPLOYMENT_DASHBOARD_CONFIG": str(place.config)}
    ) as command:
        assert await command.ends() == 78
    lines = command.errors.read_text().splitlines()
    assert len(lines) == 2
    assert "receiver.port (RECEIVER_PORT)" in lines[0]
    assert "receiver.hots" in lines[1]
