"""`make demo`, as a person uses it: the board fills, it moves, and Ctrl-C ends it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.system.command import is_open, started


async def get(session: ClientSession, path: str, **query: str) -> Any:
    async with session.get(path, params=query) as answer:
        assert answer.status == 200
        return await answer.json()


async def moves(session: ClientSession, began_at: datetime) -> bool:
    """Whether all services are there, and something that has happened since the start."""
    services = (await get(session, "/api/services"))["items"]
    since = await get(session, "/api/deployments", since=began_at.isoformat())
    return len(services) == 12 and bool(since["items"])


async def until_it_moves(session: ClientSession, began_at: datetime) -> None:
    async with asyncio.timeout(90):
        while not await moves(session, began_at):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.2)


async def test_a_dozen_services_are_shown_and_keep_moving_until_ctrl_c(tmp_path: Path) -> None:
    began_at = datetime.now(UTC)
    command = ("make", "--assume-old=.venv/installed", "demo")  # a test does not set up anew
    async with started(*command, folder=tmp_path, settings={}) as demo:
        address = (await demo.says("^Dashboard: (http://.*)/$"))[1]
        log = Path((await demo.says("Log: (.*)$"))[1])
        async with ClientSession(address) as session:
            await until_it_moves(session, began_at)
            environments = (await get(session, "/api/environments"))["items"]
        assert environments == ["dev", "test", "staging", "production"]
        demo.press_ctrl_c()
        await demo.ends()
    assert not await is_open(int(address.rpartition(":")[2]))
    assert not log.parent.exists()
    assert "Traceback" not in demo.errors.read_text()
