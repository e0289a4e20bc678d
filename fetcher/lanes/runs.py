"""The lane of runs, for workflows that are named as deploying and file no deployments."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from fetcher.event import Event
from fetcher.github.answers import Job, Run
from fetcher.github.reader import Reader
from fetcher.lanes.lists import list_jobs
from fetcher.lanes.look import Look, look_of, next_look
from fetcher.mapping.naming import EVENTS
from fetcher.mapping.origin import Origin
from fetcher.mapping.rules import Facts, Rule, Ruled, ignored, ruled
from fetcher.mapping.runs import COMPLETED, Pipeline, job_deployment_id, run_events
from fetcher.mapping.source import Source
from fetcher.observations import Lane, Watched
from fetcher.plan import Plan

# A run may be run again for 30 days, and stays where it is in the list.
RERUN: Final = timedelta(days=30)
BETWEEN_LOOKS_FOR_RERUNS: Final = timedelta(minutes=15)


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
    rules: Sequence[Rule] = ()

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
        workflow = Source(repository=self.repository, run=run).workflow
        return (
            run.event in EVENTS
            and self.plan.deploying(run.workflow_id) is not None
            and not ignored(self.rules, Facts(repository=self.repository, workflow=workflow))
        )

    async def look(self, item: Watched, *, listed: bool) -> Look:
        """Read the jobs of all a run's attempts, and the run, unless it was `listed` just now."""
        run = Run.model_validate_json(item.subject)
        if not listed:
            path = f"/repos/{self.repository}/actions/runs/{item.id}"
            run = await self.reader.one(path, Run)
        jobs = await list_jobs(self.reader, self.repository, run.id)
        events = self._events(run, jobs)
        times = [run.created_at, run.run_started_at, *(event.happened_at for event in events)]
        now, ended = self.clock(), run.status == COMPLETED
        look_at = next_look(run.created_at, max(filter(None, times)), now, ended=ended)
        if look_at is None and ended and now - run.created_at < RERUN:
            look_at = now + BETWEEN_LOOKS_FOR_RERUNS
        seen = replace(self.item(run, now), told=item.told, look_at=look_at)
        return look_of(seen, self._ruled(run, jobs, events), self.since_at)

    def _ruled(self, run: Run, jobs: Sequence[Job], events: Iterable[Event]) -> list[Ruled]:
        by_id = {job_deployment_id(self.origin, job): job for job in jobs}
        told = []
        for event in events:
            job = by_id.get(event.deployment_id)
            source = Source(repository=self.repository, run=run, job=job, jobs=tuple(jobs))
            told.append(ruled(self.rules, event, source))
        return [each for each in told if each]

    def _events(self, run: Run, jobs: Sequence[Job]) -> tuple[Event, ...]:
        if (verdict := self.plan.deploying(run.workflow_id)) is None:
            return ()
        pipeline = Pipeline(
            origin=self.origin,
            workflow=verdict.workflow,
            scope=verdict.scope,
            default_branch=self.plan.default_branch,
        )
        return run_events(pipeline, run, jobs)
