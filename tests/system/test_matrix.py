"""How the matrix is arranged, lit and remembered, in a real browser."""

import itertools
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard

NAMES: Final = """
[[receiver.names]]
match = { environment = "pr-*" }
show = { environment = "preview" }

[[receiver.names]]
match = { service = "legacy-*" }
hide = true
"""

STAGES = ("dev", "staging", "prod")


def post_stages(receiver: Receiver, **fields: Any) -> None:
    for environment in STAGES:
        receiver.post(environment=environment, **fields)


def test_a_slot_tells_what_the_environment_before_it_serves_instead_and_since_when(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_stages(receiver, version="1.0.0", happened_at=ago(days=9))
    receiver.post(environment="staging", version="1.1.0", happened_at=ago(days=2, hours=1))
    dashboard.open()
    told = "staging on 1.1.0 for 2 d"
    expect(dashboard.slot("checkout", "prod")).to_contain_text(told)
    expect(dashboard.slot("checkout", "staging")).to_contain_text("dev on 1.0.0 for 9 d")
    expect(dashboard.slot("checkout", "dev")).not_to_contain_text("≠")

    receiver.post(version="1.1.0", status="in-progress", happened_at=ago(minutes=1))
    expect(dashboard.slot("checkout", "prod")).to_contain_text(told)

    receiver.post(version="1.1.0")
    expect(dashboard.slot("checkout", "prod")).not_to_contain_text("≠")

    receiver.post(environment="staging", version="1.2.0")
    expect(dashboard.slot("checkout", "prod")).to_contain_text("staging on 1.2.0 now")


def test_beside_a_history_nothing_of_what_differs_is_cut(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    stages = ("dev", "test", "staging", "production")
    for number, environment in enumerate(stages):
        receiver.post(environment=environment, version=f"2.2{number}.10", actor="someone-else")
        receiver.post(environment=environment, version="2.30.10", status="failure")
    dashboard.open(service="checkout", environment="dev")
    expect(dashboard.deployments).to_have_count(1)

    for before, environment in itertools.pairwise(stages):
        slot = dashboard.slot("checkout", environment)
        told = slot.get_by_title(f"{before} on 2.2")
        expect(told).to_be_in_viewport()
        for element in (told, slot):
            assert element.evaluate("(shown) => shown.scrollWidth - shown.clientWidth") == 0
            assert element.evaluate("(shown) => shown.scrollHeight - shown.clientHeight") == 0


def test_a_version_under_the_pointer_or_the_focus_is_lit_wherever_it_is(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_stages(receiver, version="1.0.0")
    receiver.post(environment="prod", version="1.1.0", status="failure")
    receiver.post(service="search", environment="dev", version="1.1.0")
    page = dashboard.open().page

    dashboard.slot("checkout", "dev").get_by_text("1.0.0", exact=True).hover()
    assert lit(page) == ["1.0.0 dev", "1.0.0 staging", "1.0.0 prod"]

    dashboard.slot("search", "dev").focus()
    assert lit(page) == ["1.1.0 prod", "1.1.0 dev"]

    receiver.post(service="search", environment="prod", version="1.1.0")
    expect(dashboard.slot("search", "prod")).to_contain_text("1.1.0")
    assert "1.1.0 prod" in lit(page)[1:]

    dashboard.filter.focus()
    assert lit(page) == []


def lit(page: Page) -> list[str]:
    """The lit versions with their environments, from the first slot to the last."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("[data-version]")]
          .filter((element) => getComputedStyle(element).outlineStyle === "solid")
          .map((element) => element.dataset.version + " " +
            element.closest("[data-environment]").dataset.environment)"""
    )
    return found


def test_columns_are_dragged_into_another_order_which_survives_a_reload(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    post_stages(receiver)
    page = dashboard.open().page

    dashboard.environments.filter(has_text="prod").drag_to(
        dashboard.environments.filter(has_text="dev")
    )

    expect(dashboard.environments).to_have_text(["prod", "dev", "staging"])
    page.reload()
    expect(dashboard.environments).to_have_text(["prod", "dev", "staging"])


def test_columns_are_moved_and_hidden_by_keyboard(dashboard: Dashboard, receiver: Receiver) -> None:
    post_stages(receiver)
    page = dashboard.open().page
    page.get_by_role("button", name="3 environments").press("Enter")

    page.get_by_role("button", name="Move prod to the left").press("Enter")
    expect(dashboard.environments).to_have_text(["dev", "prod", "staging"])
    page.get_by_role("button", name="Move prod to the left").press("Enter")
    expect(dashboard.environments).to_have_text(["prod", "dev", "staging"])

    page.get_by_role("checkbox", name="dev").press("Space")
    expect(dashboard.environments).to_have_text(["prod", "staging"])
    expect(page.get_by_role("button", name="2 of 3 environments")).to_be_visible()

    page.get_by_role("button", name="All, in promotion order").press("Enter")
    expect(dashboard.environments).to_have_text(list(STAGES))
    assert page.url == f"{receiver.url}/"


def test_the_newest_change_or_failures_come_first_when_asked_for(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(service="a", happened_at=ago(hours=2))
    receiver.post(service="b", happened_at=ago(hours=1))
    receiver.post(service="c", happened_at=ago(hours=3), status="failure")
    page = dashboard.open().page
    expect(dashboard.services).to_have_text(["a", "b", "c"])

    page.get_by_label("Sort").select_option("last change first")
    expect(dashboard.services).to_have_text(["b", "a", "c"])
    receiver.post(service="a", happened_at=ago())
    expect(dashboard.services).to_have_text(["a", "b", "c"])

    page.get_by_label("Sort").select_option("failures first")
    expect(dashboard.services).to_have_text(["c", "a", "b"])
    page.reload()
    expect(dashboard.services).to_have_text(["c", "a", "b"])


def test_no_row_moves_away_from_a_viewer_who_is_among_them(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for hours, service in enumerate(("a", "b", "c")):
        receiver.post(service=service, happened_at=ago(hours=hours + 1))
    dashboard.page.clock.install()
    page = dashboard.open(sort="changed").page
    again = page.get_by_role("button", name="Sort again")

    dashboard.slot("b", "prod").hover()
    receiver.post(service="c")
    expect(again).to_be_visible()
    expect(dashboard.services).to_have_text(["a", "b", "c"])
    again.click()
    expect(dashboard.services).to_have_text(["c", "a", "b"])
    expect(again).to_be_hidden()

    page.keyboard.press("Tab")
    dashboard.slot("b", "prod").focus()
    page.clock.fast_forward(11_000)
    receiver.post(service="a")
    expect(again).to_be_visible()
    expect(dashboard.services).to_have_text(["c", "a", "b"])
    dashboard.filter.focus()
    page.clock.fast_forward(11_000)
    expect(dashboard.services).to_have_text(["a", "c", "b"])


def test_a_row_that_matches_no_more_stays_while_it_has_the_focus(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for service in ("a", "b"):
        receiver.post(service=service, status="failure")
    page = dashboard.open(status="failure").page
    shown = dashboard.services.filter(visible=True)

    page.keyboard.press("Tab")
    dashboard.slot("a", "prod").focus()
    receiver.post(service="a")
    expect(page.get_by_role("button", name="1 failed")).to_be_visible()
    expect(shown).to_have_text(["a", "b"])
    page.get_by_role("button", name="Filter again").click()
    expect(shown).to_have_text(["b"])


@pytest.fixture
def many(receiver: Receiver) -> list[str]:
    """The names of many services: two teams' and a lone one."""
    names = sorted([f"pay-{number:02}" for number in range(20)])
    names += sorted([f"shop-{number:02}" for number in range(20)])
    for name in ["intranet", *names]:
        receiver.post(service=name)
    receiver.post(service="shop-07", status="failure")
    return ["intranet", *names]


def test_many_services_stand_in_groups_that_fold(
    dashboard: Dashboard, receiver: Receiver, many: list[str]
) -> None:
    page = dashboard.open().page
    shown = dashboard.services.filter(visible=True)
    expect(shown).to_have_text(many)
    shop = page.get_by_role("button", name="shop 20 services 1 failed")
    expect(shop).to_have_attribute("aria-expanded", "true")

    page.get_by_role("button", name="pay 20 services").click()
    expect(shown).to_have_text([name for name in many if not name.startswith("pay")])

    page.reload()
    expect(shown).to_have_count(21)
    receiver.post(service="pay-03", status="in-progress")
    page.get_by_role("button", name="pay 20 services 1 in progress").click()
    expect(shown).to_have_text(many)

    page.get_by_label("Group").select_option("no")
    expect(shop).to_have_count(0)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "tab_options", [{"viewport": {"width": 320, "height": 640}}], indirect=True
)
def test_a_group_on_a_phone_tells_its_name_and_all_its_counts(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(service="shop-08", status="in-progress")
    receiver.post(
        service="shop-09", environment="dev", status="in-progress", happened_at=ago(hours=2)
    )
    name = "shop 20 services 1 failed 1 in progress 1 stalled"
    group = dashboard.open().page.get_by_role("button", name=name)
    assert group.evaluate("(group) => group.scrollWidth <= group.clientWidth")
    assert group.get_by_title("shop").evaluate("(name) => name.scrollWidth <= name.clientWidth")


def test_what_is_scrolled_to_stays_in_sight_over_a_reload(
    dashboard: Dashboard, many: list[str]
) -> None:
    page = dashboard.open().page
    last = dashboard.slot(many[-1], "prod")
    last.scroll_into_view_if_needed()

    page.reload()

    expect(last).to_be_in_viewport()


@pytest.mark.parametrize(
    "tab_options", [{"viewport": {"width": 700, "height": 300}}], indirect=True
)
def test_names_stay_in_sight_wherever_it_is_scrolled(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for number in range(8):
        receiver.post(service=f"s{number}", environment=f"e{number}")
    dashboard.open()

    dashboard.slot("s7", "e7").scroll_into_view_if_needed()

    expect(dashboard.environments.last).to_be_in_viewport()
    expect(dashboard.services.last).to_be_in_viewport()
    expect(dashboard.services.first).not_to_be_in_viewport()
    expect(dashboard.environments.first).not_to_be_in_viewport()


def test_a_view_has_a_name_and_comes_back_by_it(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post(service="fine")
    receiver.post(service="broken", status="failure")
    page = dashboard.open(status="failure", sort="changed").page
    shown = dashboard.services.filter(visible=True)
    expect(shown).to_have_text(["broken"])

    page.get_by_role("button", name="Views").click()
    page.get_by_label("A name for what is shown").fill("Broken now")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Broken now")).to_have_attribute(
        "href", "?status=failure&sort=changed"
    )

    dashboard.open()
    expect(shown).to_have_count(2)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="Broken now").click()
    expect(shown).to_have_text(["broken"])
    expect(page.get_by_role("button", name="Broken now", exact=True)).to_be_visible()

    page.get_by_role("button", name="Broken now", exact=True).click()
    page.get_by_role("button", name="Forget Broken now").click()
    expect(page.get_by_role("link", name="Broken now")).to_have_count(0)


def test_the_chosen_colours_stay(dashboard: Dashboard, receiver: Receiver) -> None:
    receiver.post()
    page = dashboard.open().page
    root = page.locator(":root")

    page.get_by_role("button", name="Options").click()
    page.get_by_label("Dark").check()
    expect(root).to_have_css("color-scheme", "dark")
    # As long as the page itself is still on its way:
    page.route("**/assets/*.js", lambda route: route.fulfill(content_type="text/javascript"))
    page.reload()
    expect(root).to_have_css("color-scheme", "dark")
    page.unroute("**/assets/*.js")
    page.reload()

    page.get_by_role("button", name="Options").click()
    page.get_by_label("As the system").check()
    expect(root).to_have_css("color-scheme", "light dark")


# The browser's own notifications are the one thing that a test cannot see.
NOTIFICATIONS: Final = """
  window.told = [];
  window.Notification = class {
    static permission = "default";
    static async requestPermission() { return (this.permission = "granted"); }
    constructor(title, { body }) { told.push(`${title}: ${body}`); }
  };
"""


def wish_for_notifications(page: Page) -> Locator:
    """Open the options and tick the wish; the box."""
    page.get_by_role("button", name="Options").click()
    wish = page.get_by_label("When something shown here fails")
    wish.click()
    return wish


def test_who_wants_notifications_is_told_what_fails_and_what_works_again_of_what_is_shown(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(version="1.0.0")
    receiver.post(service="other")
    page = dashboard.page
    page.add_init_script(NOTIFICATIONS)
    dashboard.open(q="checkout")
    expect(wish_for_notifications(page)).to_be_checked()
    page.keyboard.press("Escape")

    receiver.post(version="1.1.0", status="in-progress", actor="ana")
    receiver.post(version="1.1.0", status="failure", actor="ana")
    receiver.post(service="other", status="failure")
    expect(page).to_have_title("(1 failed) Deployments")
    receiver.post(version="1.1.1", status="in-progress")
    receiver.post(version="1.1.1")
    expect(page).to_have_title("Deployments")

    page.wait_for_function("told.length > 2")
    assert page.evaluate("told") == [
        "Deployments: Notifications are on.",
        "checkout failed in prod: 1.1.0, ana",
        "checkout works again in prod: 1.1.1",
    ]


def test_who_wants_notifications_is_told_what_stalls(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(service="before", status="in-progress", happened_at=ago(minutes=90))
    page = dashboard.page
    page.add_init_script(NOTIFICATIONS)
    page.clock.install()
    dashboard.open()
    wish_for_notifications(page)
    receiver.post(status="in-progress", version="1.0.0", happened_at=ago(minutes=59, seconds=52))
    expect(dashboard.slot("checkout", "prod")).to_contain_text("in progress")

    for _ in range(2):
        page.clock.fast_forward(9_000)

    expect(dashboard.slot("checkout", "prod")).to_contain_text("stalled")
    assert page.evaluate("told.slice(1)") == ["checkout stalled in prod: 1.0.0"]


def test_where_a_browser_lets_no_page_show_notifications_the_wish_says_so(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post()
    page = dashboard.page
    page.add_init_script(
        """window.Notification = class {
          static permission = "default";
          static async requestPermission() { return (this.permission = "granted"); }
          constructor() { throw new TypeError("Illegal constructor"); }
        };"""
    )
    dashboard.open()

    wish = wish_for_notifications(page)

    expect(page.get_by_text("This browser shows none from a page.")).to_be_visible()
    expect(wish).not_to_be_checked()
    expect(wish).to_be_disabled()


def test_without_the_viewers_wish_there_are_no_notifications(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post()
    page = dashboard.page
    page.add_init_script(
        """window.told = 0;
        window.Notification = class { static permission = "granted"; constructor() { told++ } };"""
    )
    dashboard.open()

    receiver.post(status="failure")

    expect(page).to_have_title("(1 failed) Deployments")
    assert page.evaluate("told") == 0


WALL = {"viewport": {"width": 1280, "height": 720}}


@pytest.mark.parametrize("tab_options", [WALL], indirect=True)
def test_the_wall_turns_pages_of_what_does_not_fit_and_has_no_controls(
    dashboard: Dashboard, many: list[str]
) -> None:
    page = dashboard.open(wall="1").page
    shown = dashboard.services.filter(visible=True)
    expect(page.get_by_role("searchbox")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)
    dashboard.screenshot("wall")
    assert page.evaluate("document.documentElement.scrollHeight") == 720

    seen: set[str] = set()
    for number in (2, 3, 1):
        expect(page.get_by_text(f"Page {number} of")).to_be_visible()
        seen |= set(shown.all_inner_texts())
    page.keyboard.press("Space")
    expect(page.get_by_text("Paused, page")).to_be_visible()
    assert seen <= set(many)
    assert len(seen) > 20

    page.keyboard.press("Escape")
    expect(dashboard.filter).to_be_visible()


@pytest.mark.parametrize("tab_options", [WALL], indirect=True)
def test_the_wall_shows_few_services_larger(dashboard: Dashboard, receiver: Receiver) -> None:
    page = dashboard.open(wall="").page
    expect(page.get_by_text("No deployments yet")).to_be_visible()
    receiver.post()
    text = dashboard.services.first.get_by_text("checkout")
    expect(text).to_have_css("font-size", "26.46px")  # 0.875 of 1.8 x (4 + 12.8)
    assert page.evaluate("document.documentElement.scrollHeight") == 720

    for view, row in (("feed", "li"), ("lanes", "[role=rowheader]")):
        dashboard.open(wall="", view=view)
        expect(page.locator(row).first).to_contain_text("checkout")
        expect(page.get_by_role("combobox")).to_have_count(0)
        page.get_by_role("link").first.click()
        expect(dashboard.drawer).to_have_count(0)

    dashboard.open(wall="", view="refused")
    expect(dashboard.services).to_have_text(["checkout"])


@pytest.mark.parametrize(
    "tab_options", [{"viewport": {"width": 1920, "height": 1080}}], indirect=True
)
def test_on_a_wall_what_differs_is_told_in_whole_words(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for environment in ("dev", "test", "staging", "production"):
        receiver.post(environment=environment, version="2.20.10", happened_at=ago(hours=2))
    receiver.post(environment="staging", version="2.21.10", happened_at=ago(hours=1))
    receiver.post(environment="production", version="2.21.10", status="in-progress")
    for number in range(11):
        receiver.post(service=f"other-{number}", environment="dev")
    dashboard.open(wall="")

    told = dashboard.slot("checkout", "production").get_by_title("staging on 2.21.10 since")
    for word in ("≠", "staging", "2.21.10"):
        expect(told.get_by_text(word, exact=True)).to_be_in_viewport(ratio=0.9)
    cut = "(words) => words.filter((word) => word.scrollWidth > word.clientWidth + 1).length"
    assert told.locator("span").evaluate_all(cut) == 0


def test_what_the_settings_hide_or_show_as_one_is_so_on_an_open_page(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for environment in ("prod", "pr-1", "pr-2"):
        receiver.post(environment=environment, version="1.0.0", deployment_id=environment)
    receiver.post(service="legacy-billing", version="1.0.0")
    page = dashboard.open().page
    expect(dashboard.environments).to_have_text(["prod", "pr-1", "pr-2"])

    (receiver.folder / "config.toml").write_text(NAMES)
    receiver.hang_up()

    expect(dashboard.environments).to_have_text(["prod", "preview"])
    expect(dashboard.services).to_have_text(["checkout"])
    dashboard.slot("checkout", "preview").click()
    expect(dashboard.deployments).to_have_count(2)

    receiver.post(service="legacy-billing", environment="dev")
    receiver.post(environment="pr-3", version="3.0.0", deployment_id="run-3")
    expect(dashboard.deployments).to_have_count(3)
    expect(dashboard.deployments.first).to_contain_text("pr-3")
    dashboard.comes_to_show_the_matrix()
    assert dashboard.shown().keys() == {"checkout"}
    page.get_by_role("link", name="Feed").click()
    rows = page.get_by_role("group", name="Events").get_by_role("listitem")
    expect(rows).to_have_count(4)
    expect(rows.first.get_by_title("pr-3")).to_have_text("preview")
