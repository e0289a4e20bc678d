"""The matrix as it was at a past time, in a real browser."""

import re

from playwright.sync_api import expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard


def test_the_matrix_is_shown_as_it_was_and_stays_so_until_the_viewer_comes_back(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(deployment_id="a", version="1.0.0", happened_at=ago(days=3))
    receiver.post(
        deployment_id="b", version="1.1.0", status="in-progress", happened_at=ago(hours=24.6)
    )
    receiver.post(deployment_id="b", version="1.1.0", happened_at=ago(hours=1))
    receiver.post(service="new", happened_at=ago(hours=1))
    page = dashboard.open().page
    slot = dashboard.slot("checkout", "prod")
    expect(dashboard.services).to_have_count(2)

    page.get_by_role("button", name="As of now").click()
    page.get_by_role("button", name="A day ago").click()
    expect(dashboard.services).to_have_text(["checkout"])
    expect(slot).to_have_attribute("data-state", "in-progress")
    expect(slot).to_contain_text("serving 1.0.0")
    expect(slot.get_by_role("time").first).to_have_text(re.compile(r"3\d min"))
    expect(dashboard.connection).to_have_count(0)
    expect(page).to_have_title(re.compile("^Deployments on "))
    dashboard.screenshot("past")
    assert not dashboard.barriers()
    page.go_back()
    expect(dashboard.services).to_have_text(["checkout", "new"])
    page.go_forward()
    expect(dashboard.services).to_have_text(["checkout"])

    slot.click()
    expect(dashboard.deployments).to_have_count(2)
    expect(dashboard.deployments.first).to_contain_text("in progress")
    receiver.post(deployment_id="c", version="2.0.0")
    page.reload()
    expect(dashboard.deployments).to_have_count(2)
    expect(dashboard.services).to_have_text(["checkout"])

    page.get_by_role("button", name="Back to now").click()
    expect(slot).to_contain_text("2.0.0")
    expect(dashboard.deployments).to_have_count(3)
    expect(dashboard.connection).to_have_text("Live")


def test_a_time_before_everything_and_one_of_the_viewers_own(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0", happened_at="2026-11-20T17:00:00Z")
    page = dashboard.page

    page.goto("/?at=2026-11-20T16:59:59Z")
    expect(page.get_by_text("Nothing had been deployed by then.")).to_be_visible()
    expect(page.get_by_role("button", name="As of then")).to_be_visible()
    page.goto("/?at=2026-11-20T17:00:00Z")
    expect(dashboard.slot("checkout", "prod")).to_contain_text("1.0.0")

    page.goto("/?at=9999-12-31T23:59:59Z")
    expect(dashboard.connection).to_have_text("Live")
    page.go_back()

    page.get_by_role("button", name="As of then").click()
    page.get_by_label("The matrix as of").fill("2026-11-19T09:30")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing had been deployed by then.")).to_be_visible()
    page.get_by_role("link", name="Feed").click()
    expect(page.get_by_role("group", name="Events").get_by_role("listitem")).to_have_count(1)
    assert page.url.endswith("/?view=feed")


def test_the_past_has_the_names_that_are_shown_now(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(environment="pr-1", version="1.0.0", happened_at="2026-11-20T17:00:00Z")
    dashboard.page.goto("/?at=2026-11-20T18:00:00%2B01:00")
    expect(dashboard.environments).to_have_text(["pr-1"])
    dashboard.slot("checkout", "pr-1").click()
    expect(dashboard.deployments).to_have_count(1)

    names = "names = [{ match = { environment = 'pr-*' }, show = { environment = 'preview' } }]"
    (receiver.folder / "config.toml").write_text(f"[receiver]\n{names}\n")
    receiver.hang_up()

    expect(dashboard.environments).to_have_text(["preview"])
    dashboard.slot("checkout", "preview").click()
    expect(dashboard.deployments).to_have_count(1)
