"""Who asks GitHub about whose repositories, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from fetcher.clock import Clock, system_clock
from fetcher.config import Settings
from fetcher.github.credentials import Token
from fetcher.github.gate import Gate
from fetcher.github.githubs import GitHubs
from fetcher.github.server import TIMEOUT, Server


@asynccontextmanager
async def open_githubs(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[GitHubs]:
    """GitHub, for every owner."""
    github = settings.github
    token = Token(github.token.get_secret_value() if github.token else None)

    def new_gate() -> Gate:
        return Gate(github.requests_per_minute, github.budget_percent, clock)

    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT) as session:
        yield GitHubs(Server(session, github.api_url), lambda _owner: token, new_gate)
