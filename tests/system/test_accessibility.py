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


def is_dark(page: Page) -> bool:
    """Whether the page's background is nearer to black than to white."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128


@pytest.mark.parametrize("tab_options", [PHONE], indirect=True)
def test_a_phone_scrolls_the_matrix_and_never_the_page(
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
    dashboard.slot("checkout", "prod").click()
    expect(dashboard.deployments).to_have_count(1)
    assert overflow() == 0
    dashboard.screenshot("phone-drawer")
