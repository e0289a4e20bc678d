"""A running receiver for each test."""

import logging
import os
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from receiver.config import Settings
from tests.postgres import PostgresServer
from tests.receiver.api import Api, Clock, serving, settings_for
from tests.receiver.examples import NOON


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("RECEIVER_", "DEPLOYMENT_DASHBOARD_")):
            monkeypatch.delenv(name)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """The loop that the program runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on every database that its mark names, else on SQLite."""
    if "database_url" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("databases")
        metafunc.parametrize("database_url", marked.args if marked else ["sqlite"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database."""
    if request.param == "sqlite":
        return settings_for(tmp_path).database_url
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.emptied_database()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return settings_for(tmp_path, database_url=database_url)


@pytest.fixture
async def api(
    settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Api]:
    """A receiver with an empty log. Whatever a client does to it, it logs no error."""
    caplog.set_level(logging.DEBUG)
    async with serving(settings, clock) as running:
        yield running
    errors = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not errors
