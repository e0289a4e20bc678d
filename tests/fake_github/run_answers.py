"""What GitHub says of runs, jobs and approvals (REST API, version 2022-11-28).

The tests hold every document against githubkit's models of GitHub's own description.
"""

from datetime import datetime

from tests.fake_github.deployment_answers import deployment_simple, job_page
from tests.fake_github.deployments import Environment
from tests.fake_github.replies import Document
from tests.fake_github.repository_answers import (
    minimal_repository,
    node_id,
    page_url,
    repository_url,
    time,
    user,
)
from tests.fake_github.runs import Attempt, Job, Review, Run


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
        "referenced_workflows": [dict(each) for each in this.calls],
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


def place(of: Run, this: Environment) -> Document:
    """An environment as those who review mention it."""
    return {
        "id": this.id,
        "node_id": node_id("EN", this.id),
        "name": this.name,
        "url": f"{repository_url(of.repository)}/environments/{this.name}",
        "html_url": f"{page_url(of.repository)}/deployments/{this.name}",
    }


def pending(of: Run, this: Environment) -> Document:
    """An environment that jobs of a run wait for; without a timer it waits for a person."""
    reviewer = {"type": "User", "reviewer": user(of.repository.github, of.repository.owner)}
    return {
        "environment": place(of, this),
        "wait_timer": 0,
        "wait_timer_started_at": None,
        "current_user_can_approve": False,
        "reviewers": [reviewer],
    }


def approval(of: Run, this: Review) -> Document:
    """What somebody decided about the jobs of a run that waited; GitHub does not say when."""
    dates = dict.fromkeys(("created_at", "updated_at"), time(this.environment.created_at))
    return {
        "state": this.state,
        "comment": this.comment,
        "environments": [place(of, this.environment) | dates],
        "user": user(of.repository.github, this.reviewer),
    }
