"""What tests of several parts share: a running receiver, a browser, a PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from scripts import chromium
from tests.postgres import PostgresServer
from tests.program import Receiver

# How long an example takes is the machine's affair, and one receiver may serve all examples of a
# test: each knows its own events.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("any machine")

# A browser looks for updates and more by itself; the tests have no network.
QUIET: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """A receiver with an empty log, on a free port."""
    with Receiver(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """A receiver for all tests of a module: each must know its own events from the others'."""
    with Receiver(tmp_path_factory.mktemp("receiver")) as running:
        yield running


# Not for the session: Playwright's loop would be in the way of the asyncio tests that follow.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one module, which are plain functions."""
    executable = chromium.find()
    assert executable, "there is no Chromium: run `make chromium`"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=executable, args=[*chromium.ARGUMENTS, *QUIET]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started when the first test asks for it."""
    with PostgresServer() as server:
        yield server
