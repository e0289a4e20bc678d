"""A whole fetcher but its process: it reads a fake GitHub and delivers to a receiver."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
from yarl import URL

from fetcher.deliver.delivery import Delivery
from fetcher.deliver.receiver import Receiver
from fetcher.mapping.rules import Rule
from fetcher.monitoring.vitals import Vitals
from fetcher.poll.survey import Policy
from fetcher.schedule.roster import Roster
from fetcher.schedule.rota import Rota
from fetcher.selection import select
from fetcher.work import Work
from tests.fake_github import FakeGitHub
from tests.fetcher.reading import BACKFILL, TOKEN, World, reading
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
    patterns: Sequence[str] = (),
    rules: tuple[Rule, ...] = (),
) -> AsyncIterator[tuple[World, Work]]:
    async with (
        reading(fake, folder, token=token, budget_percent=budget_percent, rules=rules) as world,
        aiohttp.ClientSession() as session,
    ):
        receiver = Receiver(session, URL(receiver_url), API_KEY, 5, world.clock)
        delivery = Delivery(world.state, receiver, world.clock)
        names = [repository.full_name for repository in fake.repositories]
        policy = Policy(id_prefix="gh", backfill=BACKFILL, rules=rules)
        roster = Roster(world.state, world.githubs, select(patterns or names), policy, world.clock)
        rota = Rota(world.state, world.githubs, roster, CYCLE, world.clock)
        yield (
            world,
            Work(rota, world.githubs, world.poller, delivery, world.clock, Vitals(world.clock)),
        )
