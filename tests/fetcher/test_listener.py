import asyncio
import socket
from typing import Final

import aiohttp
import pytest
from sqlalchemy.engine import URL

from tests.fetcher.delivering import place_as_text
from tests.fetcher.field import Field
from tests.program import Program

LIMITED: Final = '{api="rest",credential="the token",owner="acme"}'


async def ask(running: Program, path: str) -> tuple[int, str]:
    """What a fetcher tells."""
    listens = await asyncio.to_thread(running.logged, r"Serving health and metrics on port (\d+)")
    url = f"http://127.0.0.1:{listens[1]}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


@pytest.mark.usefixtures("shop")
async def test_a_running_fetcher_tells_that_it_works_and_how_much(field: Field) -> None:
    field.settings["FETCHER_LISTEN"] = "127.0.0.1:0"
    async with field.fetcher("run") as running:
        await asyncio.to_thread(running.logged, "2 events delivered")

        assert await ask(running, "/healthz") == (200, "alive\n")
        assert await ask(running, "/readyz") == (200, "ready\n")
        status, text = await ask(running, "/metrics")

    assert status == 200
    for line in (
        'deployment_fetcher_events_total{owner="acme",result="delivered",status="success"} 1.0',
        'deployment_fetcher_repositories{owner="acme"} 1.0',
        'deployment_fetcher_waiting_events{owner="acme"} 0.0',
        "deployment_fetcher_working 1.0",
        f"deployment_fetcher_github_limit{LIMITED} 5000.0",
        f"deployment_fetcher_github_budget{LIMITED} 2500.0",
    ):
        assert f"{line}\n" in text
    assert f"deployment_fetcher_github_remaining{LIMITED} 49" in text


@pytest.mark.usefixtures("shop")
async def test_a_standby_is_alive_and_not_ready_until_it_takes_over(
    field: Field, database: URL
) -> None:
    field.settings |= {"FETCHER_STATE": place_as_text(database), "FETCHER_LISTEN": "127.0.0.1:0"}
    async with field.fetcher("run") as first:
        await asyncio.to_thread(first.logged, "Events go to")
        async with field.fetcher("run") as second:
            await asyncio.to_thread(second.logged, "Standing by")
            assert (await ask(second, "/healthz"))[0] == 200
            status, why = await ask(second, "/readyz")
            assert (status, why.endswith("is in use by another fetcher.\n")) == (503, True)

            await asyncio.to_thread(first.kill)
            await asyncio.to_thread(second.logged, "Events go to")
            assert (await ask(second, "/readyz"))[0] == 200


async def test_a_port_that_can_not_be_had_ends_the_start_with_the_reason(field: Field) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        field.settings["FETCHER_LISTEN"] = f"127.0.0.1:{port}"

        code, log = await field.end("run")

    assert code == 1
    assert f"fetcher.listen: 127.0.0.1:{port}: " in log[-1]
    assert "address already in use" in log[-1]
