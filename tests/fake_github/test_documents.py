"""The fake's documents are what GitHub describes.

GitHub's own description of its API is the judge of the documents, as githubkit's models carry it.
"""

import githubkit_schemas.v2022_11_28.models as github
import pytest
from pydantic import ValidationError

from tests.fake_github import Job
from tests.fake_github.conftest import WORKFLOW, World


async def test_every_document_is_what_github_describes(world: World) -> None:
    run = world.shop.start_run("deploy.yml", ref="v1.2.0", actor="ana", event="release")
    finished = run.deploy("staging", conclusion="failure")
    run.finish()
    run.rerun("zoe")
    running = run.deploy("staging", conclusion=None)
    other = world.shop.create_deployment("production", creator="argo[bot]", payload='{"tag":"x"}')
    other.add_status("pending", log_url="")
    shared = world.fake.add_repository("acme/shared", workflows={"roll-out.yml": WORKFLOW})
    run.call("roll-out.yml", of=shared)
    for decide in (Job.approve, Job.reject, Job.start):
        decide(run.add_job("deploy", environment="production"))
    run.add_job("deploy", environment="production").hold()
    world.shop.environment("qa").protected = True
    run.add_job("deploy", environment="qa", deployment=False)
    assert finished.job
    number, job, suite = run.id, finished.job.id, run.check_suite_id
    for path, key, model in (
        ("", None, github.FullRepository),
        ("/environments", "environments", github.Environment),
        ("/actions/workflows", "workflows", github.Workflow),
        (f"/actions/workflows/{run.workflow.id}/runs", "workflow_runs", github.WorkflowRun),
        ("/actions/runs", "workflow_runs", github.WorkflowRun),
        (f"/actions/runs/{number}", None, github.WorkflowRun),
        (f"/actions/runs/{number}/attempts/1", None, github.WorkflowRun),
        (f"/actions/runs/{number}/jobs?filter=all", "jobs", github.Job),
        (f"/actions/runs/{number}/attempts/1/jobs", "jobs", github.Job),
        (f"/actions/jobs/{job}", None, github.Job),
        (f"/actions/runs/{number}/pending_deployments", "", github.PendingDeployment),
        (f"/actions/runs/{number}/approvals", "", github.EnvironmentApprovals),
        (f"/check-runs/{job}", None, github.CheckRun),
        (f"/check-suites/{suite}/check-runs?filter=all", "check_runs", github.CheckRun),
        (f"/actions/workflows/{run.workflow.id}", None, github.Workflow),
        ("/actions/workflows/deploy.yml", None, github.Workflow),
        ("/deployments", "", github.Deployment),
        (f"/deployments/{other.id}", None, github.Deployment),
        (f"/deployments/{other.id}/statuses", "", github.DeploymentStatus),
        (f"/deployments/{running.id}/statuses", "", github.DeploymentStatus),
        ("/contents/.github/workflows/deploy.yml", None, github.ContentFile),
        ("/contents/.github/workflows", "", github.ContentDirectoryItems),
    ):
        document = await world.json(path)
        documents = [document] if key is None else document[key] if key else document
        assert documents, path
        for each in documents:
            model.model_validate(each)
    for path in ("/orgs/acme/repos", "/users/acme/repos"):
        for each in await (await world.get(path)).json():
            github.MinimalRepository.model_validate(each)
    limit = await (await world.get("/rate_limit")).json()
    github.RateLimitOverview.model_validate(limit)


async def test_a_refusal_is_what_github_describes(world: World) -> None:
    answer = await world.get("/repos/acme/nothing")
    assert answer.status == 404
    github.BasicError.model_validate(await answer.json())


async def test_waiting_is_a_state_that_the_description_does_not_know(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    job = run.add_job("deploy", environment="production")
    assert job.deployment
    [status] = await world.json(f"/deployments/{job.deployment.id}/statuses")
    assert status["state"] == "waiting"
    with pytest.raises(ValidationError, match="state"):
        github.DeploymentStatus.model_validate(status)
    github.DeploymentStatus.model_validate({**status, "state": "queued"})
    assert (await world.json(f"/actions/runs/{run.id}"))["status"] == "waiting"
