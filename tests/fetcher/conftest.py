"""What most tests of the fetcher need: a place for its state, a receiver, and what delivers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from tests.fake_github import FakeGitHub, Repository, serve
from tests.fetcher.delivering import Fetcher, fetcher_with
from tests.fetcher.field import Field
from tests.fetcher.reading import TOKEN
from tests.fetcher.receiver_double import API_KEY, ReceiverDouble, receiver_double
from tests.postgres import PostgresServer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "fetcher.db"


@pytest.fixture
def database(postgres: PostgresServer) -> URL:
    return make_url(postgres.emptied_database())


@pytest.fixture(params=["file", "database"])
def place(request: pytest.FixtureRequest) -> Path | URL:
    """Where the state is; a test that asks for it is run for both."""
    where: Path | URL = request.getfixturevalue(request.param)
    return where


@pytest.fixture
async def receiver() -> AsyncIterator[ReceiverDouble]:
    async with receiver_double() as double:
        yield double


@pytest.fixture
async def fetcher(place: Path | URL, receiver: ReceiverDouble) -> AsyncIterator[Fetcher]:
    async with fetcher_with(place, receiver.url) as fetcher:
        yield fetcher


@pytest.fixture
async def field(tmp_path: Path) -> AsyncIterator[Field]:
    fake = FakeGitHub()
    async with serve(fake) as url, receiver_double() as receiver:
        settings = {
            "FETCHER_RECEIVER_URL": receiver.url,
            "FETCHER_API_KEY": API_KEY,
            "FETCHER_REPOSITORIES": "acme/shop",
            "FETCHER_POLL_SECONDS": "1",
            "FETCHER_GITHUB__API_URL": url,
            "FETCHER_GITHUB__TOKEN": TOKEN,
            "FETCHER_GITHUB__REQUESTS_PER_MINUTE": "60000",
        }
        yield Field(fake, receiver, tmp_path, settings)


@pytest.fixture
def shop(field: Field) -> Repository:
    """A repository that deployed once."""
    repository = field.fake.add_repository("acme/shop", workflows={"cd.yml": "name: CD"})
    repository.start_run("cd.yml").deploy("staging")
    return repository
