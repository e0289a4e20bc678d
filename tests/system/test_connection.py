"""The dashboard while its receiver goes away and comes back."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard
from tests.system.proxy import holding_proxy

# The browser says each time that it lost a server, as it should.
BROKEN_CONNECTIONS: Final = ("net::ERR_", "Lost the receiver")


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """As everywhere, but for broken connections."""
    heard: list[str] = []
    yield heard
    assert not [said for said in heard if not any(map(said.count, BROKEN_CONNECTIONS))]


def test_a_killed_receiver_is_admitted_and_nothing_is_missed_after_its_return(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    dashboard.open(service="checkout", environment="prod")

    receiver.kill()
    expect(dashboard.connection).to_have_text("Reconnecting")
    dashboard.screenshot("reconnecting")
    expect(dashboard.slot("checkout", "prod")).to_contain_text("1.0.0")
    receiver.start()
    for number in range(30):
        receiver.post(
            deployment_id=f"missed-{number}",
            environment=("prod", "dev")[number % 2],
            version=f"2.0.{number}",
        )

    expect(dashboard.connection).to_have_text("Live", timeout=20_000)
    dashboard.comes_to_show_the_matrix()
    expect(dashboard.deployments).to_have_count(16)


def test_a_receiver_that_comes_back_with_another_log_is_shown_as_it_is(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for number in range(3):
        receiver.post(service=f"gone-{number}", version="1.0.0")
    dashboard.open()
    expect(dashboard.services).to_have_count(3)

    receiver.kill()
    receiver.settings["RECEIVER_DATABASE_URL"] = f"sqlite+aiosqlite:///{receiver.folder}/other.db"
    receiver.start()
    receiver.post(service="new", version="1.0.0")

    expect(dashboard.services).to_have_text(["new"], timeout=20_000)
    dashboard.comes_to_show_the_matrix()


def test_a_receiver_that_stays_away_is_called_offline(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    page = dashboard.page
    page.clock.install()
    dashboard.open()

    receiver.kill()
    page.clock.run_for(40_000)

    expect(dashboard.connection).to_have_text("Offline")


def test_a_tab_that_slept_shows_how_old_things_are_and_is_live_again(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    page = dashboard.page
    page.clock.install()
    dashboard.open()
    receiver.post(happened_at=ago(seconds=5))
    age = dashboard.slot("checkout", "prod").get_by_role("time")
    expect(age).to_have_text("now")

    page.clock.fast_forward("04:00")

    expect(age).to_have_text("4 min")
    expect(dashboard.connection).to_have_text("Live")


def test_a_stream_that_a_proxy_holds_back_is_called_delayed_until_it_comes_through(
    browser: Browser, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    with holding_proxy(receiver.url) as proxy, browser.new_page() as page:
        proxy.holds.set()
        page.goto(proxy.url)
        dashboard = Dashboard(page, receiver)
        expect(dashboard.connection).to_have_text("Delayed", timeout=15_000)
        dashboard.screenshot("delayed")

        receiver.post(version="1.1.0")
        expect(dashboard.slot("checkout", "prod")).to_contain_text("1.1.0", timeout=10_000)
        expect(dashboard.connection).to_have_text("Delayed")

        proxy.release()
        expect(dashboard.connection).to_have_text("Live", timeout=20_000)
        receiver.post(version="1.2.0")
        expect(dashboard.slot("checkout", "prod")).to_contain_text("1.2.0")


def test_a_stream_that_a_proxy_gathers_is_called_delayed_until_it_comes_in_time(
    browser: Browser, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    with holding_proxy(receiver.url) as proxy, browser.new_page() as page:
        page.clock.install()
        page.goto(proxy.url)
        dashboard = Dashboard(page, receiver)
        slot = dashboard.slot("checkout", "prod")
        expect(dashboard.connection).to_have_text("Live")
        receiver.post(version="1.1.0")
        expect(slot).to_contain_text("1.1.0")

        proxy.flows.clear()
        receiver.post(version="1.2.0")
        page.clock.fast_forward(11_000)
        expect(dashboard.connection).to_have_text("Live")
        proxy.flows.set()
        expect(dashboard.connection).to_have_text("Delayed")
        expect(slot).to_contain_text("1.2.0")

        proxy.flows.clear()
        receiver.post(version="1.3.0")
        page.clock.fast_forward(5_000)
        expect(slot).to_contain_text("1.3.0")

        page.clock.fast_forward(61_000)
        expect(dashboard.connection).to_have_text("Live")


def test_the_tabs_of_a_browser_miss_nothing_while_the_receiver_is_away(
    page: Page, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    tabs = [Dashboard(page.context.new_page(), receiver).open() for _ in range(3)]

    receiver.stop()
    receiver.start()
    for number in range(20):
        receiver.post(service=f"missed-{number}", version=f"2.0.{number}")

    for tab in tabs:
        tab.comes_to_show_the_matrix()
        expect(tab.connection).to_have_text("Live", timeout=20_000)


def test_after_a_break_the_feed_has_what_was_missed(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    dashboard.open(view="feed")
    events = dashboard.page.get_by_role("group", name="Events").get_by_role("listitem")
    expect(events).to_have_count(1)

    receiver.stop()
    receiver.start()
    receiver.post(version="1.1.0")

    expect(events).to_have_count(2, timeout=20_000)


def test_after_an_upgrade_of_the_receiver_an_old_page_offers_a_reload(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    page = dashboard.page
    page.route("**/api/version", lambda route: route.fulfill(json={"version": "0.0.1"}), times=1)
    dashboard.open()
    reload = page.get_by_role("button", name="Reload")
    expect(reload).to_be_hidden()

    receiver.stop()
    receiver.start()

    expect(page.get_by_text("The dashboard was updated.")).to_be_visible(timeout=20_000)
    reload.click()
    expect(dashboard.slot("checkout", "prod")).to_contain_text("1.0.0")
    expect(reload).to_be_hidden()
