"""The dashboard where reading needs a key, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.program import Receiver, eventually
from tests.system.dashboard import Dashboard

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
READ_KEY: Final = "a-key-to-read-with"
# The browser says each time that it was refused, or that a file is gone, as it should.
REFUSED: Final = ("401 (Unauthorized)", "answered 401", "404 (Not Found)")


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """A receiver that asks for a key, with one event."""
    use_read_key(tmp_path, READ_KEY)
    with Receiver(tmp_path) as running:
        running.post(version="1.0.0")
        yield running


def use_read_key(folder: Path, key: str) -> None:
    (folder / "config.toml").write_text(f'[receiver.read_keys]\nteam = "{key}"\n')


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """As everywhere, but for refusals."""
    heard: list[str] = []
    yield heard
    assert not [said for said in heard if not any(map(said.count, REFUSED))]


def sign_in(page: Page, key: str = READ_KEY) -> None:
    field = page.get_by_label("Read key")
    expect(field).to_be_focused()
    field.fill(key)
    page.keyboard.press("Enter")


def sign_out(dashboard: Dashboard) -> None:
    dashboard.page.get_by_role("button", name="Options").click()
    dashboard.page.get_by_role("button", name="Sign out").click()


def is_live(dashboard: Dashboard, version: str) -> None:
    expect(dashboard.slot("checkout", "prod")).to_contain_text(version)
    expect(dashboard.connection).to_have_text("Live")


def test_a_key_opens_the_view_that_was_asked_for_until_signing_out(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    page = dashboard.page
    page.goto("/?service=checkout&environment=prod")
    sign_in(page, "not-the-key")
    expect(page.get_by_role("alert")).to_have_text("This is not a read key of this dashboard.")
    expect(page.get_by_text("1.0.0")).to_have_count(0)
    sign_in(page)

    expect(dashboard.deployments).to_have_count(1)
    receiver.post(version="1.1.0")
    is_live(dashboard, "1.1.0")
    page.reload()
    is_live(dashboard, "1.1.0")

    sign_out(dashboard)
    expect(page.get_by_label("Read key")).to_be_visible()
    expect(page.get_by_text("1.1.0")).to_have_count(0)
    assert page.url.endswith("/?service=checkout&environment=prod")
    assert page.context.cookies() == []


def test_all_tabs_are_signed_in_and_out_together(dashboard: Dashboard, receiver: Receiver) -> None:
    tabs = [dashboard, Dashboard(dashboard.page.context.new_page(), receiver)]
    for tab in tabs:
        tab.page.goto("/")
        expect(tab.page.get_by_label("Read key")).to_be_visible()

    tabs[1].page.bring_to_front()
    sign_in(tabs[1].page)
    for tab in tabs:
        is_live(tab, "1.0.0")

    sign_out(tabs[1])
    for tab in tabs:
        expect(tab.page.get_by_label("Read key")).to_be_visible()

    def nobody_follows() -> None:
        metrics = receiver.request("GET", "/metrics").body.decode()
        assert "deployment_receiver_streams 0.0" in metrics

    eventually(nobody_follows)


def test_a_key_that_is_taken_away_signs_everybody_out(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    dashboard.page.goto("/")
    sign_in(dashboard.page)
    is_live(dashboard, "1.0.0")

    use_read_key(receiver.folder, "another-key-to-read-with")
    receiver.hang_up()

    expect(dashboard.page.get_by_label("Read key")).to_be_visible()
    sign_in(dashboard.page, "another-key-to-read-with")
    is_live(dashboard, "1.0.0")


@pytest.mark.parametrize("view", ["/", "/?wall"])
def test_a_page_from_before_an_upgrade_offers_a_reload_where_the_form_is_gone(
    dashboard: Dashboard, receiver: Receiver, view: str
) -> None:
    page = dashboard.page
    page.goto(view)
    sign_in(page)
    is_live(dashboard, "1.0.0")

    page.route("**/assets/SignIn-*.js", lambda route: route.fulfill(status=404))
    use_read_key(receiver.folder, "another-key-to-read-with")
    receiver.hang_up()

    reload = page.get_by_role("alert").get_by_role("button", name="Reload")
    expect(reload).to_be_visible()
    page.unroute_all()
    reload.click()
    sign_in(page, "another-key-to-read-with")
    is_live(dashboard, "1.0.0")


def test_the_form_bars_nobody(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.goto("/")
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        dashboard.screenshot(f"sign-in-{scheme}")
        assert not dashboard.barriers()


def test_a_browser_that_keeps_no_cookie_is_told_so(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.route(
        "**/api/session", lambda route: route.fulfill(status=204, headers={"Set-Cookie": ""})
    )
    page.goto("/")

    sign_in(page)

    expect(page.get_by_role("alert")).to_contain_text("did not keep the cookie")
