"""The dashboard in a browser, in the words of those who look at it."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

from tests.program import Receiver, eventually

ARTIFACTS: Final = Path(__file__).parents[2] / "test-artifacts"
NOT_ENCODED: Final = "!~*'()"  # by the browser's encodeURIComponent

# Each slot on the page: its state, its versions in full, whether it follows a failure.
READ_GRID: Final = r"""
() => Object.fromEntries([...document.querySelectorAll("[role=grid] [data-row]")].map((row) => [
  row.querySelector("[role=rowheader]").textContent.trim(),
  [...row.querySelectorAll("[data-slot]")].map((slot) => slot.dataset.state ? {
    state: slot.dataset.state,
    versions: [...slot.querySelectorAll("[title]")].map((element) => element.title)
      .filter((title) => /^\d+\.\d+\.\d+$/.test(title)),
    prev_failed: /after a failure/i.test(slot.textContent),
  } : null),
]))
"""
RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


class Dashboard:
    """One tab with the dashboard of one receiver."""

    def __init__(self, page: Page, receiver: Receiver) -> None:
        self.page = page
        self.receiver = receiver
        self.connection = page.get_by_role("status", name="Connection")
        self.drawer = page.get_by_role("complementary")
        self.history = self.drawer.get_by_role("list", name="Deployments, newest first")
        self.filter = page.get_by_role("searchbox")

    def open(self, **view: str) -> "Dashboard":
        """Open it and wait until it is live; `view` is the query of its address."""
        self.page.goto(f"/?{urlencode(view)}" if view else "/")
        expect(self.connection).to_have_text("Live")
        return self

    def slot(self, service: str, environment: str) -> Locator:
        names = (quote(name, safe=NOT_ENCODED) for name in (service, environment))
        return self.page.locator(f'[id="{":".join(("slot", *names))}"]')

    @property
    def services(self) -> Locator:
        """The rows' names."""
        return self.page.get_by_role("rowheader")

    @property
    def environments(self) -> Locator:
        """The columns' names."""
        return self.page.get_by_role("columnheader").filter(has_not_text="Service")

    @property
    def deployments(self) -> Locator:
        """The open history's deployments."""
        return self.history.locator("> li")

    def comes_to_show_the_matrix(self) -> None:
        """Wait until it shows just what the receiver answers."""

        def shows_it() -> None:
            assert self.shown() == self.expected()

        eventually(shows_it)

    def shown(self) -> Any:
        return self.page.evaluate(READ_GRID)

    def expected(self) -> dict[str, list[dict[str, Any] | None]]:
        matrix = self.receiver.get("/api/matrix")
        return {
            row["service"]: [
                as_shown(row["slots"][environment]) if environment in row["slots"] else None
                for environment in matrix["environments"]
            ]
            for row in matrix["rows"]
        }

    def screenshot(self, name: str) -> None:
        """Keep a picture for people to look at."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def barriers(self) -> list[str]:
        """What axe-core finds that bars someone from using it."""
        self.page.evaluate(AXE_SCRIPT)
        found = self.page.evaluate("(rules) => axe.run(document, rules)", RULES)
        return [
            f"{violation['id']}: {node['failureSummary']} {node['html']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]


def as_shown(slot: dict[str, Any]) -> dict[str, Any]:
    """A slot of the matrix as the page shows it; versions are like 1.2.3, and nothing stalled."""
    events = [slot["current"], *([slot["last_successful"]] if "last_successful" in slot else [])]
    return {
        "state": slot["current"]["status"],
        "versions": [event["version"] for event in events],
        "prev_failed": slot.get("prev_failed", False),
    }
