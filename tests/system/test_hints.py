"""What is pointed out, in a real browser: refused posts, clocks ahead, names that look alike."""

from playwright.sync_api import Locator, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard


def refused(dashboard: Dashboard) -> Locator:
    return dashboard.page.get_by_role("list", name="Refused posts").locator("> li")


def test_who_posted_and_sees_nothing_finds_out_why(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    page = dashboard.open().page
    link = page.get_by_role("link", name="the refused posts")
    link.click()
    expect(page.get_by_text("whatever was posted was stored")).to_be_visible()

    receiver.send(colour="red")
    page.reload()

    expect(refused(dashboard)).to_have_count(1)
    for text in ("422", "/colour", "/service"):
        expect(refused(dashboard)).to_contain_text(text)
    assert dashboard.barriers() == []
    dashboard.screenshot("refused")
    page.go_back()
    expect(link).to_be_visible()


def test_an_event_from_a_clock_that_is_ahead_is_marked_wherever_it_is_shown(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    said = "dated 2 h ahead by its sender's clock"
    receiver.post(happened_at=ago(minutes=-179))
    page = dashboard.open().page
    expect(dashboard.slot("checkout", "prod")).to_contain_text(said)
    dashboard.screenshot("skew")
    dashboard.slot("checkout", "prod").click()
    expect(dashboard.deployments).to_contain_text(said)
    dashboard.open(view="feed")
    row = page.get_by_role("group", name="Events").get_by_role("listitem")
    expect(row).to_contain_text(said)


def test_names_that_look_alike_are_pointed_out_until_they_are_said_to_be_different(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for service in ("checkout", "Checkout"):
        receiver.post(service=service, version="1.0.0")
    page = dashboard.open().page
    hint = page.get_by_text("If they are meant to be one")
    expect(hint).to_contain_text("Checkout and checkout are 2 services")
    dashboard.screenshot("lookalikes")
    assert dashboard.barriers() == []

    page.get_by_role("button", name="They are different").click()
    expect(hint).to_be_hidden()
    page.reload()
    dashboard.comes_to_show_the_matrix()
    expect(hint).to_be_hidden()

    receiver.post(environment="production")
    expect(hint).to_contain_text("prod and production are 2 environments")
