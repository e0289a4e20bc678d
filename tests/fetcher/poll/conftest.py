"""A world with one repository, acme/shop, and a fetcher that reads it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fake_github import (
    FakeGitHub,
    Repository,
)
from tests.fetcher.reading import World, fake_github, reading

SHOP = "acme/shop"


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_github()


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return fake.add_repository(
        SHOP,
        environments=("staging", "production"),
        protected=("production",),
        workflows={"deploy.yml": "name: Deploy"},
    )


@pytest.fixture
async def world(fake: FakeGitHub, shop: Repository, tmp_path: Path) -> AsyncIterator[World]:
    assert shop in fake.repositories
    async with reading(fake, tmp_path) as world:
        yield world
