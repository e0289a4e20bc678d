"""A whole fetcher but its process: it reads a fake GitHub and delivers to a receiver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp

from fetcher.deliver import Delivery
from fetcher.rota import Rota
from fetcher.work import Work
from tests.fake_github import FakeGitHub
from tests.fetcher.reading import TOKEN, World, reading
from tests.fetcher.receiver_double import API_KEY

CYCLE = timedelta(seconds=30)


@asynccontextmanager
async def working(
    fake: FakeGitHub,
    folder: Path,
    receiver_url: str = "http://127.0.0.1:9",
    *,
    token: str | None = TOKEN,
    budget_percent: int = 100,
) -> AsyncIterator[tuple[World, Work]]:
    async with (
        reading(fake, folder, token=token, budget_percent=budget_percent) as world,
        aiohttp.ClientSession() as session,
    ):
        delivery = Delivery(world.engine, session, receiver_url, API_KEY, 5, world.clock)
        names = [repository.full_name for repository in fake.repositories]
        rota = Rota(world.engine, world.githubs, names, CYCLE, world.clock)
        yield world, Work(rota, world.githubs, world.poller, delivery, world.clock)
