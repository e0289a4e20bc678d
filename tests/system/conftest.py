"""A tab of the browser, on a receiver of its own, that hears every complaint."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect

from tests.program import Receiver
from tests.system.dashboard import Dashboard

# However busy the machine is: what comes to pass is seen at once.
expect.set_options(timeout=30_000)


@pytest.fixture
def tab_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the tab is like; a test says it by `indirect` parameters, as `color_scheme`."""
    options = {"viewport": {"width": 1280, "height": 800}}
    return options | getattr(request, "param", {})


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the tab complains of, which is nothing."""
    heard: list[str] = []
    yield heard
    assert not heard


@pytest.fixture
def page(
    browser: Browser, receiver: Receiver, complaints: list[str], tab_options: dict[str, Any]
) -> Iterator[Page]:
    """A tab. What it complains of are errors and warnings, the content security policy's too,
    dialogs, and requests to anyone but the receiver.
    """

    def watch(request: Request) -> None:
        if not request.url.startswith((f"{receiver.url}/", "data:")):
            complaints.append(f"a request to {request.url}")

    def read(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            complaints.append(said.text)

    def refuse(dialog: Dialog) -> None:
        complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    context = browser.new_context(base_url=receiver.url, **tab_options)
    context.on("request", watch)
    context.on("console", read)
    context.on("dialog", refuse)
    context.on("weberror", lambda error: complaints.append(f"an error: {error.error}"))
    opened = context.new_page()
    yield opened
    context.close()


@pytest.fixture
def dashboard(page: Page, receiver: Receiver) -> Dashboard:
    """The dashboard, not yet opened."""
    return Dashboard(page, receiver)
