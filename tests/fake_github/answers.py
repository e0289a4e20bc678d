"""What GitHub says of runs, jobs and deployments (REST API, version 2022-11-28).

The tests hold every document against githubkit's models of GitHub's own description.
"""

from datetime import datetime

from tests.fake_github.deployments import Deployment, Status
from tests.fake_github.replies import Document
from tests.fake_github.repository_answers import (
    minimal_repository,
    node_id,
    page_url,
    repository_url,
    time,
    user,
)
from tests.fake_github.runs import Attempt, Job, Run


def time_or_none(instant: datetime | None) -> str | None:
    """The time, or null."""
    return None if instant is None else time(instant)


def run(this: Run, attempt: Attempt | None = None) -> Document:
    """A run as it is now, or, given an attempt, as /attempts/{n} shows that one.

    A re-run leaves `created_at` as it was; only the view of an attempt has its own.
    """
    view = attempt or this.attempt
    repository = this.repository
    url = f"{repository_url(repository)}/actions/runs/{this.id}"
    suite = f"{repository_url(repository)}/check-suites/{this.check_suite_id}"
    before = f"{url}/attempts/{view.number - 1}" if view.number > 1 else None
    return {
        "id": this.id,
        "name": this.title or this.workflow.name,
        "node_id": node_id("WFR", this.id),
        "head_branch": this.ref,
        "head_sha": this.sha,
        "path": this.workflow.path,
        "display_title": this.title or f"Change {this.sha[:7]}",
        "run_number": this.number,
        "event": this.event,
        "status": this.status_of(view),
        "conclusion": view.conclusion,
        "workflow_id": this.workflow.id,
        "check_suite_id": this.check_suite_id,
        "check_suite_node_id": node_id("CS", this.check_suite_id),
        "url": url,
        "html_url": f"{page_url(repository)}/actions/runs/{this.id}",
        "pull_requests": [],
        "created_at": time(view.created_at if attempt else this.created_at),
        "updated_at": time(view.updated_at),
        "actor": user(repository.github, this.actor),
        "run_attempt": view.number,
        "referenced_workflows": [],
        "run_started_at": time(view.started_at),
        "triggering_actor": user(repository.github, view.triggering_actor),
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": suite,
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": before,
        "workflow_url": f"{repository_url(repository)}/actions/workflows/{this.workflow.id}",
        "head_commit": commit(this),
        "repository": minimal_repository(repository),
        "head_repository": minimal_repository(repository),
    }


def commit(this: Run) -> Document:
    """The commit a run is for."""
    person = {"name": this.actor, "email": f"{this.actor}@users.noreply.github.com"}
    return {
        "id": this.sha,
        "tree_id": this.sha[::-1],
        "message": this.title or f"Change {this.sha[:7]}",
        "timestamp": time(this.created_at),
        "author": person,
        "committer": person,
    }


def job(this: Job) -> Document:
    """A job; no field tells its environment."""
    repository = this.run.repository
    url = repository_url(repository)
    return {
        "id": this.id,
        "run_id": this.run.id,
        "workflow_name": this.run.workflow.name,
        "head_branch": this.run.ref,
        "run_url": f"{url}/actions/runs/{this.run.id}",
        "run_attempt": this.attempt,
        "node_id": node_id("CR", this.id),
        "head_sha": this.run.sha,
        "url": f"{url}/actions/jobs/{this.id}",
        "html_url": job_page(this),
        "status": this.status,
        "conclusion": this.conclusion,
        "created_at": time(this.created_at),
        "started_at": time(this.started_at or this.created_at),
        "completed_at": time_or_none(this.completed_at),
        "name": this.name,
        "steps": [],
        "check_run_url": f"{url}/check-runs/{this.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1 if this.started_at else None,
        "runner_name": "GitHub Actions 1" if this.started_at else None,
        "runner_group_id": 0 if this.started_at else None,
        "runner_group_name": "GitHub Actions" if this.started_at else None,
    }


def job_page(this: Job) -> str:
    """Where people see a job; the log of a deployment that it makes."""
    return f"{page_url(this.run.repository)}/actions/runs/{this.run.id}/job/{this.id}"


def deployment_simple(this: Deployment) -> Document:
    """A deployment as a check run mentions it."""
    url = repository_url(this.repository)
    return {
        "url": f"{url}/deployments/{this.id}",
        "id": this.id,
        "node_id": node_id("DE", this.id),
        "task": this.task,
        "original_environment": this.environment,
        "environment": this.environment,
        "description": this.description,
        "created_at": time(this.created_at),
        "updated_at": time(this.updated_at),
        "statuses_url": f"{url}/deployments/{this.id}/statuses",
        "repository_url": url,
        "transient_environment": this.transient,
        "production_environment": this.environment == "production",
        "performed_via_github_app": None,
    }


def deployment(this: Deployment) -> Document:
    """A deployment; its state is only in its statuses."""
    return deployment_simple(this) | {
        "sha": this.sha,
        "ref": this.ref,
        "payload": this.payload,
        "creator": user(this.repository.github, this.creator),
    }


def status(of: Deployment, this: Status) -> Document:
    """A deployment's status; target_url repeats log_url, as GitHub sets it."""
    url = repository_url(of.repository)
    log_url = job_page(of.job) if this.log_url is None and of.job else this.log_url or ""
    return {
        "url": f"{url}/deployments/{of.id}/statuses/{this.id}",
        "id": this.id,
        "node_id": node_id("DES", this.id),
        "state": this.state,
        "creator": user(of.repository.github, this.creator),
        "description": this.description,
        "environment": this.environment,
        "target_url": log_url,
        "created_at": time(this.created_at),
        "updated_at": time(this.created_at),
        "deployment_url": f"{url}/deployments/{of.id}",
        "repository_url": url,
        "environment_url": this.environment_url,
        "log_url": log_url,
        "performed_via_github_app": None,
    }


def check_run(this: Job) -> Document:
    """The check run of a job: the same id, and the deployment that the job makes, if any."""
    url = f"{repository_url(this.run.repository)}/check-runs/{this.id}"
    output = dict.fromkeys(("title", "summary", "text"))
    return {
        "id": this.id,
        "name": this.name,
        "node_id": node_id("CR", this.id),
        "head_sha": this.run.sha,
        "external_id": "",
        "url": url,
        "html_url": job_page(this),
        "details_url": job_page(this),
        "status": this.status,
        "conclusion": this.conclusion,
        "started_at": time_or_none(this.started_at),
        "completed_at": time_or_none(this.completed_at),
        "output": {**output, "annotations_count": 0, "annotations_url": f"{url}/annotations"},
        "check_suite": {"id": this.run.check_suite_id},
        "app": None,
        "pull_requests": [],
        **({"deployment": deployment_simple(this.deployment)} if this.deployment else {}),
    }
