"""The two lanes in which deployments are found: what a lane lists, and how one item is looked at.

A list tells that something changed, a look tells what. Neither relies on the other for being
right: what has not ended is looked at again whether or not a list shows a change.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from fetcher.event import Event
from fetcher.github.answers import Deployment, DeploymentStatus, Job, Run
from fetcher.github.errors import Forbidden, Missing
from fetcher.github.reader import Reader
from fetcher.mapping.deployments import deployment_events, is_finished, run_of
from fetcher.mapping.naming import EVENTS
from fetcher.mapping.origin import Origin
from fetcher.mapping.runs import COMPLETED, Pipeline, run_events
from fetcher.observations import Lane, Watched
from fetcher.plan import Plan

# GitHub's times are whole seconds: a state that came in the second of the last one changes no time.
# A look is the last one only if it was made later than that.
SETTLED: Final = timedelta(minutes=1)
NEXT_PASS: Final = timedelta(seconds=1)
# What hangs is looked at less often; a list still shows at once when it changes.
HANGING: Final = timedelta(hours=6)
BETWEEN_LOOKS_AT_HANGING: Final = timedelta(minutes=10)
# An approval may take 30 days and a run 35 (docs.github.com/en/actions/reference/limits).
LONGEST_LIFE: Final = timedelta(days=36)
# A run may be run again for 30 days, and stays where it is in the list.
RERUN: Final = timedelta(days=30)
BETWEEN_LOOKS_FOR_RERUNS: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    Attributes:
        item: As it is to be watched from now on.
        events: All that are owed of it, those told before among them.
    """

    item: Watched
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentsLane:
    """Deployments: every job with an `environment:`, and whatever a third party files.

    Attributes:
        looks: Of one pass, so that a long history is committed piece by piece.
    """

    name: ClassVar[Lane] = "deployments"
    looks: ClassVar[int] = 50

    reader: Reader
    repository: str
    origin: Origin
    since_at: datetime
    clock: Callable[[], datetime]

    async def list(self, read_to: datetime) -> tuple[Deployment, ...]:
        """The newest first, back to the page that holds one from before `read_to`."""
        return await list_deployments(self.reader, self.repository, read_to)

    def item(self, deployment: Deployment, look_at: datetime) -> Watched:
        """A listed deployment, to be watched. Each of its statuses moves `updated_at`."""
        return Watched(
            lane=self.name,
            id=deployment.id,
            created_at=deployment.created_at,
            mark=f"{deployment.updated_at or deployment.created_at}",
            subject=deployment.model_dump_json().encode(),
            look_at=look_at,
        )

    def concerns(self, deployment: Deployment) -> bool:
        """Whether the deployment goes somewhere."""
        return bool(deployment.environment)

    async def look(self, item: Watched, *, listed: bool) -> Look:  # noqa: ARG002 - as in RunsLane
        """Read all of a deployment's statuses: the latest alone does not tell how it ended."""
        deployment = Deployment.model_validate_json(item.subject)
        path = f"/repos/{self.repository}/deployments/{deployment.id}/statuses"
        statuses = await self.reader.all(path, DeploymentStatus)
        events = deployment_events(self.origin, deployment, statuses)
        if events and (run_id := run_of(self.origin, statuses)):
            run = await self._run(run_id, again=not item.told)
            events = deployment_events(self.origin, deployment, statuses, run)
        changed_at = max([deployment.created_at, *(s.created_at for s in statuses)])
        now, ended = self.clock(), is_finished(statuses)
        look_at = next_look(item.created_at, changed_at, now, ended=ended)
        return _look(replace(item, ended=ended, look_at=look_at), events, self.since_at)

    async def _run(self, run_id: int, *, again: bool) -> Run | None:
        try:
            return await self.reader.one(
                f"/repos/{self.repository}/actions/runs/{run_id}", Run, again=again
            )
        except (Missing, Forbidden):
            return None  # the event says less, and is right


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsLane:
    """Runs of workflows that are named as deploying.

    Attributes:
        looks: Of one pass; few, for a pass that is cut short before its end has seen no run.
    """

    name: ClassVar[Lane] = "runs"
    looks: ClassVar[int] = 10

    reader: Reader
    repository: str
    origin: Origin
    since_at: datetime
    clock: Callable[[], datetime]
    plan: Plan

    async def list(self, read_to: datetime) -> tuple[Run, ...]:
        """The newest first, back to the page that holds one from before `read_to`.

        Never filtered: filters are answered from an index that can be stale for weeks.
        """
        return await self.reader.all(
            f"/repos/{self.repository}/actions/runs",
            Run,
            field="workflow_runs",
            query={"per_page": "50", "exclude_pull_requests": "true"},
            reaches=lambda run: run.created_at < read_to,
        )

    def item(self, run: Run, look_at: datetime) -> Watched:
        """A listed run, to be watched; of one that ended before `since_at`, only for a re-run."""
        ended = run.status == COMPLETED
        owes = not ended or (run.updated_at or run.created_at) >= self.since_at
        return Watched(
            lane=self.name,
            id=run.id,
            created_at=run.created_at,
            mark=f"{run.run_attempt} {run.status} {run.conclusion} {run.updated_at}",
            subject=run.model_dump_json().encode(),
            look_at=look_at if owes else look_at + BETWEEN_LOOKS_FOR_RERUNS,
            ended=ended,
        )

    def concerns(self, run: Run) -> bool:
        """Whether the run is of a workflow that deploys, and was started to do so."""
        return run.event in EVENTS and self.plan.deploying(run.workflow_id) is not None

    async def look(self, item: Watched, *, listed: bool) -> Look:
        """Read the jobs of all a run's attempts, and the run, unless it was `listed` just now."""
        path = f"/repos/{self.repository}/actions/runs/{item.id}"
        run = Run.model_validate_json(item.subject)
        if not listed:
            run = await self.reader.one(path, Run)
        jobs = await self.reader.all(f"{path}/jobs", Job, field="jobs", query={"filter": "all"})
        events = self._events(run, jobs)
        times = [run.created_at, run.run_started_at, *(event.happened_at for event in events)]
        now, ended = self.clock(), run.status == COMPLETED
        look_at = next_look(run.created_at, max(filter(None, times)), now, ended=ended)
        if look_at is None and ended and now - run.created_at < RERUN:
            look_at = now + BETWEEN_LOOKS_FOR_RERUNS
        seen = self.item(run, now)
        return _look(replace(seen, told=item.told, look_at=look_at), events, self.since_at)

    def _events(self, run: Run, jobs: tuple[Job, ...]) -> tuple[Event, ...]:
        if (verdict := self.plan.deploying(run.workflow_id)) is None:
            return ()
        pipeline = Pipeline(
            origin=self.origin,
            workflow=verdict.workflow,
            scope=verdict.scope,
            default_branch=self.plan.default_branch,
        )
        return run_events(pipeline, run, jobs)


