"""What a receiver must hold in the end, said anew: from what the fake GitHub knows to be true.

It is simple because it looks back at everything at once, where the fetcher sees bits and pieces.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tests.fake_github import Deployment, FakeGitHub, Job

Told = tuple[str, str, str, str]  # deployment, environment, status, time

STATES = {
    "in_progress": "in-progress",
    "pending": "in-progress",  # only of what a third party files
    "success": "success",
    "failure": "failure",
    "error": "failure",
}
ENDS = {"success": "success", "failure": "failure", "timed_out": "failure", "cancelled": "failure"}


def owed(fake: FakeGitHub) -> Counter[Told]:
    """Everything that must have been told by now, once each."""
    told: Counter[Told] = Counter()
    for repository in fake.repositories:
        for deployment in repository.deployments:
            told.update(by_job(deployment) if deployment.job else by_third_party(deployment))
        for run in repository.runs:
            for job in run.jobs:
                by_its_name = job.environment is None and job.name.startswith("deploy to ")
                began_at = run.attempts[job.attempt - 1].started_at
                if by_its_name and job.created_at >= began_at:  # else it is an earlier attempt's
                    told.update(by_name(job))
    return told


def held(rows: Iterable[Mapping[str, Any]]) -> Counter[Told]:
    """What a receiver holds."""
    return Counter(
        (row["deployment_id"], row["environment"], row["status"], row["happened_at"])
        for row in rows
    )


def by_job(deployment: Deployment) -> list[Told]:
    """A start and an end; an end without a start only if it is a success."""
    told: list[Told] = []
    for status in deployment.statuses:
        state = "" if status.state == "pending" else STATES.get(status.state, "")
        begins = state == "in-progress" and not told
        ends = state == "success" or (state == "failure" and bool(told))
        if begins or ends:
            told.append(row(deployment, status.environment, state, status.created_at))
        if ends:
            break
    return told


def by_third_party(deployment: Deployment) -> list[Told]:
    """Each change of what it says; one that comes back within a second is no other event."""
    told: list[Told] = []
    for status in deployment.statuses:
        state = STATES.get(status.state, "")
        event = row(deployment, status.environment, state, status.created_at)
        if state and event not in told and (not told or told[-1][2] != state):
            told.append(event)
    return told


def by_name(job: Job) -> list[Told]:
    """A job's start, and its end."""
    if job.started_at is None:
        return []
    number, environment = f"gh-job-{job.id}", job.name.removeprefix("deploy to ")
    told = [(number, environment, "in-progress", in_utc(job.started_at))]
    if job.conclusion and job.completed_at:
        told.append((number, environment, ENDS[job.conclusion], in_utc(job.completed_at)))
    return told


def row(deployment: Deployment, environment: str, status: str, at: datetime) -> Told:
    return f"gh-dep-{deployment.id}", environment, status, in_utc(at)


def in_utc(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
