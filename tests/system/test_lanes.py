"""The lanes in a real browser: how versions travel through the environments."""

import pytest
from playwright.sync_api import Locator, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard

ENVIRONMENTS = ("dev", "staging", "prod")


def lane(dashboard: Dashboard, version: str) -> Locator:
    return dashboard.page.get_by_role("row").filter(
        has=dashboard.page.get_by_role("rowheader").filter(has_text=version)
    )


def stop(dashboard: Dashboard, version: str, environment: str) -> Locator:
    return lane(dashboard, version).get_by_role("link", name=environment)


def promote(receiver: Receiver, version: str, *environments: str, hours: float = 0) -> None:
    """Deploy a version to one environment after the other, each the parent of the next."""
    for number, environment in enumerate(environments):
        receiver.post(
            deployment_id=f"{version}-{environment}",
            version=version,
            environment=environment,
            happened_at=ago(hours=hours - number / 10),
            parent_deployments=[f"{version}-{environments[number - 1]}"] if number else [],
        )


def test_each_version_has_a_lane_that_tells_how_far_it_has_come_and_where_it_serves(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    promote(receiver, "1.0.0", *ENVIRONMENTS, hours=9)
    promote(receiver, "1.1.0", "dev", "staging", hours=4)
    receiver.post(version="1.1.0", environment="prod", status="failure", deployment_id="bad")

    dashboard.open(view="lanes")

    expect(dashboard.page.get_by_role("rowheader")).to_contain_text(["1.1.0", "1.0.0"])
    expect(stop(dashboard, "1.0.0", "dev succeeded")).to_be_visible()
    expect(stop(dashboard, "1.0.0", "prod succeeded, serving")).to_be_visible()
    expect(stop(dashboard, "1.1.0", "staging succeeded, serving")).to_be_visible()
    expect(stop(dashboard, "1.1.0", "prod failed")).to_be_visible()
    expect(lane(dashboard, "1.0.0").locator("path")).to_have_count(2)
    stops = [stop(dashboard, "1.0.0", name).bounding_box() for name in ENVIRONMENTS]
    lefts = [box["x"] for box in stops if box]
    assert lefts == sorted(lefts)


def test_lanes_go_on_with_what_happens(dashboard: Dashboard, receiver: Receiver) -> None:
    promote(receiver, "1.0.0", "dev", hours=2)
    dashboard.open(view="lanes")
    expect(stop(dashboard, "1.0.0", "dev")).to_be_visible()

    receiver.post(version="1.0.0", environment="staging", status="in-progress")

    expect(stop(dashboard, "1.0.0", "staging in progress")).to_be_visible()
    expect(lane(dashboard, "1.0.0").locator("path")).to_have_count(1)


def test_a_stop_opens_its_history_by_keyboard_too(dashboard: Dashboard, receiver: Receiver) -> None:
    promote(receiver, "1.0.0", *ENVIRONMENTS, hours=9)
    promote(receiver, "1.1.0", "dev", hours=4)
    page = dashboard.open(view="lanes").page
    stop(dashboard, "1.1.0", "dev").focus()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(stop(dashboard, "1.0.0", "staging")).to_be_focused()
    page.keyboard.press("Enter")

    expect(dashboard.deployments.first).to_contain_text("1.0.0")
    assert page.url.endswith("&environment=staging&deployment=1.0.0-staging")
    page.keyboard.press("Escape")
    expect(stop(dashboard, "1.0.0", "staging")).to_be_focused()


def test_they_are_filtered_as_the_matrix_is(dashboard: Dashboard, receiver: Receiver) -> None:
    for service in ("shop", "mail"):
        receiver.post(service=service, version=f"{service}-1", deployment_id=service)
    receiver.post(service="shop", version="shop-2", status="failure", deployment_id="shop-2")
    page = dashboard.open(view="lanes").page
    lanes = page.get_by_role("rowheader")
    expect(lanes).to_have_count(3)

    dashboard.filter.fill("shop")
    expect(lanes).to_have_count(2)
    page.get_by_label("Status").select_option("failed")
    expect(lanes).to_have_count(1)
    expect(lanes).to_contain_text("shop-2")
    dashboard.filter.fill("nothing-like-this")
    expect(page.get_by_text("Nothing here passes the filter.")).to_be_visible()


@pytest.mark.parametrize(
    ("tab_options", "scheme"),
    [({"color_scheme": scheme}, scheme) for scheme in ("light", "dark")],
    indirect=["tab_options"],
)
def test_they_bar_nobody(dashboard: Dashboard, receiver: Receiver, scheme: str) -> None:
    promote(receiver, "1.0.0", *ENVIRONMENTS, hours=9)
    promote(receiver, "1.1.0", "dev", "staging", hours=4)
    receiver.post(version="1.1.0", status="in-progress", deployment_id="now")
    receiver.post(version="1.2.0", environment="dev", status="failure", deployment_id="bad")
    receiver.post(
        service="old",
        version="0.9",
        environment="dev",
        status="in-progress",
        happened_at=ago(days=1),
    )
    dashboard.open(view="lanes")
    expect(dashboard.page.get_by_role("rowheader")).to_have_count(4)

    dashboard.screenshot(f"lanes-{scheme}")
    assert not dashboard.barriers()


def test_a_text_is_shown_as_it_is(dashboard: Dashboard, receiver: Receiver) -> None:
    text = "<img src=x onerror=alert(1)>"
    for number in range(2):
        fields = dict.fromkeys(("service", "environment", "actor", "version"), text)
        receiver.post(**fields, deployment_id=f"{text}{number}", parent_deployments=[text, text])

    for view in ("lanes", "feed"):
        page = dashboard.open(view=view).page
        expect(page.get_by_text(text).first).to_be_visible()
        assert page.locator("img").count() == 0
