"""The feed in a real browser: everything as it happens."""

import pytest
from playwright.sync_api import Locator, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard


def rows(dashboard: Dashboard) -> Locator:
    return dashboard.page.get_by_role("group", name="Events").get_by_role("listitem")


def post_many(receiver: Receiver, number: int) -> None:
    """So many events, a minute apart, the newest an hour ago: versions 1.0.0, 1.0.1, …."""
    for index in range(number):
        receiver.post(
            deployment_id=f"run-{index}",
            service=f"service-{index % 7}",
            version=f"1.0.{index}",
            happened_at=ago(minutes=60 + number - index),
        )


def test_everything_is_told_the_newest_first_with_what_came_of_it(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(status="in-progress", version="1.0.0", happened_at=ago(minutes=9))
    receiver.post(status="failure", version="1.0.0", happened_at=ago(minutes=7), actor="ana")
    receiver.post(deployment_id="run-2", environment="dev", status="in-progress", version="1.1.0")
    dashboard.open(view="feed")

    expect(rows(dashboard)).to_have_count(3)
    for row, texts in zip(
        rows(dashboard).all(),
        (
            ("checkout", "dev", "1.1.0", "in progress"),
            ("checkout", "prod", "1.0.0", "failed in 2 min", "ana"),
            ("checkout", "prod", "1.0.0", "started"),
        ),
        strict=True,
    ):
        for text in texts:
            expect(row).to_contain_text(text)


def test_what_happens_now_comes_on_top_of_a_feed_that_is_not_scrolled(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_many(receiver, 3)
    dashboard.open(view="feed")
    expect(rows(dashboard)).to_have_count(3)

    receiver.post(version="9.9.9")

    expect(rows(dashboard)).to_have_count(4)
    expect(rows(dashboard).first).to_contain_text("9.9.9")


def test_what_is_read_stays_in_its_place_and_new_events_are_counted(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_many(receiver, 60)
    page = dashboard.open(view="feed").page
    row = rows(dashboard).filter(has_text="1.0.30")
    row.scroll_into_view_if_needed()
    before = row.bounding_box()

    for number in range(12):
        receiver.post(deployment_id=f"new-{number}", version=f"2.0.{number}")

    new = page.get_by_role("button", name="12 new")
    expect(new).to_be_visible()
    dashboard.screenshot("feed-new")
    assert row.bounding_box() == before

    new.click()
    expect(rows(dashboard).first).to_be_in_viewport()
    expect(rows(dashboard).first).to_contain_text("2.0.11")
    expect(new).to_be_hidden()


def test_a_row_has_one_height_whether_or_not_it_was_ever_in_sight(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_many(receiver, 100)
    page = dashboard.open(view="feed").page
    expect(rows(dashboard)).to_have_count(100)

    for width in (1280, 800, 360):
        page.set_viewport_size({"width": width, "height": 800})
        heights = rows(dashboard).evaluate_all("(rows) => rows.map((row) => row.offsetHeight)")
        assert heights == heights[:1] * 100


def test_scrolling_reads_on_to_the_first_event_of_all(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_many(receiver, 230)
    dashboard.open(view="feed")
    expect(rows(dashboard).first).to_contain_text("1.0.229")

    for last in ("1.0.130", "1.0.30", "1.0.0"):
        rows(dashboard).filter(has_text=last).last.scroll_into_view_if_needed()

    expect(rows(dashboard)).to_have_count(230)


def test_it_is_filtered_as_the_matrix_is_and_looks_back_for_what_passes(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(service="rare", status="failure", version="0.1.0", happened_at=ago(days=9))
    post_many(receiver, 120)
    page = dashboard.open(view="feed").page

    dashboard.filter.fill("rare")
    expect(rows(dashboard)).to_have_count(1)
    expect(page).to_have_url(f"{receiver.url}/?view=feed&q=rare")
    dashboard.filter.fill("service-* !service-0")
    expect(rows(dashboard).first).to_contain_text("1.0.118")
    dashboard.filter.fill("")
    page.get_by_label("Status").select_option("failed")
    expect(rows(dashboard)).to_have_count(1)
    dashboard.filter.fill("nothing-like-this")
    expect(page.get_by_text("Nothing here passes the filter.")).to_be_visible()


def test_an_event_opens_the_history_at_its_deployment_by_keyboard_too(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_many(receiver, 3)
    page = dashboard.open(view="feed").page
    expect(rows(dashboard)).to_have_count(3)
    rows(dashboard).first.get_by_role("link").focus()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(dashboard.deployments.first).to_contain_text("1.0.1")
    expect(dashboard.deployments.first).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(dashboard.drawer).to_be_hidden()
    expect(rows(dashboard).nth(1).get_by_role("link")).to_be_focused()


@pytest.mark.parametrize(
    ("tab_options", "scheme"),
    [({"color_scheme": scheme}, scheme) for scheme in ("light", "dark")],
    indirect=["tab_options"],
)
def test_it_bars_nobody(dashboard: Dashboard, receiver: Receiver, scheme: str) -> None:
    post_many(receiver, 30)
    receiver.post(status="failure", version="1.1.0", run_url="https://ci.example/1")
    receiver.post(service="search", status="in-progress", version="7.0.0")
    receiver.post(service="mail", status="in-progress", happened_at=ago(hours=5))
    dashboard.open(view="feed")
    expect(rows(dashboard)).to_have_count(33)

    dashboard.screenshot(f"feed-{scheme}")
    assert not dashboard.barriers()
