"""The guide's recipes, copied out of it, run by a real shell and curl against a real receiver."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.program import Receiver
from tests.system import guide

SHA: Final = "7c25deb0f0a4b1a0c4b7b3a55a2a1d2f8f4a9e10"


@pytest.fixture
def receiver(shared_receiver: Receiver) -> Receiver:
    """One for all recipes, which all fill the same slot."""
    return shared_receiver


def current(receiver: Receiver) -> Any:
    """The slot's current event; its times are checked here and taken away, and its id."""
    event = receiver.slot("checkout", "prod")["current"]
    del event["id"]
    now = datetime.now(UTC)
    for name in ("happened_at", "received_at"):
        assert timedelta() <= now - datetime.fromisoformat(event.pop(name)) < timedelta(minutes=5)
    return event


def github_contexts(receiver: Receiver, job_status: str) -> dict[str, str]:
    return {
        "vars.DASHBOARD_URL": receiver.url,
        "secrets.DASHBOARD_API_KEY": receiver.key,
        "github.run_id": "26365060973",
        "github.run_number": "42",
        "github.sha": SHA,
        "github.server_url": "https://github.example",
        "github.repository": "acme/checkout",
        "github.actor": "octocat",
        "github.ref": "refs/heads/main",
        "job.status": job_status,
    }


CURL_VARIABLES: Final = {
    "RUN_ID": "run-77",
    "VERSION": "2.4.0",
    "RUN_URL": "https://ci.example/run/77?tab=log&step=3",
    "ACTOR": "Zoë O'Neil",
}


def test_the_curl_recipe_fills_the_slot(receiver: Receiver) -> None:
    done = guide.curl().run(receiver, receiver.folder, **CURL_VARIABLES)

    assert done.returncode == 0, done.stderr
    assert current(receiver) == {
        "deployment_id": "run-77",
        "service": "checkout",
        "environment": "prod",
        "version": "2.4.0",
        "status": "success",
        "run_url": "https://ci.example/run/77?tab=log&step=3",
        "actor": "Zoë O'Neil",
    }


@pytest.mark.parametrize(
    ("job_status", "status"),
    [("success", "success"), ("failure", "failure"), ("cancelled", "failure")],
)
def test_the_github_recipe_reports_how_the_job_ended(
    receiver: Receiver, job_status: str, status: str
) -> None:
    done = guide.github(github_contexts(receiver, job_status)).run(receiver, receiver.folder)

    assert done.returncode == 0, done.stderr
    assert current(receiver) == {
        "deployment_id": "gh-26365060973",
        "service": "checkout",
        "environment": "prod",
        "version": SHA,
        "status": status,
        "run_url": "https://github.example/acme/checkout/actions/runs/26365060973",
        "run_number": 42,
        "actor": "octocat",
        "ref": "refs/heads/main",
        "sha": SHA,
    }


def test_the_azure_recipe_fills_the_slot(receiver: Receiver) -> None:
    macros = {
        "DASHBOARD_URL": receiver.url,
        "DASHBOARD_API_KEY": receiver.key,
        "Build.BuildId": "5150",
        "Build.SourceVersion": SHA,
        "System.CollectionUri": "https://dev.azure.example/acme/",
        "System.TeamProject": "checkout",
        "Build.RequestedFor": "Zoë Müller",
    }

    done = guide.azure(macros).run(receiver, receiver.folder)

    assert done.returncode == 0, done.stderr
    assert current(receiver) == {
        "deployment_id": "ado-5150",
        "service": "checkout",
        "environment": "prod",
        "version": SHA,
        "status": "success",
        "run_url": "https://dev.azure.example/acme/checkout/_build/results?buildId=5150",
        "actor": "Zoë Müller",
    }


def test_the_gitlab_recipe_fills_the_slot(receiver: Receiver) -> None:
    done = guide.gitlab().run(
        receiver,
        receiver.folder,
        CI_PIPELINE_ID="987654",
        CI_COMMIT_SHORT_SHA="7c25deb0",
        CI_PIPELINE_URL="https://gitlab.example/acme/checkout/-/pipelines/987654",
        GITLAB_USER_LOGIN="zoe",
    )

    assert done.returncode == 0, done.stderr
    assert current(receiver) == {
        "deployment_id": "gl-987654",
        "service": "checkout",
        "environment": "prod",
        "version": "7c25deb0",
        "status": "success",
        "run_url": "https://gitlab.example/acme/checkout/-/pipelines/987654",
        "actor": "zoe",
    }


def test_the_jenkins_recipe_fills_the_slot_without_the_plugin_that_names_the_user(
    receiver: Receiver,
) -> None:
    done = guide.jenkins().run(
        receiver,
        receiver.folder,
        BUILD_TAG="jenkins-checkout deploy-42",
        GIT_COMMIT=SHA,
        BUILD_URL="https://jenkins.example/job/checkout%20deploy/42/",
    )

    assert done.returncode == 0, done.stderr
    assert current(receiver) == {
        "deployment_id": "jenkins-jenkins-checkout deploy-42",
        "service": "checkout",
        "environment": "prod",
        "version": SHA,
        "status": "success",
        "run_url": "https://jenkins.example/job/checkout%20deploy/42/",
    }


def test_the_guides_command_to_verify_shows_the_service_and_its_environment(
    receiver: Receiver,
) -> None:
    guide.curl().run(receiver, receiver.folder, **CURL_VARIABLES)

    done = guide.verify().run(receiver, receiver.folder)

    assert done.returncode == 0, done.stderr
    assert '"service":"checkout"' in done.stdout
    assert '"prod"' in done.stdout


def test_a_start_and_an_end_of_one_deployment_both_persist_and_the_matrix_shows_the_end(
    receiver: Receiver,
) -> None:
    end = guide.curl()
    start = replace(end, script=end.script.replace('"success"', '"in-progress"'))

    for recipe in (start, end):
        variables = CURL_VARIABLES | {"RUN_ID": "both"}
        assert recipe.run(receiver, receiver.folder, **variables).returncode == 0

    listed = receiver.get("/api/deployments?deployment_id=both")["items"]
    assert [event["status"] for event in listed] == ["success", "in-progress"]
    assert current(receiver)["status"] == "success"


def test_a_retried_recipe_makes_another_row(receiver: Receiver) -> None:
    variables = CURL_VARIABLES | {"RUN_ID": "retried"}
    for _ in range(2):
        assert guide.curl().run(receiver, receiver.folder, **variables).returncode == 0

    assert len(receiver.get("/api/deployments?deployment_id=retried")["items"]) == 2


def test_a_refused_recipe_fails_its_step_and_leaves_no_row(receiver: Receiver) -> None:
    before = receiver.get("/api/matrix")["last_event_id"]

    for wrong in ({"DASHBOARD_API_KEY": "wrong"}, {"DASHBOARD_API_KEY": ""}, {"RUN_ID": ""}):
        done = guide.curl().run(receiver, receiver.folder, **CURL_VARIABLES | wrong)

        assert done.returncode == 22, "curl -f ends so after an answer of 400 or more"
    assert receiver.get("/api/matrix")["last_event_id"] == before
