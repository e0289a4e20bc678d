"""Whatever a name, a version or a link says, the dashboard shows it as text."""

from typing import Final

from playwright.sync_api import expect

from tests.program import Receiver, ago
from tests.system.dashboard import Dashboard

HOSTILE: Final = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\"><svg/onload=alert(1)>'",
    "{{constructor.constructor('alert(1)')()}}",
    "javascript:alert(1)",
    "../../api/docs?x=1&y=2#z",
    "ab\u202egnp.exe",
    "日本語 🚀 ñ",
    "w" * 200,
)


NOT_HTTP: Final = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://ci.example",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example/x",
    "/relative",
    "ci.example/run/1",
)


def test_a_text_is_shown_as_it_is(dashboard: Dashboard, receiver: Receiver) -> None:
    for text in HOSTILE:
        fields = dict.fromkeys(("deployment_id", "service", "environment", "actor"), text)
        receiver.post(**fields, version=text, ref=text, sha=text[:128], parent_deployments=[text])
    page = dashboard.open().page

    expect(dashboard.services).to_have_count(len(HOSTILE))
    assert set(dashboard.services.all_text_contents()) == set(HOSTILE)
    assert set(dashboard.environments.all_text_contents()) == set(HOSTILE)
    for text in HOSTILE:
        expect(dashboard.slot(text, text)).to_contain_text(text[:40])
        dashboard.slot(text, text).click()
        expect(dashboard.drawer.get_by_role("heading")).to_contain_text(text)
        expect(dashboard.deployments.first).to_contain_text(text)
        page.reload()
        expect(dashboard.deployments.first).to_contain_text(text)
        page.keyboard.press("Escape")
    assert page.locator("img, script:not([src]), svg").count() == 0


def test_a_version_that_turns_the_writing_direction_leaves_the_sentence_around_it_alone(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(environment="dev", version="\u202egnp.exe", happened_at=ago(days=3))
    receiver.post(environment="prod", version="1.0.0", happened_at=ago(days=9))
    dashboard.open()

    told = dashboard.slot("checkout", "prod").get_by_title("dev on")
    expect(told).to_contain_text("for 3 d")
    version, age = (told.locator(part).bounding_box() for part in ("[data-version]", ".duration"))
    assert version
    assert age
    assert version["x"] + version["width"] < age["x"]


def test_a_run_url_that_is_not_http_is_text_and_never_a_link(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    for number, url in enumerate(NOT_HTTP):
        receiver.post(deployment_id=f"run-{number}", run_url=url)

    dashboard.open(service="checkout", environment="prod")

    expect(dashboard.deployments).to_have_count(len(NOT_HTTP))
    for url in NOT_HTTP:
        expect(dashboard.history.get_by_title(url, exact=True)).to_have_text(url.strip())
    for button in dashboard.history.get_by_role("button").all():
        button.click()
    targets = dashboard.drawer.get_by_role("link").evaluate_all(
        "links => links.map((link) => link.getAttribute('href'))"
    )
    assert {target.rpartition("/")[0] for target in targets} == {"/api/deployments"}


def test_a_run_url_opens_in_a_tab_that_cannot_reach_back(
    dashboard: Dashboard, receiver: Receiver
) -> None:
    receiver.post(run_url="https://ci.example/runs/1?a=1&b=2", run_number=7)

    dashboard.open(service="checkout", environment="prod")

    link = dashboard.deployments.first.get_by_role("link", name="Run 7")
    expect(link).to_have_attribute("href", "https://ci.example/runs/1?a=1&b=2")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
