"""The page on monitoring, the alert rules and the dashboard name what there is, all of it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import yaml
from prometheus_client import CollectorRegistry

import fetcher.monitoring.metrics
import receiver.metrics
from tests.docs import tree

FOLDER: Final = tree.ROOT / "docs" / "monitoring"
PAGE: Final = (FOLDER / "README.md").read_text()
RULES: Final = FOLDER / "alerts.yml"
# What every Prometheus knows by itself.
OF_PROMETHEUS: Final = {"up"}
NAME_OF_METRIC: Final = re.compile(r"\b(?:up|(?:deployment_(?:receiver|fetcher)|process)_\w+)\b")


def exposed(registry: CollectorRegistry) -> Iterator[str]:
    """The names under which Prometheus stores a registry's metrics."""
    for metric in registry.collect():
        if metric.type == "histogram":
            yield from (f"{metric.name}_{part}" for part in ("bucket", "sum", "count"))
        else:
            yield metric.name + "_total" * (metric.type == "counter")


RECEIVERS: Final = set(exposed(receiver.metrics.Metrics("1.0").registry))
ALL: Final = (
    RECEIVERS | set(exposed(fetcher.monitoring.metrics.Metrics("1.0").registry)) | OF_PROMETHEUS
)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def first_cells() -> set[str]:
    """Of the page's tables."""
    return set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))


def test_the_page_names_each_metric_of_the_receiver() -> None:
    named = {name for name in first_cells() if name.startswith("deployment_")}

    assert named == {name for name in RECEIVERS if not name.startswith("process_")}


def test_the_page_names_each_alert() -> None:
    named = {name for name in first_cells() if name.startswith("Deployment")}

    assert named == {rule["alert"] for rule in rules()}


def test_every_metric_that_is_asked_for_exists() -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    of_panels = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    asked = [*(rule["expr"] for rule in rules()), *of_panels]

    for expression in asked:
        named = set(NAME_OF_METRIC.findall(expression))
        assert named, expression
        assert named <= ALL, expression


def test_the_dashboard_shows_each_metric() -> None:
    shown = set(NAME_OF_METRIC.findall((FOLDER / "dashboard.json").read_text()))
    own = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ALL if "deployment_" in name}
    told = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}

    assert own - told == {"deployment_receiver_info", "deployment_fetcher_info"}


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool:  # it comes with Prometheus, which is nothing that tests can install
        subprocess.run([promtool, "check", "rules", RULES], check=True)
    for rule in rules():
        assert {"alert", "expr", "labels", "annotations"} <= rule.keys()
        assert rule["annotations"]["summary"]
