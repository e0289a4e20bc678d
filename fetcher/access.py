"""Who asks GitHub about whose repositories, as the settings say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from fetcher.clock import Clock, Sleep, system_clock
from fetcher.config import Settings
from fetcher.github.app import App, Installation
from fetcher.github.credentials import Credential, Token
from fetcher.github.gate import Gate
from fetcher.github.githubs import GitHubs
from fetcher.github.proxy import proxy_for
from fetcher.github.server import TIMEOUT, Server
from fetcher.github.settings import CredentialSettings, GitHubSettings, OwnersCredentialSettings


@asynccontextmanager
async def open_githubs(
    settings: Settings, clock: Clock = system_clock, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[GitHubs]:
    """GitHub, for every owner."""
    github = settings.github
    jar = aiohttp.DummyCookieJar()
    proxy = proxy_for(github.api_url)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT, proxy=proxy) as session:
        server = Server(session, github.api_url)
        yield GitHubs(
            server,
            lambda owner: credential_for(owner, github, server, clock),
            lambda: Gate(github.requests_per_minute, github.budget_percent, clock, sleep),
            sleep,
        )


def credential_for(
    owner: str, settings: GitHubSettings, server: Server, clock: Clock
) -> Credential:
    """The credential to ask with about an owner's repositories."""
    given = settings.credential_for(owner)
    if given.app_id and given.private_key:
        app = App(given.app_id, given.private_key.get_secret_value())
        return Installation(server, app, owner, clock)
    return Token(given.token, _name(given))


def _name(given: CredentialSettings) -> str:
    if isinstance(given, OwnersCredentialSettings):
        return f"the token for {', '.join(given.owners)}"
    return "the token"
