"""What most tests of the fetcher need: a place for its state, a receiver, and what delivers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from tests.fetcher.delivering import Fetcher, fetcher_with
from tests.fetcher.receiver_double import ReceiverDouble, receiver_double
from tests.postgres import PostgresServer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "fetcher.db"


@pytest.fixture
def database(postgres: PostgresServer) -> URL:
    return make_url(postgres.database())


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
