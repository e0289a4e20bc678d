"""The dashboard by keyboard, in the dark, on a phone, and by the rules of WCAG."""

import itertools
import re
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard

PHONE: Final = {"viewport": {"width": 390, "height": 844}}


def test_arrow_keys_move_from_slot_to_slot(dashboard: Dashboard, receiver: Receiver) -> None:
    for service, environment in itertools.product(("a", "b"), ("dev", "prod")):
        receiver.post(service=service, environment=environment)
    page = dashboard.open().page
    dashboard.slot("a", "dev").focus()

    for key, service, environment in (
        ("ArrowRight", "a", "prod"),
        ("ArrowDown", "b", "prod"),
        ("ArrowLeft", "b", "dev"),
        ("ArrowUp", "a", "dev"),
        ("Control+End", "b", "prod"),
        ("Control+Home", "a", "dev"),
    ):
        page.keyboard.press(key)
        expect(dashboard.slot(service, environment)).to_be_focused()


def post_every_state(receiver: Receiver) -> None:
    receiver.post(service="checkout", version="1.0.0", happened_at=ago(hours=5))
    receiver.post(service="checkout", version="1.1.0", status="failure", actor="ana")
    receiver.post(service="search", version="7.2.0", environment="dev")
    receiver.post(service="search", version="7.2.0", environment="staging", status="in-progress")
    receiver.post(
        service="stalled", status="in-progress", happened_at=ago(hours=3), version="3.1.0"
    )


@pytest.mark.parametrize(
    ("tab_options", "scheme"),
    [({"color_scheme": scheme}, scheme) for scheme in ("light", "dark")],
    indirect=["tab_options"],
)
def test_it_follows_the_systems_colours_and_bars_nobody(
    dashboard: Dashboard, receiver: Receiver, scheme: str
) -> None:
    dashboard.open()
    assert not dashboard.barriers()
    assert is_dark(dashboard.page) == (scheme == "dark")

    post_every_state(receiver)
    expect(dashboard.services).to_have_count(3)
    dashboard.screenshot(f"matrix-{scheme}")
    assert not dashboard.barriers()

    dashboard.slot("checkout", "prod").click()
    expect(dashboard.deployments).to_have_count(1)
    dashboard.screenshot(f"drawer-{scheme}")
    assert not dashboard.barriers()


@pytest.mark.parametrize("tab_options", [{"color_scheme": "dark"}, {}], indirect=True)
def test_what_opens_bars_nobody_either(dashboard: Dashboard, receiver: Receiver) -> None:
    post_every_state(receiver)
    page = dashboard.open(status="failure", group="prefix").page

    for name in ("environments", "Views", "Options"):
        page.get_by_role("button", name=name).click()
        expect(page.locator(":popover-open")).to_be_visible()
        assert not dashboard.barriers()
        page.keyboard.press("Escape")
        expect(page.locator(":popover-open")).to_have_count(0)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert not dashboard.barriers()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()

    page.goto("/?wall")
    expect(page.get_by_role("searchbox")).to_have_count(0)
    expect(dashboard.services.first).to_be_visible()
    assert not dashboard.barriers()


VIEWS: Final = ("matrix", "feed", "lanes")


@pytest.mark.parametrize("tab_options", [{"forced_colors": "active"}], indirect=True)
def test_with_forced_colours_every_state_has_its_shape(
    dashboard: Dashboard, receiver: Receiver, page: Page
) -> None:
    post_every_state(receiver)
    for view in VIEWS:
        dashboard.open(view=view)
        glyphs = page.locator("[data-state] .glyph:not(.started)")
        expect(glyphs.nth(3)).to_be_visible()
        dashboard.screenshot(f"forced-colours-{view}")

        masks = glyphs.evaluate_all(
            """(glyphs) => glyphs.map((glyph) => {
              const { maskImage, backgroundColor } = getComputedStyle(glyph);
              return [maskImage, backgroundColor];
            })"""
        )

        assert len({mask for mask, _ in masks}) == 4
        text = page.evaluate("getComputedStyle(document.body).color")
        assert {colour for _, colour in masks} == {text}

    receiver.post(service="checkout", version="1.1.1", status="in-progress")
    dashboard.open()
    colour = "(line) => getComputedStyle(line, '::before').backgroundColor"
    assert page.locator(".after-failure").evaluate(colour) == text


@pytest.mark.parametrize(
    "tab_options", [{"viewport": {"width": 640, "height": 400}}], indirect=True
)
def test_at_200_percent_zoom_nothing_is_cut_off(
    dashboard: Dashboard, receiver: Receiver, page: Page
) -> None:
    post_every_state(receiver)
    for view in VIEWS:
        dashboard.open(view=view)
        expect(page.locator("a[data-slot]").first).to_be_visible()
        dashboard.screenshot(f"zoomed-{view}")

        assert page.evaluate("document.documentElement.scrollWidth") == 640
        page.get_by_role("button", name="Options").click()
        expect(page.get_by_role("link", name="API")).to_be_in_viewport()


@pytest.mark.parametrize(
    "tab_options", [{"viewport": {"width": 320, "height": 256}}], indirect=True
)
def test_at_400_percent_zoom_there_is_room_for_what_it_is_about(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_every_state(receiver)
    dashboard.open()

    expect(dashboard.slot("checkout", "prod")).to_be_in_viewport(ratio=1)
    dashboard.screenshot("zoomed-twice")


def is_dark(page: Page) -> bool:
    """Whether the page's background is nearer to black than to white."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128


@pytest.mark.parametrize("tab_options", [PHONE], indirect=True)
def test_a_phone_shows_a_card_for_each_service_and_scrolls_only_down(
    dashboard: Dashboard, receiver: Receiver, page: Page
) -> None:
    def overflow() -> object:
        return page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    dashboard.open()
    assert overflow() == 0
    post_every_state(receiver)
    expect(dashboard.services).to_have_count(3)
    assert overflow() == 0
    dashboard.screenshot("phone")
    card = page.get_by_role("row").filter(has_text="search")
    expect(card).to_have_text(re.compile(r"search.*7\.2\.0.*7\.2\.0.*in progress", re.DOTALL))
    receiver.post(service="search", environment="prod", version="7.0.0", actor="w" * 40)
    expect(dashboard.slot("search", "prod")).to_contain_text("dev on 7.2.0")
    assert page.locator("main").evaluate("(main) => main.scrollWidth - main.clientWidth") == 0
    dashboard.slot("checkout", "prod").click()
    expect(dashboard.deployments).to_have_count(1)
    assert overflow() == 0
    dashboard.screenshot("phone-drawer")
    for view in ("feed", "lanes"):
        dashboard.open(view=view)
        expect(page.locator("a[data-slot]").first).to_be_visible()
        assert overflow() == 0
        dashboard.screenshot(f"phone-{view}")
