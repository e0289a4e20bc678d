"""The matrix in a real browser, on a real receiver."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.program import Receiver, ago, clean_environment
from tests.system.dashboard import Dashboard


def test_the_empty_dashboard_shows_a_curl_line_that_works_once_the_key_is_filled_in(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    dashboard.open()
    page = dashboard.page
    expect(page.get_by_role("heading", name="No deployments yet")).to_be_visible()
    dashboard.screenshot("empty")
    command = page.locator("pre").inner_text().replace("$DASHBOARD_API_KEY", receiver.key)

    subprocess.run(["bash", "-c", command], check=True, env=clean_environment())

    dashboard.comes_to_show_the_matrix()
    assert receiver.get("/api/services")["items"] == ["checkout"]


def test_the_button_copies_the_curl_line(dashboard: Dashboard) -> None:
    page = dashboard.open().page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("pre").inner_text()


def test_an_event_shows_without_a_reload(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post(version="1.0.0")
    dashboard.open()
    slot = dashboard.slot("checkout", "prod")
    expect(slot).to_contain_text("1.0.0")

    receiver.post(version="1.1.0", actor="ana")

    expect(slot).to_contain_text("1.1.0")
    expect(slot).to_contain_text("ana")
    expect(slot.get_by_role("time")).to_have_text("now")


@pytest.mark.parametrize(
    ("tab_options", "flashes"),
    [({}, 1), ({"reduced_motion": "reduce"}, 0)],
    indirect=["tab_options"],
)
def test_a_change_flashes_once_unless_the_viewer_wants_no_motion(
    dashboard: Dashboard, receiver: Receiver, flashes: int
) -> None:
    receiver.post(version="1.0.0")
    page = dashboard.page
    page.add_init_script(  # counts what the browser is asked to animate
        """window.flashed = [];
        const { animate } = Element.prototype;
        Element.prototype.animate = function (...given) {
          flashed.push(this.id);
          return animate.apply(this, given);
        };"""
    )
    dashboard.open()
    receiver.post(version="1.1.0")
    expect(dashboard.slot("checkout", "prod")).to_contain_text("1.1.0")

    page.evaluate("new Promise((resolve) => requestAnimationFrame(resolve))")
    assert page.evaluate("flashed") == ["slot:checkout:prod"] * flashes


def test_nothing_turns_while_nothing_is_in_progress(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    page = dashboard.open().page
    turning = """() => document.getAnimations()
        .filter(({ effect }) => effect.getTiming().iterations === Infinity).length"""
    expect(page.get_by_role("button", name="0 in progress")).to_be_visible()
    assert page.evaluate(turning) == 0

    receiver.post(version="1.1.0", status="in-progress", deployment_id="run-2")
    expect(page.get_by_role("button", name="1 in progress")).to_be_visible()
    assert page.evaluate(turning) == 2


@pytest.mark.parametrize(
    "tab_options", [{"timezone_id": "Asia/Tokyo", "locale": "en-GB"}], indirect=True
)
def test_the_exact_time_is_a_tooltip_in_the_viewers_zone(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(happened_at="2026-11-20T20:15:00+00:00", actor="ana")

    dashboard.open()

    expect(dashboard.slot("checkout", "prod").get_by_role("time")).to_have_attribute(
        "title", re.compile(r"21 Nov 2026, 05:15:00 .*, by ana")
    )


def test_the_version_still_serving_stays_beside_a_deployment_in_progress_and_a_failed_one(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0", happened_at=ago(minutes=9))
    dashboard.open()
    slot = dashboard.slot("checkout", "prod")

    receiver.post(version="1.1.0", status="in-progress", happened_at=ago(minutes=3))
    expect(slot).to_have_text(re.compile(r"1\.1\.0.*in progress.*serving\s+1\.0\.0", re.DOTALL))

    receiver.post(version="1.1.0", status="failure", happened_at=ago(minutes=2))
    expect(slot).to_have_text(re.compile(r"1\.1\.0.*failed.*serving\s+1\.0\.0", re.DOTALL))

    receiver.post(version="1.1.1", status="in-progress", happened_at=ago(minutes=1))
    expect(slot).to_contain_text("after a failure", ignore_case=True)

    receiver.post(version="1.1.1", happened_at=ago())
    expect(slot).not_to_contain_text("serving")
    expect(slot).to_have_attribute("data-state", "success")


def test_a_late_arrival_replaces_nothing_newer(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post(version="2.0.0", status="failure", happened_at=ago(minutes=1))
    dashboard.open()

    receiver.post(version="1.0.0", happened_at=ago(minutes=5))

    slot = dashboard.slot("checkout", "prod")
    expect(slot).to_have_text(re.compile(r"2\.0\.0.*failed.*serving\s+1\.0\.0", re.DOTALL))


def test_a_deployment_in_progress_for_over_an_hour_is_marked_stalled(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(status="in-progress", happened_at=ago(minutes=61))
    receiver.post(environment="dev", status="in-progress", happened_at=ago(minutes=59))

    dashboard.open()

    expect(dashboard.slot("checkout", "prod")).to_contain_text("stalled")
    expect(dashboard.slot("checkout", "dev")).to_contain_text("in progress")


def test_another_patience_with_deployments_in_progress_is_the_operators_choice(
    browser: Browser, tmp_path: Path
) -> None:
    with Receiver(tmp_path, RECEIVER_STALLED_MINUTES="5") as receiver:
        receiver.post(status="in-progress", happened_at=ago(minutes=6))
        page = browser.new_page(base_url=receiver.url)

        dashboard = Dashboard(page, receiver).open()

        expect(dashboard.slot("checkout", "prod")).to_contain_text("stalled")
        page.close()


def test_digests_are_cut_short_and_whole_in_the_tooltip(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    sha, digest = "7c25deb0f0a4b1a0c4b7b3a55a2a1d2f8f4a9e10", f"sha256:{'ab12' * 16}"
    receiver.post(version=sha)
    receiver.post(version=digest, environment="dev")

    dashboard.open()

    expect(dashboard.slot("checkout", "prod").get_by_title(sha)).to_have_text(sha[:7])
    short = dashboard.slot("checkout", "dev").get_by_title(digest)
    assert len(short.inner_text()) < 20


def test_environments_stand_in_promotion_order_a_new_one_too(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for environment in ("production", "dev"):
        receiver.post(environment=environment)
    dashboard.open()
    expect(dashboard.environments).to_have_text(["dev", "production"])

    receiver.post(environment="staging")

    expect(dashboard.environments).to_have_text(["dev", "staging", "production"])


def test_the_title_counts_failures(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post()
    page = dashboard.open().page
    expect(page).to_have_title("Deployments")
    icon = page.locator("link[rel=icon]").last
    calm = icon.get_attribute("href") or ""

    receiver.post(status="failure")

    expect(page).to_have_title("(1 failed) Deployments")
    expect(icon).not_to_have_attribute("href", calm)


def test_a_burst_of_200_events_ends_as_the_receiver_has_it(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    dashboard.open()
    at = datetime.now(UTC)

    def post(number: int) -> None:
        receiver.post(
            deployment_id=f"run-{number}",
            service=f"service-{number % 7}",
            environment=("dev", "staging", "prod")[number % 3],
            status=("in-progress", "failure", "success")[number % 5 % 3],
            happened_at=(at - timedelta(seconds=number * 37 % 11)).isoformat(),  # many ties
            version=f"1.0.{number}",
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(200)))

    dashboard.comes_to_show_the_matrix()
    assert receiver.get("/api/matrix")["last_event_id"] == 200


def test_a_browser_that_keeps_nothing_shows_it_all_the_same(
    dashboard: Dashboard, receiver: Receiver, page: Page
) -> None:
    receiver.post(version="1.0.0")
    page.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"])
          Object.defineProperty(window, name, {
            get() { throw new DOMException("Denied", "SecurityError"); },
          });"""
    )
    dashboard.open()
    page.reload()

    dashboard.slot("checkout", "prod").click()
    expect(dashboard.deployments).to_have_count(1)
