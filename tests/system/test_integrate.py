"""Every recipe of docs/integrate.md, copied out of it, run as its CI tool would run it."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from receiver.submission import Submission
from tests.program import Receiver, ago
from tests.system import gitlab, integrate
from tests.system.front import front
from tests.system.integrate import Outcome
from tests.system.recipe import Recipe
from tests.system.variables import CI, SHA

VERSION: Final = "2.4.0"
PERSON: Final = {
    "RUN_ID": "run-77",
    "VERSION": VERSION,
    "RUN_URL": "https://ci.example/run/77?tab=log&step=3",
    "ACTOR": "Zoë O'Neil",
}
SECRETS: Final = {"dashboard_api_key": Receiver.key}
OUTCOMES: Final[tuple[Outcome, ...]] = ("success", "failure")


@pytest.fixture
def receiver(shared_receiver: Receiver) -> Receiver:
    """One for all recipes: each tells what was stored since it began."""
    return shared_receiver


@dataclass(frozen=True)
class Case:
    """A tool's pipeline, the variables that the tool sets, what the dashboard is told."""

    recipes: Callable[[Receiver, Outcome], Iterable[Recipe]]
    variables: dict[str, str]
    told: dict[str, Any]

    @property
    def is_curl(self) -> bool:
        """Whether it posts by itself, not by the helper, which has tests of its own."""
        return "progress_reporter" not in self.told


def github_contexts(receiver: Receiver) -> dict[str, str]:
    return {"vars.DASHBOARD_URL": receiver.url, "secrets.DASHBOARD_API_KEY": receiver.key}


def told_by(tool: str, *fields: str, **more: Any) -> dict[str, Any]:
    """What the variables of a tool mean, as far as its recipe sends it."""
    return {name: CI[tool].event[name] for name in ("deployment_id", *fields)} | more


CASES: Final = {
    "Shell script": Case(
        lambda _receiver, _outcome: integrate.shell("Shell script"),
        PERSON,
        {
            "deployment_id": "run-77",
            "version": VERSION,
            "run_url": PERSON["RUN_URL"],
            "actor": PERSON["ACTOR"],
        },
    ),
    "In one line": Case(
        lambda _receiver, _outcome: integrate.shell("In one line"),
        CI["GitLab CI"].variables,
        told_by("GitLab CI", "run_url", "run_number", "actor", "ref", version=SHA, sha=SHA)
        | {"progress_reporter": "notify"},
    ),
    "GitHub Actions, the action": Case(
        lambda receiver, outcome: integrate.github(0, github_contexts(receiver), outcome),
        CI["GitHub Actions"].variables,
        told_by("GitHub Actions", "run_url", "run_number", "actor", "ref", version=SHA, sha=SHA)
        | {"progress_reporter": "notify"},
    ),
    "GitHub Actions, curl": Case(
        lambda receiver, outcome: integrate.github(1, github_contexts(receiver), outcome),
        CI["GitHub Actions"].variables,
        told_by("GitHub Actions", "run_url", "run_number", "actor", version=SHA),
    ),
    "Azure Pipelines": Case(
        lambda receiver, outcome: integrate.azure({"DASHBOARD_API_KEY": receiver.key}, outcome),
        CI["Azure Pipelines"].variables | {"SYSTEM_TEAMPROJECT": "shop"},
        told_by("Azure Pipelines", "actor", version=SHA)
        | {"run_url": "https://dev.azure.example/acme/shop/_build/results?buildId=5150"},
    ),
    "GitLab CI": Case(
        lambda _receiver, outcome: integrate.gitlab(outcome),
        CI["GitLab CI"].variables | {"CI_COMMIT_SHORT_SHA": SHA[:8]},
        told_by("GitLab CI", "run_url", "actor", version=SHA[:8]),
    ),
    "Jenkins": Case(
        lambda _receiver, outcome: integrate.jenkins(outcome),
        CI["Jenkins"].variables,
        told_by("Jenkins", "run_url", version=SHA),
    ),
    "CircleCI": Case(
        lambda _receiver, outcome: integrate.circleci(outcome),
        CI["CircleCI"].variables,
        told_by("CircleCI", "run_url", "actor", version=SHA),
    ),
    "Bitbucket Pipelines": Case(
        lambda _receiver, outcome: integrate.bitbucket(outcome),
        CI["Bitbucket Pipelines"].variables,
        told_by("Bitbucket Pipelines", "run_url", version=SHA),
    ),
    "Tekton": Case(
        lambda _receiver, outcome: integrate.tekton("deploy-checkout-x7k2p", VERSION, outcome),
        {},
        {"deployment_id": "tekton-deploy-checkout-x7k2p", "version": VERSION},
    ),
    "Woodpecker": Case(
        lambda _receiver, outcome: integrate.containers("Woodpecker", SECRETS, outcome),
        CI["Woodpecker"].variables,
        told_by("Woodpecker", "run_url", "actor", version=SHA),
    ),
    "Drone": Case(
        lambda _receiver, outcome: integrate.containers("Drone", SECRETS, outcome),
        CI["Drone"].variables,
        told_by("Drone", "run_url", "actor", version=SHA),
    ),
}


