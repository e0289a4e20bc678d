"""The history drawer in a real browser, on a real receiver."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.program import Receiver, clean_environment
from tests.system.dashboard import Dashboard

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPENED = "?service=checkout&environment=prod"


def at(**after_noon: float) -> str:
    return (NOON + timedelta(**after_noon)).isoformat()


@pytest.fixture
def deployed(receiver: Receiver) -> Receiver:
    """A receiver with one deployment in one slot."""
    receiver.post(version="1.0.0", happened_at=at())
    return receiver


@pytest.mark.parametrize("by", ["click", "Enter"])
def test_a_slot_opens_its_history_in_the_address_and_back_closes_it(
    dashboard: Dashboard, deployed: Receiver, by: str
) -> None:
    page = dashboard.open().page
    slot = dashboard.slot("checkout", "prod")

    if by == "click":
        slot.click()
    else:
        slot.focus()
        page.keyboard.press(by)

    expect(dashboard.drawer.get_by_role("heading")).to_have_text(re.compile(r"checkout\s+prod"))
    expect(dashboard.deployments).to_have_count(1)
    assert page.url == f"{deployed.url}/{OPENED}"
    page.go_back()
    expect(dashboard.drawer).to_be_hidden()
    assert page.url == f"{deployed.url}/"
    page.go_forward()
    expect(dashboard.deployments).to_have_count(1)


@pytest.mark.parametrize("by", ["Escape", "button"])
def test_it_closes_and_the_slot_has_the_focus_again(
    dashboard: Dashboard, deployed: Receiver, by: str
) -> None:
    page = dashboard.open().page
    slot = dashboard.slot("checkout", "prod")
    slot.click()
    expect(dashboard.drawer).to_be_visible()

    if by == "button":
        page.get_by_role("button", name="Close").click()
    else:
        page.keyboard.press(by)

    expect(dashboard.drawer).to_be_hidden()
    expect(slot).to_be_focused()
    assert page.url == f"{deployed.url}/"


@pytest.mark.usefixtures("deployed")
def test_a_link_to_a_history_opens_it_and_closing_stays_on_the_page(dashboard: Dashboard) -> None:
    page = dashboard.open(service="checkout", environment="prod").page
    expect(dashboard.deployments).to_have_count(1)

    page.keyboard.press("Escape")

    expect(dashboard.drawer).to_be_hidden()
    expect(dashboard.slot("checkout", "prod")).to_be_visible()


@pytest.mark.usefixtures("deployed")
def test_a_link_to_a_slot_that_was_never_deployed_says_so(dashboard: Dashboard) -> None:
    dashboard.open(service="checkout", environment="nowhere")

    expect(dashboard.drawer).to_contain_text("Nothing was ever deployed here.")


def test_a_deployment_is_one_entry_with_all_its_events_and_how_long_it_took(
    dashboard: Dashboard, deployed: Receiver
) -> None:
    run: dict[str, Any] = {
        "deployment_id": "run-2",
        "version": "1.1.0",
        "actor": "ana",
        "ref": "refs/heads/main",
        "sha": "7c25deb0f0a4b1a0c4b7b3a55a2a1d2f8f4a9e10",
        "run_number": 42,
        "run_url": "https://ci.example/runs/42",
        "parent_deployments": ["run-1", "build-7"],
    }
    deployed.post(**run, status="in-progress", happened_at=at(minutes=1))
    deployed.post(**run, status="failure", happened_at=at(minutes=3, seconds=5))

    dashboard.open(service="checkout", environment="prod")

    expect(dashboard.deployments).to_have_count(2)
    newest = dashboard.deployments.first
    for said in ("1.1.0", "failed in 2 min 5 s", "ana", "main", "7c25deb", "build-7"):
        expect(newest).to_contain_text(said)
    expect(newest.get_by_role("link", name="Run 42")).to_have_attribute(
        "href", "https://ci.example/runs/42"
    )
    expect(dashboard.drawer).to_contain_text("Still serving 1.0.0, deployed")
    newest.get_by_role("button", name="2 events").click()
    expect(newest).to_contain_text("run-2")
    expect(newest.get_by_role("listitem")).to_have_count(2)


def test_tries_at_one_version_are_one_entry_that_keeps_every_row_and_a_way_back_is_named(
    dashboard: Dashboard, deployed: Receiver
) -> None:
    for number, status in enumerate(("failure", "failure", "success"), 2):
        deployed.post(
            deployment_id=f"run-{number}",
            version="1.1.0",
            status=status,
            happened_at=at(minutes=number),
        )
    for number, version in ((5, "1.0.0"), (6, "1.0.0")):
        deployed.post(deployment_id=f"run-{number}", version=version, happened_at=at(hours=number))

    dashboard.open(service="checkout", environment="prod")

    expect(dashboard.deployments).to_have_count(4)
    again, back, tried, _ = dashboard.deployments.all()
    expect(again).to_contain_text("redeployed")
    expect(back).to_contain_text("rollback")
    expect(tried).to_contain_text(re.compile(r"1\.1\.0\s+\u00d73"))
    expect(tried).not_to_contain_text("rollback")
    tried.get_by_role("button", name="3 events").click()
    for number in (2, 3, 4):
        expect(tried).to_contain_text(f"run-{number}")
    dashboard.screenshot("history")


def test_links_lead_to_the_commit_and_to_what_changed_since_the_version_before(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    run_url = "https://github.com/acme/checkout/actions/runs/7"
    shas = ("a" * 40, "b" * 40)
    for number, sha in enumerate(shas):
        receiver.post(
            deployment_id=f"run-{number}",
            version=f"1.{number}.0",
            sha=sha,
            run_url=run_url,
            happened_at=at(minutes=number),
        )

    dashboard.open(service="checkout", environment="prod")

    newest = dashboard.deployments.first
    expect(newest.get_by_role("link", name="bbbbbbb")).to_have_attribute(
        "href", f"https://github.com/acme/checkout/commit/{shas[1]}"
    )
    expect(newest.get_by_role("link", name="Changes")).to_have_attribute(
        "href", f"https://github.com/acme/checkout/compare/{shas[0]}...{shas[1]}"
    )


def test_links_lead_to_the_deployments_before_and_after_it(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    steps = ("dev", "staging", "prod")
    for number, environment in enumerate(steps):
        receiver.post(
            deployment_id=f"run-{number}",
            environment=environment,
            happened_at=at(minutes=number),
            parent_deployments=[f"run-{number - 1}"] if number else [],
        )
    page = dashboard.open(service="checkout", environment="staging").page
    newest = dashboard.deployments.first

    newest.get_by_role("link", name="prod").click()
    expect(dashboard.drawer.get_by_role("heading")).to_have_text(re.compile(r"checkout\s+prod"))
    expect(newest).to_have_attribute("aria-current", "true")
    assert page.url.endswith("?service=checkout&environment=prod&deployment=run-2")

    newest.get_by_role("link", name="staging").click()
    newest.get_by_role("link", name="dev").click()
    expect(dashboard.drawer.get_by_role("heading")).to_have_text(re.compile(r"checkout\s+dev"))


def test_a_deployment_is_copied_as_json_and_as_a_command_that_posts_it(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    stored = receiver.post(version="1.0.0", actor="it's $(ana) \\ `bo`", happened_at=at())
    page = dashboard.open(service="checkout", environment="prod").page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dashboard.deployments.first.get_by_role("button", name="1 event").click()

    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.get_by_role("status").get_by_text("Copied")).to_be_visible()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == [stored]

    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("status").get_by_text("Copied")).to_have_count(2)
    command = page.evaluate("navigator.clipboard.readText()").replace(
        "$DASHBOARD_API_KEY", receiver.key
    )
    subprocess.run(["bash", "-c", command], check=True, env=clean_environment())
    [posted, _] = receiver.get("/api/deployments")["items"]
    added = {"id", "received_at"}
    assert {**posted, **{name: stored[name] for name in added}} == stored


def test_without_a_secure_context_copying_works_all_the_same(
    dashboard: Dashboard, deployed: Receiver
) -> None:
    page = dashboard.page
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.add_init_script(
        "document.addEventListener('copy', () => window.copied = getSelection().toString())"
    )
    dashboard.open(service="checkout", environment="prod")
    dashboard.deployments.first.get_by_role("button", name="1 event").click()

    page.get_by_role("button", name="Copy as JSON").click()

    expect(page.get_by_role("status").get_by_text("Copied")).to_be_visible()
    assert json.loads(page.evaluate("copied")) == deployed.get("/api/deployments")["items"]


@pytest.mark.usefixtures("deployed")
def test_its_width_is_set_by_keyboard_and_by_drag_and_kept(dashboard: Dashboard) -> None:
    page = dashboard.open(service="checkout", environment="prod").page
    edge = page.get_by_role("separator", name="Width of the history")
    width = int(edge.get_attribute("aria-valuenow") or 0)

    edge.press("ArrowLeft")
    expect(edge).to_have_attribute("aria-valuenow", str(width + 32))
    box = edge.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, 400)
    page.mouse.down()
    page.mouse.move(700, 400, steps=4)
    page.mouse.up()
    expect(edge).to_have_attribute("aria-valuenow", "580")

    page.reload()
    expect(edge).to_have_attribute("aria-valuenow", "580")
    expect(dashboard.slot("checkout", "prod")).to_be_in_viewport(ratio=0.9)


def test_an_open_history_goes_on_with_what_happens(
    dashboard: Dashboard, deployed: Receiver
) -> None:
    dashboard.open(service="checkout", environment="prod")
    expect(dashboard.deployments).to_have_count(1)

    deployed.post(deployment_id="run-2", version="1.1.0", status="in-progress")
    deployed.post(deployment_id="run-3", environment="dev", version="9.9.9")
    expect(dashboard.deployments.first).to_contain_text("in progress")

    deployed.post(deployment_id="run-2", version="1.1.0")
    expect(dashboard.deployments.first).to_contain_text("succeeded")
    expect(dashboard.deployments).to_have_count(2)


def test_every_row_of_a_long_history_can_be_reached(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for number in range(70):
        for status, second in (("in-progress", 0), ("success", 30)):
            receiver.post(
                deployment_id=f"run-{number}",
                status=status,
                happened_at=at(minutes=number, seconds=second),
                version=f"1.0.{number}",
            )
    page = dashboard.open(service="checkout", environment="prod").page
    expect(dashboard.deployments.first).to_contain_text("1.0.69")
    older = page.get_by_role("button", name="Show older")
    shown = dashboard.deployments.count()
    assert shown < 70

    older.click()
    expect(dashboard.deployments).not_to_have_count(shown)
    while older.is_visible():
        shown = dashboard.deployments.count()
        older.click()
        expect(older.or_(dashboard.deployments.nth(69))).not_to_have_count(0)
        expect(dashboard.deployments).not_to_have_count(shown)

    expect(dashboard.deployments).to_have_count(70)
    for deployment in dashboard.deployments.all():
        deployment.get_by_role("button", name="2 events").click()
    expect(dashboard.deployments.get_by_role("listitem")).to_have_count(140)
    expect(dashboard.deployments.last).to_contain_text("1.0.0")
