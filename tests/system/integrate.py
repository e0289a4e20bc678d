"""docs/integrate.md, read as its users read it: each tool's pipeline, as that tool would run it."""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

import yaml

from tests.docs.tree import ROOT
from tests.system.recipe import (
    GITHUB_SHELL,
    Recipe,
    composite,
    evaluated,
    go_template,
    groovy_strings,
    substituted,
)

PAGE: Final = (ROOT / "docs" / "integrate.md").read_text()
ACTION: Final = ROOT / "integrations" / "notify"
BASH: Final = ("bash", "-eo", "pipefail", "-c")
SH: Final = ("sh", "-e", "-c")

SCHEMAS: Final = {
    "Azure Pipelines": "azure-pipelines",
    "GitLab CI": "gitlab-ci",
    "CircleCI": "circle-ci",
    "Bitbucket Pipelines": "bitbucket-pipelines",
    "Woodpecker": "woodpecker-ci",
    "Drone": "drone-ci",
}

Outcome = Literal["success", "failure"]


def headings() -> list[str]:
    """The headings of the second level."""
    return re.findall(r"^## (.*)$", PAGE, re.MULTILINE)


def section(heading: str) -> str:
    """The text below a heading of the second level."""
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found, heading
    return rest.partition("\n## ")[0]


def block(heading: str, number: int = 0) -> str:
    """One of the blocks of code below a heading."""
    blocks: list[str] = re.findall(
        r"^```\w+\n(.*?)^```$", section(heading), re.DOTALL | re.MULTILINE
    )
    return blocks[number]


def table(heading: str, number: int = 0) -> list[list[str]]:
    """The rows of one of the tables below a heading, without its head, as cells."""
    tables = re.findall(r"(?:^\|.*\|\n)+", section(heading), re.MULTILINE)
    rows = tables[number].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def shell(heading: str) -> list[Recipe]:
    """A block that a person puts into a script."""
    return [Recipe(block(heading), BASH)]


def github(number: int, contexts: dict[str, str], outcome: Outcome) -> Iterator[Recipe]:
    """The steps of the job: after one that failed only those with `always()`."""
    job = yaml.safe_load(block("GitHub Actions", number))["jobs"]["deploy"]
    ended = {"job.status": "success"}
    for step in job["steps"]:
        if ended["job.status"] == "failure" and step.get("if") != "always()":
            continue
        known = contexts | ended
        if step.get("uses", "").startswith("actions/checkout@"):
            continue
        if "uses" in step:
            assert step["uses"] == "./.github/actions/notify-dashboard"  # a copy of the folder
            yield composite(ACTION, evaluate_all(step["with"], known))
        else:
            variables = evaluate_all(job.get("env", {}) | step.get("env", {}), known)
            yield Recipe(evaluated(step["run"], known), GITHUB_SHELL, variables)
        if step.get("run") == "./deploy.sh":
            ended["job.status"] = outcome


def evaluate_all(texts: dict[str, str], contexts: dict[str, str]) -> dict[str, str]:
    return {name: evaluated(text, contexts) for name, text in texts.items()}


def azure(macros: dict[str, str], outcome: Outcome) -> Iterator[Recipe]:
    status = {"AGENT_JOBSTATUS": "Succeeded"}
    for step in yaml.safe_load(block("Azure Pipelines"))["steps"]:
        if status["AGENT_JOBSTATUS"] == "Failed" and step.get("condition") != "always()":
            continue
        script = step["script"] if "script" in step else step["inputs"]["script"]
        variables = {name: substituted(text, macros) for name, text in step.get("env", {}).items()}
        shell = ("bash", "--noprofile", "--norc", "-c")
        yield Recipe(substituted(script, macros), shell, variables | status)
        if step.get("script") == "./deploy.sh" and outcome == "failure":
            status["AGENT_JOBSTATUS"] = "Failed"


def gitlab(outcome: Outcome) -> list[Recipe]:
    """GitLab runs `before_script` and `script` in one shell, `after_script` in another."""
    job = yaml.safe_load(block("GitLab CI"))["deploy"]
    ended = {"CI_JOB_STATUS": "success" if outcome == "success" else "failed"}
    return [
        Recipe("\n".join([*job["before_script"], *job["script"]]), BASH),
        Recipe("\n".join(job["after_script"]), BASH, ended),
    ]


def jenkins(outcome: Outcome) -> list[Recipe]:
    code = block("Jenkins")
    assert (
        """["STATUS=${currentBuild.currentResult == 'SUCCESS' ? 'success' : 'failure'}"]""" in code
    )
    start, deploy, end = groovy_strings(code)
    shell = ("sh", "-xe", "-c")
    return [Recipe(start, shell), Recipe(deploy, shell), Recipe(end, shell, {"STATUS": outcome})]


