"""A fake with one repository, and a client of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from tests.fake_github import Clock, FakeGitHub, Repository, serve

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORKFLOW = "name: Deploy\non: push\njobs: {}\n"


@dataclass
class World:
    clock: Clock
    fake: FakeGitHub
    shop: Repository
    session: ClientSession

    async def get(self, path: str, **headers: str) -> ClientResponse:
        """The answer, read to its end."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(self.fake.api_url + path, headers=named) as response:
            await response.read()
            return response

    async def post(self, path: str, body: Any = None, **headers: str) -> ClientResponse:
        """The answer to a POST, read to its end."""
        url = self.fake.api_url + path
        async with self.session.post(url, json=body, headers=headers) as response:
            await response.read()
            return response

    async def json(self, path: str) -> Any:
        response = await self.get(f"/repos/acme/shop{path}")
        assert response.status == 200, await response.text()
        return await response.json()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = Clock(NOON)
    fake = FakeGitHub(clock)
    shop = fake.add_repository(
        "acme/shop",
        environments=("staging", "production"),
        protected=("production",),
        workflows={"deploy.yml": WORKFLOW},
    )
    async with (
        serve(fake),
        ClientSession(headers={"Authorization": "Bearer ghs_fake"}) as session,
    ):
        yield World(clock, fake, shop, session)
