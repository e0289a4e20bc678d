"""Many tabs of one browser: one stream for all of them, over plain HTTP/1.1."""

from typing import Final

from playwright.sync_api import BrowserContext, Page, expect

from tests.program import Receiver, eventually
from tests.system.dashboard import Dashboard

# A browser keeps six connections to one server, so that the seventh stream would be one too many.
TABS: Final = 7


def open_tabs(context: BrowserContext, receiver: Receiver) -> list[Dashboard]:
    return [Dashboard(context.new_page(), receiver).open() for _ in range(TABS)]


def streams(receiver: Receiver) -> float:
    """How many streams the receiver has open."""
    text = receiver.request("GET", "/metrics").body.decode()
    name = "deployment_receiver_streams "
    [line] = [line for line in text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def come_to_be(number: int, receiver: Receiver) -> None:
    """Wait until just so many streams are open."""

    def so_many() -> None:
        assert streams(receiver) == number

    eventually(so_many)


def shows(tab: Dashboard, version: str) -> None:
    expect(tab.slot("checkout", "prod")).to_contain_text(version)
    expect(tab.connection).to_have_text("Live")


def test_seven_tabs_are_live_over_one_stream_and_stay_so_when_the_first_is_closed(
    page: Page, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    tabs = open_tabs(page.context, receiver)
    assert streams(receiver) == 1

    receiver.post(version="1.1.0")
    for tab in tabs:
        shows(tab, "1.1.0")

    first, *others = tabs
    first.page.close()
    receiver.post(version="1.2.0")
    for tab in others:
        shows(tab, "1.2.0")
    assert streams(receiver) == 1

    for tab in others:
        tab.page.close()
    come_to_be(0, receiver)


def test_a_reload_and_a_way_back_are_live_again(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post(version="1.0.0")
    page = dashboard.open().page
    page.reload()
    page.goto("/api/docs")
    page.go_back()

    receiver.post(version="1.1.0")

    shows(dashboard, "1.1.0")
    come_to_be(1, receiver)  # the browser ends those of the pages before in its own time


def test_a_browser_without_shared_workers_has_a_stream_for_each_tab(
    page: Page, receiver: Receiver
) -> None:
    page.context.add_init_script("delete window.SharedWorker")
    receiver.post(version="1.0.0")
    tabs = [Dashboard(page.context.new_page(), receiver).open() for _ in range(2)]

    receiver.post(version="1.1.0")

    for tab in tabs:
        shows(tab, "1.1.0")
    assert streams(receiver) == 2
