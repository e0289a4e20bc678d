"""From what GitHub says of a workflow's run and its jobs to events. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from fetcher.event import Event, Status
from fetcher.github.answers import Job, Run, Workflow
from fetcher.mapping.naming import Scope, environment_of, in_scope
from fetcher.mapping.origin import Origin, actor_of, version_of

EventMaker = Callable[..., Event]

CONCLUSIONS: Final[Mapping[str, Status]] = {
    "success": "success",
    "failure": "failure",
    "timed_out": "failure",
    "startup_failure": "failure",
}
# A failure if it had begun; otherwise it never happened.
BROKEN_OFF: Final = frozenset({"cancelled", "stale"})
COMPLETED: Final = "completed"
NEVER_STARTED: Final = "startup_failure"  # the workflow's file is wrong: there are no jobs
# GitHub's own clocks differ: a job may start just before the attempt it belongs to.
LEEWAY: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A workflow that deploys.

    Attributes:
        scope: What of its runs is a deployment, as far as that is known.
        silent: Jobs that are no deployment, whatever they are called.
        default_branch: Of the repository.
    """

    origin: Origin
    workflow: Workflow
    scope: Scope | None
    default_branch: str
    silent: Collection[str] = ()


def run_events(pipeline: Pipeline, run: Run, jobs: Iterable[Job]) -> tuple[Event, ...]:
    """The events of a run: of every attempt, given the jobs of all attempts."""
    own = [job for job in own_jobs(run, jobs) if job.name not in pipeline.silent]
    if deploying := [job for job in own if in_scope(job.name, pipeline.scope)]:
        told = [event for job in deploying for event in _job_events(pipeline, run, job)]
    # While a run goes on, the job that deploys may not be listed yet.
    elif pipeline.scope == "run" or (pipeline.scope is None and run.status == COMPLETED):
        told = [
            event
            for attempt in range(1, run.run_attempt + 1)
            for event in _attempt_events(pipeline, run, attempt, own)
        ]
    else:
        told = []
    return tuple(told)


def possible_events(pipeline: Pipeline, run: Run, jobs: Iterable[Job]) -> tuple[Event, ...]:
    """The events of whatever in a run may have been reported as a deployment, by any scope."""
    own = own_jobs(run, jobs)
    attempts = range(1, run.run_attempt + 1)
    of_jobs = (event for job in own for event in _job_events(pipeline, run, job))
    of_run = (event for n in attempts for event in _attempt_events(pipeline, run, n, own))
    return (*of_jobs, *of_run)


def job_deployment_id(origin: Origin, job: Job) -> str:
    """The id under which a job is reported as a deployment."""
    return f"{origin.id_prefix}-job-{job.id}"


def own_jobs(run: Run, jobs: Iterable[Job]) -> list[Job]:
    """The jobs without those that a re-run lists again, though they ran in an earlier attempt."""
    own: list[Job] = []
    for job in sorted(jobs, key=lambda job: (job.run_attempt, job.id)):
        again = any(_same_execution(job, earlier) for earlier in own)
        if not again and not _ran_before_its_attempt(run, job):
            own.append(job)
    return own


def _same_execution(job: Job, earlier: Job) -> bool:
    return (
        job.run_attempt > earlier.run_attempt
        and job.started_at is not None
        and (job.name, job.started_at, job.completed_at)
        == (earlier.name, earlier.started_at, earlier.completed_at)
    )


def _ran_before_its_attempt(run: Run, job: Job) -> bool:
    if job.run_attempt != run.run_attempt or run.run_attempt == 1:
        return False
    return bool(
        job.started_at and run.run_started_at and job.started_at < run.run_started_at - LEEWAY
    )


def _job_events(pipeline: Pipeline, run: Run, job: Job) -> list[Event]:
    make = _event_maker(
        pipeline,
        run,
        job.run_attempt,
        deployment_id=job_deployment_id(pipeline.origin, job),
        job=job.name,
        page=job.html_url,
    )
    if not _began(job):
        return []
    over = job.status == COMPLETED
    return _start_and_end(make, job.started_at, job.conclusion if over else None, job.completed_at)


def _attempt_events(pipeline: Pipeline, run: Run, attempt: int, jobs: list[Job]) -> list[Event]:
    make = _event_maker(
        pipeline,
        run,
        attempt,
        deployment_id=f"{pipeline.origin.id_prefix}-run-{run.id}-{attempt}",
    )
    began = [job for job in jobs if job.run_attempt == attempt and _began(job)]
    starts = [job.started_at for job in began if job.started_at]
    ends = [job.completed_at for job in began if job.completed_at]
    conclusion = _conclusion(run, attempt, began)
    if conclusion == NEVER_STARTED:
        return _start_and_end(make, run.run_started_at or run.created_at, conclusion, None)
    return _start_and_end(make, min(starts, default=None), conclusion, max(ends, default=None))


def _conclusion(run: Run, attempt: int, jobs: Iterable[Job]) -> str | None:
    if attempt == run.run_attempt:
        return run.conclusion if run.status == COMPLETED else None
    # GitHub gives only the last attempt's conclusion; an earlier one ended as its jobs did.
    ends = {job.conclusion for job in jobs}
    bad = ends & {*BROKEN_OFF, *(c for c, status in CONCLUSIONS.items() if status == "failure")}
    return "failure" if bad else "success"


def _event_maker(
    pipeline: Pipeline,
    run: Run,
    attempt: int,
    *,
    deployment_id: str,
    job: str | None = None,
    page: str = "",
) -> EventMaker | None:
    environment = environment_of(run, job, pipeline.workflow.name, pipeline.default_branch)
    if environment is None:
        return None
    attempts = f"/attempts/{attempt}" if attempt > 1 else ""
    return partial(
        Event,
        deployment_id=deployment_id,
        service=pipeline.origin.service,
        environment=environment,
        version=version_of(run.head_branch, run.head_sha, run.event),
        run_url=page or f"{run.html_url}{attempts}",
        run_number=run.run_number,
        actor=actor_of(run, attempt),
        ref=run.head_branch,
        sha=run.head_sha,
    )


def _began(job: Job) -> bool:
    if job.status == "in_progress":
        return True
    # A job that was cancelled while it waited has a start time, but no runner took it.
    ran = job.ran or bool(job.runner_name) or job.conclusion in CONCLUSIONS
    return job.status == COMPLETED and ran


def _start_and_end(
    make: EventMaker | None,
    started_at: datetime | None,
    conclusion: str | None,
    ended_at: datetime | None,
) -> list[Event]:
    if make is None or started_at is None:
        return []
    start = make(status="in-progress", happened_at=started_at)
    if conclusion is None:
        return [start]
    outcome = "failure" if conclusion in BROKEN_OFF else CONCLUSIONS.get(conclusion)
    if outcome is None:
        return []
    # A cancelled job's start can be later than its end; an end before its start would not show.
    return [start, make(status=outcome, happened_at=max(ended_at or started_at, started_at))]