def repository(folder: Path, outcome: Outcome) -> None:
    """What the pipeline's repository has: how it deploys, and the helper."""
    deploy = folder / "deploy.sh"
    deploy.write_text(f"#!/bin/sh\ntouch deployed\nexit {0 if outcome == 'success' else 3}\n")
    deploy.chmod(0o755)
    shutil.copy(integrate.ACTION / "notify", folder)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", CASES)
def test_it_tells_the_start_and_the_end(
    receiver: Receiver, tmp_path: Path, name: str, outcome: Outcome
) -> None:
    case = CASES[name]
    repository(tmp_path, outcome)
    before = receiver.get("/api/matrix")["last_event_id"]

    done = [
        recipe.run(receiver, tmp_path, **case.variables)
        for recipe in case.recipes(receiver, outcome)
    ]

    assert (tmp_path / "deployed").exists()
    assert any(one.returncode for one in done) == (outcome == "failure"), done
    end, start = since(receiver, before)
    assert receiver.slot("checkout", "prod")["current"] == end
    plain = {"service": "checkout", "environment": "prod"}
    assert comparable(start) == case.told | plain | {"status": "in-progress"}
    assert comparable(end) == case.told | plain | {"status": outcome}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_curl])
def test_it_deploys_while_the_dashboard_is_away(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    repository(tmp_path, "success")
    away = Receiver(tmp_path)
    away.url = "http://127.0.0.1:9"  # the port of `discard`, where nothing listens

    for recipe in case.recipes(away, "success"):
        done = recipe.run(away, tmp_path, **case.variables)
        if (tmp_path / "deployed").exists():
            return
        assert done.returncode == 0, "the pipeline stops here"
    raise AssertionError("it did not deploy")


@pytest.mark.parametrize("heading", ["curl", "Retries"])
def test_a_single_post_fills_the_slot(receiver: Receiver, tmp_path: Path, heading: str) -> None:
    before = receiver.get("/api/matrix")["last_event_id"]

    (recipe,) = integrate.shell(heading)
    done = recipe.run(receiver, tmp_path, **PERSON)

    assert done.returncode == 0, done.stderr
    (event,) = since(receiver, before)
    assert receiver.slot("checkout", "prod")["current"] == event
    assert event["deployment_id"] == "run-77"


def test_a_post_whose_answer_was_lost_is_retried_and_stored_once(
    receiver: Receiver, tmp_path: Path
) -> None:
    before = receiver.get("/api/matrix")["last_event_id"]
    (recipe,) = integrate.shell("Retries")

    with front(receiver) as server:
        server.fault = "loses the answer"
        server.faults = 1
        done = recipe.run(receiver, tmp_path, **PERSON | {"DASHBOARD_URL": server.url})

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == since(receiver, before)[0]
    assert len(since(receiver, before)) == 1


def test_many_services_of_one_pipeline_are_rows_of_their_own(
    receiver: Receiver, tmp_path: Path
) -> None:
    (recipe,) = integrate.shell("Many services in one pipeline")
    done = recipe.run(receiver, tmp_path, **PERSON | {"RUN_ID": "many"})

    assert done.returncode == 0, done.stderr
    for service in ("checkout", "search", "payment"):
        assert receiver.slot(service, "prod")["current"]["deployment_id"] == "many"


def test_a_promotion_names_the_deployment_before(receiver: Receiver, tmp_path: Path) -> None:
    (recipe,) = integrate.shell("Promotion")
    done = recipe.run(receiver, tmp_path, **PERSON | {"RUN_ID": "promoted"})

    assert done.returncode == 0, done.stderr
    dev = receiver.slot("checkout", "dev")["current"]
    prod = receiver.slot("checkout", "prod")["current"]
    assert "parent_deployments" not in dev
    assert prod["parent_deployments"] == [dev["deployment_id"]]


def test_argo_cd_posts_what_its_templates_say(receiver: Receiver) -> None:
    operation = {
        "phase": "Running",
        "startedAt": ago(minutes=1)[:19] + "Z",
        "finishedAt": ago()[:19] + "Z",
    }
    application = {
        "context": {"argocdUrl": "https://argo.example"},
        "app": {
            "metadata": {"name": "checkout", "namespace": "argocd", "uid": "4f2e"},
            "spec": {"destination": {"namespace": "prod"}},
            "status": {"sync": {"revision": SHA}, "operationState": operation},
        },
    }
    for phase, status in (("Failed", "failure"), ("Succeeded", "success")):
        operation["phase"] = phase
        for webhook in integrate.argo(application):
            named = {name.replace("-", "_"): value for name, value in webhook["headers"].items()}
            assert named["X_Api_Key"] == "$dashboard-api-key"
            named["X_Api_Key"] = receiver.key
            body = webhook["body"].encode()
            answer = receiver.request(webhook["method"], webhook["path"], body, **named)
            assert answer.status == 201, answer

        current = receiver.slot("checkout", "prod")["current"]
        assert comparable(current) == {
            "deployment_id": f"argo-4f2e-{operation['startedAt']}",
            "service": "checkout",
            "environment": "prod",
            "version": SHA,
            "status": status,
            "run_url": "https://argo.example/applications/argocd/checkout",
        }


def test_the_command_to_verify_shows_the_service(receiver: Receiver, tmp_path: Path) -> None:
    receiver.post(service="verified")

    (recipe,) = integrate.shell("Verify it worked")
    done = recipe.run(receiver, tmp_path)

    assert done.returncode == 0, done.stderr
    assert '"service":"verified"' in done.stdout


def test_every_block_of_the_page_is_run_here() -> None:
    run = {name.split(",")[0] for name in CASES} | {"curl", "Retries", "Promotion", "Argo CD"}
    run |= {"Many services in one pipeline", "Verify it worked"}

    assert {
        heading for heading in integrate.headings() if "```" in integrate.section(heading)
    } == run


def test_no_recipe_waits_for_a_dashboard_that_never_answers() -> None:
    posts = re.findall(r"curl .*-X POST.*", integrate.PAGE)

    assert posts
    assert [post for post in posts if "--max-time 10 " not in post] == []


def test_every_configuration_is_what_its_tool_accepts() -> None:
    """By the schemas that the tools publish."""
    published = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    for name, document in integrate.documents():
        schema = json.loads((published / f"{name}.json").read_text())
        validator = jsonschema.validators.validator_for(schema)(schema)
        assert [error.message for error in validator.iter_errors(document)] == [], name


def test_gitlab_ci_runs_its_recipe(receiver: Receiver, tmp_path: Path) -> None:
    """GitLab's own rules for jobs, by the npm package that runs them on a developer's machine."""
    repository(tmp_path, "success")
    before = receiver.get("/api/matrix")["last_event_id"]

    done = gitlab.run(tmp_path, integrate.block("GitLab CI"), receiver)

    assert done.returncode == 0, done.stdout
    end, start = since(receiver, before)
    assert (start["status"], end["status"]) == ("in-progress", "success")
    assert start["run_url"].startswith("https://gitlab.example/acme/checkout/")


def test_the_table_of_fields_is_the_model() -> None:
    told = [
        (name, required == "yes")
        for names, required, _ in integrate.table("What to send")
        for name in re.findall(r"`(\w+)`", names)
    ]

    assert sorted(told) == sorted(
        (name, info.is_required()) for name, info in Submission.model_fields.items()
    )


def since(receiver: Receiver, last_id: int) -> list[Any]:
    """What was stored after an id, newest first."""
    items: list[Any] = receiver.get("/api/deployments?limit=500")["items"]
    return sorted((e for e in items if e["id"] > last_id), key=lambda e: -e["id"])


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """An event without what differs from run to run."""
    return {
        name: value
        for name, value in event.items()
        if name not in ("id", "happened_at", "received_at")
    }
