"""The dashboard's filter, in a real browser."""

from playwright.sync_api import expect

from tests.program import Receiver
from tests.system.dashboard import Dashboard


def test_the_filter_is_in_the_address_and_survives_a_reload(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for service in ("checkout", "search", "search-index"):
        receiver.post(service=service)
    page = dashboard.open().page

    page.keyboard.press("/")
    page.keyboard.type("SEARCH")

    expect(dashboard.services.filter(visible=True)).to_have_text(["search", "search-index"])
    assert page.url == f"{receiver.url}/?q=SEARCH"
    page.reload()
    expect(dashboard.filter).to_have_value("SEARCH")
    expect(dashboard.services.filter(visible=True)).to_have_text(["search", "search-index"])

    dashboard.filter.focus()
    page.keyboard.press("Escape")
    expect(dashboard.services.filter(visible=True)).to_have_count(3)
    assert page.url == f"{receiver.url}/"


def test_a_filter_that_nothing_passes_says_so(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post()

    dashboard.open(q="nowhere")

    expect(dashboard.page.get_by_text("No service matches the filter.")).to_be_visible()


def test_the_button_of_a_status_shows_only_its_services(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(service="fine")
    receiver.post(service="broken", status="failure")
    page = dashboard.open().page

    page.get_by_role("button", name="1 failed").click()

    expect(dashboard.services.filter(visible=True)).to_have_text(["broken"])
    assert page.url == f"{receiver.url}/?status=failure"
    receiver.post(service="broken")
    expect(dashboard.services.filter(visible=True)).to_have_count(0)