def circleci(outcome: Outcome) -> Iterator[Recipe]:
    """Each step's bash reads the file that BASH_ENV names."""
    result = "success"
    for step in yaml.safe_load(block("CircleCI"))["jobs"]["deploy"]["steps"]:
        if step == "checkout":
            continue
        run = step["run"] if isinstance(step["run"], dict) else {"command": step["run"]}
        if run.get("when", "on_success") == ("on_fail" if result == "failure" else "on_success"):
            yield Recipe(run["command"], BASH, {"BASH_ENV": "bash_env"})
        if run["command"] == "./deploy.sh":
            result = outcome


def bitbucket(outcome: Outcome) -> list[Recipe]:
    (step,) = yaml.safe_load(block("Bitbucket Pipelines"))["pipelines"]["branches"]["main"]
    ended = {"BITBUCKET_EXIT_CODE": "0" if outcome == "success" else "3"}
    return [
        Recipe("\n".join(step["step"]["script"]), BASH),
        Recipe("\n".join(step["step"]["after-script"]), BASH, ended),
    ]


def containers(heading: str, secrets: dict[str, str], outcome: Outcome) -> Iterator[Recipe]:
    """Woodpecker's and Drone's steps: those for failures run after one, the others without one."""
    is_failed = False
    for step in yaml.safe_load(block(heading))["steps"]:
        when = step.get("when", {})
        (condition,) = when if isinstance(when, list) else [when]
        if ("failure" in condition.get("status", ["success"])) != is_failed:
            continue
        yield Recipe("\n".join(step["commands"]), SH, environment(step, secrets))
        is_failed = step["name"] == "deploy" and outcome == "failure"


def environment(step: dict[str, Any], secrets: dict[str, str]) -> dict[str, str]:
    """What a step sets. The dashboard's address is left to the test."""
    told = step.get("environment", {})
    values = {
        name: secrets[value["from_secret"]] if isinstance(value, dict) else value
        for name, value in told.items()
    }
    return {name: value for name, value in values.items() if name != "DASHBOARD_URL"}


def tekton(run: str, version: str, outcome: Outcome) -> Iterator[Recipe]:
    """The task for the start and in `finally`, its parameters from the pipeline's."""
    task, pipeline = yaml.safe_load_all(block("Tekton"))
    (step,) = task["spec"]["steps"]
    (start, deploy), (end,) = pipeline["spec"]["tasks"], pipeline["spec"]["finally"]
    known = {
        "context.pipelineRun.name": run,
        "params.version": version,
        "tasks.deploy.status": "Succeeded" if outcome == "success" else "Failed",
    }
    assert deploy["runAfter"] == [start["name"]]
    for each in (start, deploy, end):
        if each is deploy:
            yield Recipe("./deploy.sh", SH)
            continue
        given = {f"params.{p['name']}": substituted(p["value"], known) for p in each["params"]}
        variables = {
            told["name"]: substituted(told["value"], given)
            for told in step["env"]
            if "value" in told and told["name"] != "DASHBOARD_URL"
        }
        yield Recipe(step["script"], SH, variables)


def argo(application: dict[str, Any]) -> list[dict[str, Any]]:
    """The webhooks that the controller calls for an application that begins to sync, then ends."""
    data = {name: yaml.safe_load(text) for name, text in config_map()["data"].items()}
    sent = [name for trigger in data["trigger.dashboard"] for name in trigger["send"]]
    assert sent == ["dashboard-begins", "dashboard-ended", "dashboard-ended"]
    headers = {told["name"]: told["value"] for told in data["service.webhook.dashboard"]["headers"]}
    webhooks = [data[f"template.{name}"]["webhook"]["dashboard"] for name in sent[:2]]
    return [
        webhook | {"body": go_template(webhook["body"], application), "headers": headers}
        for webhook in webhooks
    ]


def config_map() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(block("Argo CD"))
    return found


def documents() -> Iterator[tuple[str, Any]]:
    """What is a configuration of a tool: the name of the tool's schema, and the configuration."""
    for number in range(2):
        workflow = yaml.safe_load(block("GitHub Actions", number))
        yield "github-workflows", {"on": "push"} | workflow
    for heading, schema in SCHEMAS.items():
        yield schema, yaml.safe_load(block(heading))
    yield "github-actions", yaml.safe_load((ACTION / "action.yml").read_text())
