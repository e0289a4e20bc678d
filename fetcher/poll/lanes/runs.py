"""The lane of runs, for workflows that are named as deploying and file no deployments."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import ClassVar, Final

from fetcher.clock import Clock
from fetcher.event import Event
from fetcher.github.answers import Job, Run
from fetcher.github.errors import GitHubError
from fetcher.github.reader import Reader
from fetcher.mapping.naming import EVENTS, Verdict
from fetcher.mapping.origin import Origin
from fetcher.mapping.parents import Step, ids, parents_in_run, step_of
from fetcher.mapping.rules import Facts, Rule, ignored
from fetcher.mapping.runs import (
    COMPLETED,
    Pipeline,
    job_deployment_id,
    possible_events,
    run_events,
)
from fetcher.mapping.source import Source
from fetcher.observations import Lane, Watched
from fetcher.poll.lanes.ancestry import graph_of
from fetcher.poll.lanes.lists import list_jobs
from fetcher.poll.lanes.look import Look, Told, look_of, next_look, owed
from fetcher.poll.plan import Plan

# A run may be run again for 30 days, and stays where it is in the list.
RERUN: Final = timedelta(days=30)
BETWEEN_LOOKS_FOR_RERUNS: Final = timedelta(minutes=15)
BETWEEN_LOOKS_AT_HIDDEN: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsLane:
    """Runs of workflows that are named as deploying.

    Attributes:
        looks: How many one pass may take; few, because a pass that is cut short has seen no run.
        hidden: Commits of deployments that could not be understood: one of their runs may have
            filed them, so nothing is told of these runs while that lasts.
    """

    name: ClassVar[Lane] = "runs"
    looks: ClassVar[int] = 10

    reader: Reader
    repository: str
    origin: Origin
    since_at: datetime
    clock: Clock
    plan: Plan
    rules: Sequence[Rule] = ()
    hidden: Container[str] = frozenset()

    def item(self, run: Run, look_at: datetime) -> Watched:
        """A listed run, to be watched; of one that ended before `since_at`, only for a re-run."""
        owes = run.status != COMPLETED or (run.updated_at or run.created_at) >= self.since_at
        return Watched(
            lane=self.name,
            id=run.id,
            created_at=run.created_at,
            mark=f"{run.run_attempt} {run.status} {run.conclusion} {run.updated_at}",
            subject=run.model_dump_json().encode(),
            look_at=look_at if owes else look_at + BETWEEN_LOOKS_FOR_RERUNS,
        )

    def concerns(self, run: Run) -> bool:
        """Whether the run is of a workflow that deploys, and was started to do so."""
        workflow = Source(repository=self.repository, run=run).workflow
        return (
            run.event in EVENTS
            and run.workflow_id in self.plan.read_by_runs()
            and not ignored(self.rules, Facts(repository=self.repository, workflow=workflow))
        )

    async def look(self, item: Watched, *, listed: bool) -> Look:
        """Read the run, unless it was `listed` just now, and the jobs of all its attempts.

        For one that had ended for good, only whether it was run again.
        """
        run = Run.model_validate_json(item.subject)
        if not item.told and run.workflow_id not in self.plan.read_by_runs():
            return Look(replace(item, look_at=None))  # its jobs create deployments by now
        if run.head_sha in self.hidden and not item.told:
            return Look(self._put_off(item))
        if not listed:
            path = f"/repos/{self.repository}/actions/runs/{item.id}"
            run = await self.reader.one(path, Run)
        now = self.clock()
        if item.ended and self.item(run, now).mark == item.mark:
            return Look(replace(item, look_at=self._next_look_for_a_rerun(run, now)))
        look = await self._look_at_jobs(item, run)
        return self._held_back(look) if run.head_sha in self.hidden else look

    async def _look_at_jobs(self, item: Watched, run: Run) -> Look:
        jobs = await list_jobs(self.reader, self.repository, run.id)
        events = self._events(run, jobs)
        seen = self._as_seen(run, events, self.clock())
        told = self._told(run, jobs, events)
        new = {event.deployment_id for event in owed(events, self.since_at)} - item.parents.keys()
        parents = {**item.parents, **await self._parents(run, told, new)}
        seen = replace(seen, told=item.told, parents=parents)
        before = self._told(run, jobs, self._else_told(run, jobs, events)) if item.told else []
        found = [event for one in (*told, *before) for event in one.events]
        doubtful = frozenset(each.event.deployment_id for one in before for each in one.events)
        return replace(look_of(seen, found, self.since_at, run), doubtful=doubtful)

    def _as_seen(self, run: Run, events: Iterable[Event], now: datetime) -> Watched:
        """The run, to be looked at again for as long as something may come of it."""
        times = [run.created_at, run.run_started_at, *(event.happened_at for event in events)]
        is_over = run.status == COMPLETED
        look_at = next_look(run.created_at, max(filter(None, times)), now, ended=is_over)
        if ended := is_over and look_at is None:
            look_at = self._next_look_for_a_rerun(run, now)
        return replace(self.item(run, now), look_at=look_at, ended=ended)

    def _held_back(self, look: Look) -> Look:
        """Of a hidden commit's run, only what was told before goes on, until more is known."""
        ids = {event.deployment_id for event in look.events}
        return replace(look, item=self._put_off(look.item), doubtful=look.doubtful | ids)

    def _put_off(self, item: Watched) -> Watched:
        return replace(item, look_at=self.clock() + BETWEEN_LOOKS_AT_HIDDEN, ended=False)

    def _next_look_for_a_rerun(self, run: Run, now: datetime) -> datetime | None:
        """None if it can't be run again, or without a token, because then each look is charged."""
        may_be = now - run.created_at < RERUN and self.reader.repeats_are_free
        return now + BETWEEN_LOOKS_FOR_RERUNS if may_be else None

    async def told(self, run: Run) -> list[Told]:
        """What is told of each of a run's jobs, or of the whole run."""
        jobs = await list_jobs(self.reader, self.repository, run.id)
        return self._told(run, jobs, self._events(run, jobs))

    async def _parents(
        self, run: Run, told: Iterable[Told], new: Container[str]
    ) -> Mapping[str, Sequence[str]]:
        """The ids of the parents by the ids of the new deployments; by none, not known as yet."""
        steps = [step for step in map(_step, told) if step]
        begun = [step for step in steps if step.deployment_id in new]
        try:
            graph = await graph_of(self.reader, self.repository, run, steps) if begun else None
        except GitHubError:
            return {}  # the events do not wait for their parents
        return {step.deployment_id: ids(parents_in_run(graph, step, steps)) for step in begun}

    def _told(self, run: Run, jobs: Sequence[Job], events: Iterable[Event]) -> list[Told]:
        by_id = {job_deployment_id(self.origin, job): job for job in jobs}
        told = []
        for deployment_id, group in groupby(events, key=attrgetter("deployment_id")):
            job = by_id.get(deployment_id)
            source = Source(repository=self.repository, run=run, job=job, jobs=tuple(jobs))
            told.append(Told.of(self.rules, source, group))
        return told

    def _events(self, run: Run, jobs: Sequence[Job]) -> tuple[Event, ...]:
        verdict = self.plan.verdict(run.workflow_id)
        return run_events(self._pipeline(verdict), run, jobs) if verdict and verdict.deploys else ()

    def _else_told(self, run: Run, jobs: Sequence[Job], events: Sequence[Event]) -> Sequence[Event]:
        """What may have been told while the names were judged differently."""
        if (verdict := self.plan.verdict(run.workflow_id)) is None:
            return ()
        told = {event.deployment_id for event in events}
        possible = possible_events(self._pipeline(verdict), run, jobs)
        return [event for event in possible if event.deployment_id not in told]

    def _pipeline(self, verdict: Verdict) -> Pipeline:
        return Pipeline(
            origin=self.origin,
            workflow=verdict.workflow,
            scope=verdict.scope,
            silent=verdict.silent,
            default_branch=self.plan.default_branch,
        )


def _step(told: Told) -> Step | None:
    job = told.source.job
    if job is None or job.started_at is None:
        return None
    return step_of(
        told.source,
        told.events,
        number=job.id,
        filed_at=job.created_at or job.started_at,
        environment=None,
    )
