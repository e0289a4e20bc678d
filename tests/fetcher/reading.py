"""The reading half of a fetcher: real parts, real SQLite, a fake GitHub, a clock in hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr
from sqlalchemy import Connection, select

from fetcher import observations, registry
from fetcher.access import credential_for
from fetcher.github.client import GitHub
from fetcher.github.gate import Gate
from fetcher.github.githubs import GitHubs
from fetcher.github.server import Server
from fetcher.github.settings import GitHubSettings
from fetcher.mapping.rules import Rule
from fetcher.poll.poller import Passed, Poller
from fetcher.poll.survey import Policy
from fetcher.schema import outbox, snapshots, watched
from fetcher.state.sqlite import FileState, in_file
from tests.fake_github import Clock, FakeGitHub, Request, late, serve
from tests.fetcher.new_state import put_new_state
from tests.program import DEADLINE_SECONDS

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
BACKFILL = timedelta(days=7)
TOKEN = "ghs_fake"


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so; TimeoutError when it does not come."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for rings no bell
            await asyncio.sleep(0.01)


def fake_github() -> FakeGitHub:
    """An empty GitHub, at the start of time."""
    return FakeGitHub(Clock(START))


@dataclass
class World:
    """A fetcher that reads a fake GitHub, and everything that it has put into its outbox."""

    fake: FakeGitHub
    state: FileState
    githubs: GitHubs
    poller: Poller
    clock: Clock
    asked: int = 0
    slept: list[float] = field(default_factory=list)

    @property
    def github(self) -> GitHub:
        """GitHub, as it is asked about acme's repositories."""
        return self.githubs.for_owner("acme")

    async def passes(self, name: str) -> Passed:
        """One pass over a repository."""
        return await self.poller.read(name, self.clock())

    async def reads(self, name: str) -> None:
        """Passes until nothing that is due is left; none of them may fail."""
        due_at, more = self.clock(), True
        while more:
            passed = await self.poller.read(name, due_at)
            assert passed.error is None, passed.error
            more = passed.more

    async def bodies(self) -> list[dict[str, Any]]:
        """What would be POSTed, in its order."""
        query = select(outbox.c.body).order_by(outbox.c.id)
        bodies = await self.state.run(lambda connection: connection.scalars(query).all())
        return [json.loads(body) for body in bodies]

    async def told(self, *fields: str) -> list[tuple[Any, ...]]:
        """Some fields of what would be POSTed; without names environment and status."""
        names = fields or ("environment", "status")
        return [tuple(body.get(name) for name in names) for body in await self.bodies()]

    async def watched_ids(self) -> list[int]:
        """What is still going to be looked at."""
        query = select(watched.c.id).where(watched.c.look_at.is_not(None)).order_by(watched.c.id)
        return await self.state.run(lambda connection: list(connection.scalars(query)))

    async def snapshot_keys(self) -> set[str]:
        """The answers that are kept."""
        query = select(snapshots.c.key)
        return await self.state.run(lambda connection: set(connection.scalars(query)))

    async def paused_until(self, name: str) -> datetime | None:
        """Until when a repository is left alone."""
        return (await self.state.run(lambda c: observations.known(c, name))).paused_until

    def requests(self) -> list[Request]:
        """What GitHub was asked since the last time this was asked."""
        new = self.fake.requests[self.asked :]
        self.asked = len(self.fake.requests)
        return new

    def charged(self) -> int:
        """How many of these requests were charged."""
        return sum(request.charged for request in self.requests())


def asking_with(token: str | None) -> GitHubSettings:
    """The settings of who has a token, or none."""
    return GitHubSettings(token=SecretStr(token) if token else None)


@asynccontextmanager
async def reading(  # noqa: PLR0913 - what worlds differ in, each by its name
    fake: FakeGitHub,
    folder: Path,
    *,
    token: str | GitHubSettings | None = TOKEN,
    budget_percent: int = 100,
    timeout_seconds: float = 20,
    rules: Iterable[Rule] = (),
    port: int = 0,
    api_url: str | None = None,
) -> AsyncIterator[World]:
    """A fetcher with every repository of the fake registered; its state is in the folder.

    Args:
        token: What to ask with; settings may say more than a token.
        port: Where the fake listens.
        api_url: Where the fetcher asks, if not the fake itself.
    """
    given = token if isinstance(token, GitHubSettings) else asking_with(token)
    assert isinstance(fake.clock, Clock)
    clock, slept = fake.clock, list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.tick(seconds)

    await put_new_state(folder / "fetcher.db")
    async with (
        serve(fake, port) as url,
        in_file(folder / "fetcher.db") as state,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(timeout_seconds)) as session,
    ):
        server = Server(session, api_url or url)
        githubs = GitHubs(
            server,
            lambda owner: credential_for(owner, given, server, clock),
            lambda: Gate(600_000, budget_percent, clock, sleep),
            sleep,
        )
        names = [repository.full_name for repository in fake.repositories]

        def open_up(connection: Connection) -> None:
            registry.register(connection, names, clock() - BACKFILL)
            for github in map(githubs.for_repository, ("acme/", *names)):
                kept = observations.gate(connection, github.credential.fingerprint)
                github.gate.waits = kept

        await state.run(open_up)
        poller = Poller(
            state, githubs, Policy(id_prefix="gh", backfill=BACKFILL, rules=tuple(rules)), clock
        )
        yield World(fake, state, githubs, poller, clock, slept=slept)


@asynccontextmanager
async def amid_a_pass(world: World, name: str, path: str) -> AsyncIterator[None]:
    """What the block does happens while a pass waits for GitHub's answer to this path."""
    go_on, before = asyncio.Event(), len(world.fake.requests)
    world.fake.fail(path, late(go_on))
    reading_now = asyncio.create_task(world.reads(name))
    await until(lambda: any(fnmatch(r.path, path) for r in world.fake.requests[before:]))
    yield
    go_on.set()
    await reading_now
