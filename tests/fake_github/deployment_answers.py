"""What GitHub says of deployments and their statuses (REST API, version 2022-11-28)."""

from tests.fake_github.deployments import Deployment, Status
from tests.fake_github.replies import Document
from tests.fake_github.repository_answers import node_id, page_url, repository_url, time, user
from tests.fake_github.runs import Job


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
