"""The baseline of the fetcher: a bare aiohttp client that asks for the same addresses.

`python -m bench.asking` takes them on its standard input, as a JSON list; as many are under way as
the fetcher has.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from typing import Final

import aiohttp

AT_ONCE: Final = 8  # as fetcher.work.PASSES_AT_ONCE, without the time that its import takes


async def ask(addresses: list[str]) -> None:
    """GET each of them, and read the JSON."""
    left = iter(addresses)
    headers = {"Authorization": f"token {os.environ['FETCHER_GITHUB__TOKEN']}"}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(AT_ONCE):
            tasks.create_task(_work(session, left))


async def _work(session: aiohttp.ClientSession, left: Iterator[str]) -> None:
    for address in left:
        async with session.get(address) as response:
            await response.json()


if __name__ == "__main__":
    asyncio.run(ask(json.load(sys.stdin)))
