from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fetcher.github.answers import Job, Run, Workflow
from fetcher.mapping.naming import Scope
from fetcher.mapping.origin import Origin
from fetcher.mapping.runs import Pipeline, run_events

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORIGIN = Origin(service="shop", id_prefix="gh", page="https://github.com/acme/shop")
WORKFLOW = Workflow(id=3, name="Deploy", path=".github/workflows/deploy.yml")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pipeline(scope: Scope | None = "job") -> Pipeline:
    return Pipeline(origin=ORIGIN, workflow=WORKFLOW, scope=scope, default_branch="main")


def run(status: str = "completed", conclusion: str | None = "success", **fields: Any) -> Run:
    plain = {
        "id": 33_335_653_781,
        "created_at": START,
        "run_started_at": START,
        "status": status,
        "conclusion": conclusion if status == "completed" else None,
        "run_number": 12,
        "head_branch": "main",
        "head_sha": "0123456789abcdef",
        "event": "push",
        "actor": "ana",
        "html_url": "https://github.com/acme/shop/actions/runs/33335653781",
    }
    return Run(**(plain | fields))


def job(
    name: str = "deploy",
    status: str = "completed",
    conclusion: str | None = "success",
    *,
    runner: str = "r1",
    **fields: Any,
) -> Job:
    plain = {
        "id": 9,
        "name": name,
        "status": status,
        "conclusion": conclusion if status == "completed" else None,
        "started_at": at(10),
        "completed_at": at(40) if status == "completed" else None,
        "runner_name": runner,
    }
    return Job(**(plain | fields))


def told(found: Run, *jobs: Job, scope: Scope | None = "job") -> list[tuple[str, str, datetime]]:
    events = run_events(pipeline(scope), found, jobs)
    return [(event.deployment_id, event.status, event.happened_at) for event in events]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (job(status="queued", runner=""), []),
        (job(status="waiting", runner=""), []),
        (job(status="pending", runner=""), []),
        (job(status="some_new_status"), []),
        (job(status="in_progress"), [("in-progress", 10)]),
        (job(), [("in-progress", 10), ("success", 40)]),
        (job(conclusion="failure"), [("in-progress", 10), ("failure", 40)]),
        (job(conclusion="timed_out"), [("in-progress", 10), ("failure", 40)]),
        (job(conclusion="skipped", runner=""), []),
        (job(conclusion="neutral", runner=""), []),
        (job(conclusion="action_required", runner=""), []),
        (job(conclusion="some_new_conclusion"), []),
        (job(conclusion="cancelled"), [("in-progress", 10), ("failure", 40)]),
        (job(conclusion="cancelled", runner="", ran=True), [("in-progress", 10), ("failure", 40)]),
        (job(conclusion="cancelled", runner=""), []),
        (job(conclusion="stale", runner=""), []),
        # A cancelled job can have ended before it started.
        (job(conclusion="cancelled", completed_at=at(5)), [("in-progress", 10), ("failure", 10)]),
    ],
)
def test_a_job_that_deploys_tells_its_start_and_its_end(
    found: Job, expected: list[tuple[str, float]]
) -> None:
    assert told(run(), found) == [("gh-job-9", status, at(s)) for status, s in expected]


def test_a_job_that_does_not_deploy_tells_nothing_beside_one_that_does() -> None:
    events = run_events(pipeline(), run(), [job("build", id=1), job("deploy", id=2)])

    assert {event.deployment_id for event in events} == {"gh-job-2"}


def test_each_leg_of_a_matrix_is_a_deployment() -> None:
    legs = [job("deploy (staging)", id=1), job("deploy (prod)", id=2)]

    events = run_events(pipeline(), run(), legs)

    assert {(e.deployment_id, e.environment) for e in events} == {
        ("gh-job-1", "staging"),
        ("gh-job-2", "production"),
    }


def test_a_run_without_a_job_that_deploys_is_one_deployment_from_first_start_to_last_end() -> None:
    jobs = [
        job("build", id=1, started_at=at(3), completed_at=at(20)),
        job("upload", id=2, started_at=at(22), completed_at=at(60)),
    ]

    assert told(run(), *jobs, scope="run") == [
        ("gh-run-33335653781-1", "in-progress", at(3)),
        ("gh-run-33335653781-1", "success", at(60)),
    ]


def test_a_run_that_goes_on_tells_its_start_only_when_it_is_known_to_be_the_deployment() -> None:
    found, building = run("in_progress"), job("build", "in_progress")

    assert told(found, building, scope="run") == [("gh-run-33335653781-1", "in-progress", at(10))]
    assert told(found, building, scope="job") == []
    assert told(found, building, scope=None) == []