async def list_deployments(
    reader: Reader, repository: str, read_to: datetime
) -> tuple[Deployment, ...]:
    """Deployments, the newest first, back to the page that holds one from before `read_to`."""
    return await reader.all(
        f"/repos/{repository}/deployments",
        Deployment,
        reaches=lambda deployment: deployment.created_at < read_to,
    )


def next_look(
    created_at: datetime, changed_at: datetime, now: datetime, *, ended: bool
) -> datetime | None:
    """When to look again at what was last changed then; None when nothing more can come."""
    if ended:
        return None if now - changed_at >= SETTLED else now + NEXT_PASS
    if now - created_at > LONGEST_LIFE:
        return None
    return now + (NEXT_PASS if now - changed_at < HANGING else BETWEEN_LOOKS_AT_HANGING)


def _look(item: Watched, events: tuple[Event, ...], since_at: datetime) -> Look:
    told = owed(events, since_at)
    return Look(replace(item, told=item.told or bool(told)), told)


def owed(events: tuple[Event, ...], since_at: datetime) -> tuple[Event, ...]:
    """The events without those of deployments that ended before `since_at`."""
    ended_before = {
        event.deployment_id: event.status != "in-progress" and event.happened_at < since_at
        for event in events
    }
    return tuple(event for event in events if not ended_before[event.deployment_id])
