"""From what GitHub says of a deployment and its statuses to events. Pure.

A state that is not named here makes no event: GitHub adds some, and a wrong colour is worse than
none.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fetcher.event import Event, Status
from fetcher.github.answers import Deployment, DeploymentStatus, Job, Run
from fetcher.mapping.origin import Origin, actor_of, version_of

STATES: Final[Mapping[str, Status]] = {
    "in_progress": "in-progress",
    "success": "success",
    "failure": "failure",
    "error": "failure",
}
# What a third party files first; for a job it means that it waits for another (`concurrency`).
PENDING: Final = "pending"
INACTIVE: Final = "inactive"

# The forms of a job's page, the last one until 2022: only the first names the run, and the job
# only after `/job/`: the number after `/jobs/` was another one.
RUN_PAGE: Final = re.compile(r"/actions/runs/(\d+)(?:/attempts/\d+)?(?:/job/(\d+))?(?:/|$|\?|#)")
JOB_PAGE: Final = re.compile(r"/runs/\d+(?:\?|$)")
PAYLOAD_VERSIONS: Final = ("version", "tag", "release")


def made_by_actions(origin: Origin, statuses: Iterable[DeploymentStatus]) -> bool:
    """Whether a job made the deployment: its log is a run's page."""
    return any(_is_run_page(origin, _log(status)) for status in statuses)


def run_of(origin: Origin, statuses: Iterable[DeploymentStatus]) -> int | None:
    """The id of the run whose job made the deployment, if its log tells it."""
    for status in statuses:
        log = _log(status)
        if _is_run_page(origin, log) and (found := RUN_PAGE.search(log)):
            return int(found[1])
    return None


def job_id_of(origin: Origin, statuses: Iterable[DeploymentStatus]) -> int | None:
    """The id of the job that made the deployment, if its log tells it."""
    for status in statuses:
        log = _log(status)
        if _is_run_page(origin, log) and (found := RUN_PAGE.search(log)) and found[2]:
            return int(found[2])
    return None


def is_finished(statuses: Iterable[DeploymentStatus]) -> bool:
    """Whether nothing more can be expected of a deployment."""
    known = [s.state for s in in_order(statuses) if s.state in STATES or s.state == INACTIVE]
    return bool(known) and known[-1] != "in_progress"


def in_order(statuses: Iterable[DeploymentStatus]) -> list[DeploymentStatus]:
    """The oldest first; GitHub's times are whole seconds, and its order is not documented."""
    return sorted(statuses, key=lambda status: (status.created_at, status.id))


def deployment_events(
    origin: Origin,
    deployment: Deployment,
    statuses: Iterable[DeploymentStatus],
    run: Run | None = None,
    job: Job | None = None,
) -> tuple[Event, ...]:
    """All events of a deployment, in order.

    If a job made it: its start and its end; one that ended in failure without a start was cancelled
    or rejected while it waited, and makes none. If a third party made it: each change of its state,
    because that may go back and forth.
    """
    ordered = in_order(statuses)
    actions = made_by_actions(origin, ordered)
    told = _starts_and_ends(ordered) if actions else _changes(ordered)
    log = next(filter(None, map(_log, ordered)), run.html_url if run else None)
    events: list[Event] = []
    for status, state in told:
        events.append(
            Event(
                deployment_id=f"{origin.id_prefix}-dep-{deployment.id}",
                service=origin.service,
                environment=status.environment or deployment.environment,
                status=state,
                happened_at=status.created_at,
                version=deployment_version(deployment, run),
                run_url=_log(status) or log,
                run_number=run.run_number if run else None,
                actor=_actor_of_deployment(deployment, run, job),
                ref=deployment.ref,
                sha=deployment.sha,
                again=any(earlier.status == state for earlier in events),
            )
        )
    return tuple(events)


def _starts_and_ends(ordered: list[DeploymentStatus]) -> list[tuple[DeploymentStatus, Status]]:
    told: list[tuple[DeploymentStatus, Status]] = []
    for status in ordered:
        state = STATES.get(status.state)
        if state == "in-progress" and not told:
            told.append((status, state))
        elif state == "success" or (state == "failure" and told):
            return [*told, (status, state)]
    return told


def _changes(ordered: list[DeploymentStatus]) -> list[tuple[DeploymentStatus, Status]]:
    told: list[tuple[DeploymentStatus, Status]] = []
    for status in ordered:
        state = "in-progress" if status.state == PENDING else STATES.get(status.state)
        # One that comes back within its second can't be told from the first, and would be a
        # duplicate.
        told_before = any((s.created_at, t) == (status.created_at, state) for s, t in told)
        if state and not told_before and (not told or told[-1][1] != state):
            told.append((status, state))
    return told


def _log(status: DeploymentStatus) -> str:
    return status.log_url or status.target_url


def _is_run_page(origin: Origin, log: str) -> bool:
    server = "/".join(origin.page.split("/")[:3])
    return log.startswith(f"{server}/") and bool(RUN_PAGE.search(log) or JOB_PAGE.search(log))


def _actor_of_deployment(deployment: Deployment, run: Run | None, job: Job | None) -> str | None:
    # GitHub names a bot as the creator of some; the run knows who wanted it.
    if run is None:
        return deployment.creator
    if job:
        return actor_of(run, job.run_attempt) or deployment.creator
    began_at = run.run_started_at if run.run_attempt > 1 else None
    if began_at and deployment.created_at < began_at:
        return run.actor or deployment.creator
    return actor_of(run, run.run_attempt) or deployment.creator


def deployment_version(deployment: Deployment, run: Run | None) -> str | None:
    """The version: what the payload says, else the tag, else the commit's first seven digits."""
    payload = _document(deployment.payload)
    for name in PAYLOAD_VERSIONS:
        value = payload.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
            return str(value)
    return version_of(deployment.ref, deployment.sha, run.event if run else "")


def _document(payload: Any) -> Mapping[str, Any]:
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            return {}
    return payload if isinstance(payload, Mapping) else {}
