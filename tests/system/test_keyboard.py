"""All of the dashboard by the keyboard alone: nothing here clicks, and nothing gives a focus."""

import itertools
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard


@pytest.fixture
def opened(dashboard: Dashboard, receiver: Receiver) -> Dashboard:
    """Three services in two environments, one of which failed a moment ago."""
    for service, environment in itertools.product(("pay", "shop", "web"), ("dev", "prod")):
        receiver.post(service=service, environment=environment, happened_at=ago(hours=2))
    receiver.post(service="pay", environment="prod", status="failure")
    return dashboard.open()


def tab_to(wanted: Locator) -> None:
    """Press Tab until it has the focus, and see that it has."""
    for _ in range(50):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            break
    expect(wanted).to_be_focused()
    expect(wanted).to_have_css("outline-style", "solid")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_matrix_is_filtered_sorted_arranged_and_kept_by_keyboard(opened: Dashboard) -> None:
    page = opened.page
    shown = opened.services.filter(visible=True)

    press(page, "/", *"shop")
    expect(shown).to_have_text(["shop"])
    press(page, "Escape")
    expect(shown).to_have_count(3)
    press(page, *"web", "Tab")
    expect(shown).to_have_text(["web"])
    tab_to(page.get_by_role("button", name="1 of 3 services"))
    press(page, "Enter")
    expect(shown).to_have_count(3)
    expect(opened.slot("pay", "dev")).to_be_focused()

    failed = page.get_by_role("button", name="1 failed")
    tab_to(failed)
    press(page, "Space")
    expect(shown).to_have_text(["pay"])
    press(page, "Space")
    expect(shown).to_have_count(3)

    environments = page.get_by_role("button", name="environments")
    tab_to(environments)
    press(page, "Enter")
    tab_to(page.get_by_role("checkbox", name="prod"))
    press(page, "Space")
    expect(opened.environments).to_have_text(["dev"])
    tab_to(page.get_by_role("button", name="All, in promotion order"))
    press(page, "Enter")
    expect(opened.environments).to_have_text(["dev", "prod"])
    press(page, "Escape")

    tab_to(page.get_by_role("combobox", name="Sort"))
    press(page, "End")
    expect(page).to_have_url(re.compile("sort=failures"))

    views = page.get_by_role("button", name="Views")
    tab_to(views)
    press(page, "Enter", "Tab", *"Mine", "Enter")
    expect(page.get_by_role("button", name="Mine", exact=True)).to_be_visible()
    press(page, "Shift+Tab")
    expect(page.get_by_role("button", name="Forget Mine")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("link", name="Mine")).to_have_count(0)
    expect(page.get_by_label("A name for what is shown")).to_be_focused()
    press(page, "Escape")
    expect(views).to_be_focused()


def test_histories_menus_dialogs_and_the_past_are_opened_and_left_by_keyboard(
    opened: Dashboard,
) -> None:
    page = opened.page
    slot = opened.slot("pay", "dev")
    tab_to(slot)
    press(page, "ArrowDown", "ArrowRight", "Enter")
    expect(opened.deployments).to_have_count(1)
    expect(opened.drawer.get_by_role("button", name="Close")).to_be_focused()
    tab_to(opened.drawer.get_by_role("button", name="1 event"))
    press(page, "Enter")
    expect(opened.drawer.get_by_role("button", name="Copy as JSON")).to_be_visible()
    press(page, "Escape")
    expect(opened.drawer).to_have_count(0)
    expect(opened.slot("shop", "prod")).to_be_focused()

    keys = page.get_by_role("dialog", name="Keys")
    press(page, "?")
    expect(keys).to_be_visible()
    press(page, "Escape")
    expect(keys).not_to_be_visible()
    expect(opened.slot("shop", "prod")).to_be_focused()

    options = page.get_by_role("button", name="Options")
    tab_to(options)
    press(page, "Enter")
    tab_to(page.get_by_role("radio", name="As the system"))
    press(page, "ArrowDown")
    expect(page.locator(":root")).to_have_css("color-scheme", "light")
    tab_to(page.get_by_role("button", name="Keys and filter words"))
    press(page, "Enter")
    expect(keys).to_be_visible()
    press(page, "Escape")
    expect(options).to_be_focused()

    tab_to(page.get_by_role("button", name="As of now"))
    press(page, "Enter")
    tab_to(page.get_by_role("button", name="An hour ago"))
    press(page, "Enter")
    expect(opened.slot("pay", "prod")).to_have_attribute("data-state", "success")
    expect(page.get_by_role("button", name="As of then")).to_be_focused()
    tab_to(page.get_by_role("button", name="Back to now"))
    press(page, "Enter")
    expect(opened.slot("pay", "prod")).to_have_attribute("data-state", "failure")
    expect(slot).to_be_focused()


def test_the_other_views_and_the_wall_are_reached_read_and_left_by_keyboard(
    opened: Dashboard,
) -> None:
    page = opened.page
    for view in ("Feed", "Lanes"):
        tab_to(page.get_by_role("link", name=view, exact=True))
        press(page, "Enter")
        links = page.locator("main a[data-slot]")
        expect(links).to_have_count(7 if view == "Feed" else 6)
        tab_to(links.first)
        press(page, "ArrowDown", "Enter")
        expect(opened.drawer.get_by_role("button", name="Close")).to_be_focused()
        press(page, "Escape")
        expect(page.locator("main a[data-slot]:focus")).to_have_count(1)

    tab_to(page.get_by_role("button", name="Options"))
    press(page, "Enter")
    tab_to(page.get_by_role("link", name="For a screen on the wall"))
    press(page, "Enter")
    expect(page).to_have_url(re.compile("wall"))
    expect(opened.filter).to_have_count(0)
    expect(page.get_by_role("rowheader").first).to_be_visible()
    press(page, "Escape")
    expect(opened.filter).to_be_visible()
