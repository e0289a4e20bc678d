"""The fetcher's page names every setting, command and metric, with what is true of them."""

import re
import tomllib
from typing import Final

from fetcher.arguments import COMMANDS
from fetcher.config import Settings
from fetcher.mapping.rules import Rule
from fetcher.monitoring.metrics import Metrics
from tests.docs import tree
from tests.docs.test_settings import defaults, flat

PAGE: Final = (tree.ROOT / "docs" / "fetcher.md").read_text()


def section(title: str) -> str:
    """What stands below a heading, to the next one of its kind."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a page's tables, without their heads."""
    lines = re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)
    return [line.split(" | ") for line in lines]


def test_the_table_of_settings_has_each_with_its_variable_and_its_default() -> None:
    true = dict(flat(defaults(Settings), "fetcher"))
    shown = rows(section("Every setting"))

    assert [cells[0] for cells in shown] == [f"`{name}`" for name in true]
    for name, variable, default, _meaning in shown:
        setting = name.strip("`")
        upper = setting.removeprefix("fetcher.").upper().replace(".", "__")
        assert variable == f"`FETCHER_{upper}`"
        told = None if default == "none" else tomllib.loads(f"is = {default.strip('`')}")["is"]
        assert told == true[setting], setting


def test_the_table_of_metrics_has_each_of_them() -> None:
    collected = Metrics("1.0").registry.collect()
    true = {
        each.name + "_total" * (each.type == "counter")
        for each in collected
        if not each.name.startswith("process_")
    }
    shown = [cells[0].strip("`") for cells in rows(section("Health and metrics"))]

    assert {name for name in shown if not name.startswith("/")} == true


def test_the_table_of_commands_has_each_of_them() -> None:
    named = [cells[0].split()[1].strip("`") for cells in rows(section("Commands"))]

    assert sorted(named) == sorted(COMMANDS)


def test_the_rules_that_it_shows_are_rules() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", section("Rules"), re.DOTALL | re.MULTILINE)

    shown = [rule for block in blocks for rule in tomllib.loads(block)["fetcher"]["rules"]]

    assert len([Rule.model_validate(rule) for rule in shown]) >= 5