def test_a_run_whose_unit_is_unknown_tells_all_when_it_has_ended() -> None:
    assert [status for _, status, _ in told(run(), job("build"), scope=None)] == [
        "in-progress",
        "success",
    ]


@pytest.mark.parametrize(
    ("conclusion", "runner", "expected"),
    [
        ("failure", "r1", ["in-progress", "failure"]),
        ("timed_out", "r1", ["in-progress", "failure"]),
        ("cancelled", "r1", ["in-progress", "failure"]),
        ("cancelled", "", []),
        ("skipped", "", []),
        ("action_required", "", []),
    ],
)
def test_a_run_ends_as_its_conclusion_says(
    conclusion: str, runner: str, expected: list[str]
) -> None:
    found = job("build", conclusion="cancelled" if not runner else "success", runner=runner)

    statuses = [status for _, status, _ in told(run(conclusion=conclusion), found, scope="run")]

    assert statuses == expected


def test_a_run_whose_file_is_wrong_fails_without_any_job() -> None:
    found = run(conclusion="startup_failure", run_started_at=at(490))

    assert told(found, scope="run") == [
        ("gh-run-33335653781-1", "in-progress", at(490)),
        ("gh-run-33335653781-1", "failure", at(490)),
    ]


def test_a_rerun_of_a_job_is_a_deployment_of_its_own_with_its_own_actor_and_page() -> None:
    first = job(id=1, conclusion="failure")
    second = job(id=2, run_attempt=2, started_at=at(500), completed_at=at(530))
    found = run(run_attempt=2, run_started_at=at(490), triggering_actor="zoe")

    events = run_events(pipeline(), found, [second, first])

    assert [(e.deployment_id, e.status, e.actor) for e in events] == [
        ("gh-job-1", "in-progress", "ana"),
        ("gh-job-1", "failure", "ana"),
        ("gh-job-2", "in-progress", "zoe"),
        ("gh-job-2", "success", "zoe"),
    ]
    assert events[2].run_url == f"{found.html_url}/attempts/2"
    assert {event.run_number for event in events} == {12}


def test_a_rerun_of_a_whole_run_is_a_deployment_of_its_own() -> None:
    jobs = [
        job("build", id=1, conclusion="failure"),
        job("build", id=2, run_attempt=2, started_at=at(500), completed_at=at(530)),
    ]
    found = run(run_attempt=2, run_started_at=at(490))

    assert told(found, *jobs, scope="run") == [
        ("gh-run-33335653781-1", "in-progress", at(10)),
        ("gh-run-33335653781-1", "failure", at(40)),
        ("gh-run-33335653781-2", "in-progress", at(500)),
        ("gh-run-33335653781-2", "success", at(530)),
    ]


def test_a_job_that_reruns_carry_over_is_not_deployed_again() -> None:
    deployed = job("deploy staging", id=1)
    carried = [
        job("deploy staging", id=3, run_attempt=2),
        job("deploy staging", id=5, run_attempt=3),
    ]
    again = [
        job("deploy prod", id=4, run_attempt=2, started_at=at(500), completed_at=at(530)),
        job("deploy prod", id=6, run_attempt=3, started_at=at(900), completed_at=at(930)),
    ]
    found = run(run_attempt=3, run_started_at=at(890))

    assert {deployment for deployment, _, _ in told(found, deployed, *carried, *again)} == {
        "gh-job-1",
        "gh-job-4",
        "gh-job-6",
    }


def test_a_carried_over_job_is_recognised_without_its_first_execution_too() -> None:
    found = run(run_attempt=2, run_started_at=at(490))

    assert told(found, job(id=3, run_attempt=2)) == []


def test_a_job_that_starts_just_before_its_attempt_belongs_to_it() -> None:
    found = run(run_attempt=2, run_started_at=at(12))

    assert len(told(found, job(id=3, run_attempt=2))) == 2


def test_a_run_of_a_branch_that_goes_nowhere_tells_nothing() -> None:
    assert told(run(head_branch="feature"), job()) == []


def test_the_version_is_the_tag_or_the_commit() -> None:
    (_, tagged) = run_events(pipeline(), run(head_branch="v2.0.1"), [job()])
    (_, pushed) = run_events(pipeline(), run(), [job()])

    assert (tagged.version, pushed.version) == ("v2.0.1", "0123456")
