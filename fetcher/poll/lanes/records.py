"""The record of a deployment: its statuses, what made it, and the events that follow from both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from fetcher.clock import Clock
from fetcher.event import Event
from fetcher.github.answers import Deployment, DeploymentStatus, Job, Run
from fetcher.github.errors import Missing
from fetcher.github.reader import Reader
from fetcher.mapping.deployments import deployment_events, is_finished, job_id_of, run_of
from fetcher.mapping.origin import Origin
from fetcher.mapping.parents import Step, step_of
from fetcher.mapping.rules import Rule
from fetcher.mapping.source import Source
from fetcher.poll.lanes.lists import job_that_made, jobs_with, run_with
from fetcher.poll.lanes.look import Told


class Statuses(NamedTuple):
    """All statuses of a deployment, and when they were read."""

    found: tuple[DeploymentStatus, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of one repository's deployments, as they are in one pass."""

    reader: Reader
    repository: str
    origin: Origin
    rules: Sequence[Rule]
    clock: Clock
    _statuses: dict[int, Statuses] = field(default_factory=dict, init=False)
    _runs: dict[tuple[int, bool], Run | None] = field(default_factory=dict, init=False)
    _jobs: dict[int, tuple[Job, ...]] = field(default_factory=dict, init=False)
    _steps: dict[int, Step | None] = field(default_factory=dict, init=False)

    async def statuses(self, deployment_id: int) -> Statuses:
        """All statuses: the latest alone does not tell how a deployment ended."""
        if deployment_id not in self._statuses:
            found = await self.reader.all(self._path(deployment_id), DeploymentStatus)
            self._statuses[deployment_id] = Statuses(found, self.clock())
        return self._statuses[deployment_id]

    def events(
        self, deployment: Deployment, statuses: Sequence[DeploymentStatus]
    ) -> tuple[Event, ...]:
        """The events as far as the statuses tell them."""
        return deployment_events(self.origin, deployment, statuses)

    async def told(
        self, deployment: Deployment, statuses: Sequence[DeploymentStatus], *, again: bool
    ) -> Told:
        """The events; with `again=False`, the run as it was last seen will do."""
        source = Source(repository=self.repository)
        if run_id := run_of(self.origin, statuses):
            job_id = job_id_of(self.origin, statuses)
            source = await self._source(run_id, deployment, job_id, again=again)
        events = deployment_events(self.origin, deployment, statuses, source.run, source.job)
        return Told.of(self.rules, source, events)

    async def run(self, statuses: Sequence[DeploymentStatus]) -> Run | None:
        """The run that filed a deployment, as it was last seen; None when that is not known."""
        run_id = run_of(self.origin, statuses)
        return await self._run(run_id, again=False) if run_id else None

    async def step(self, deployment: Deployment) -> Step | None:
        """The deployment as one that another may follow; None if nothing of it is told."""
        if deployment.id not in self._steps:
            self._steps[deployment.id] = await self._step(deployment)
        return self._steps[deployment.id]

    async def _step(self, deployment: Deployment) -> Step | None:
        try:
            statuses = await self._last_statuses(deployment.id)
        except Missing:
            return None  # it was deleted
        if not self.events(deployment, statuses):
            return None
        return step_of_deployment(deployment, await self.told(deployment, statuses, again=False))

    async def _last_statuses(self, deployment_id: int) -> tuple[DeploymentStatus, ...]:
        """The statuses, without asking again for those of a deployment that had ended."""
        kept = await self.reader.last(self._path(deployment_id), DeploymentStatus)
        return kept if is_finished(kept) else (await self.statuses(deployment_id)).found

    def _path(self, deployment_id: int) -> str:
        return f"/repos/{self.repository}/deployments/{deployment_id}/statuses"

    async def _source(
        self, run_id: int, deployment: Deployment, job_id: int | None, *, again: bool
    ) -> Source:
        """The run and the job, as far as they may be read; otherwise the event says less."""
        run = await self._run(run_id, again=again)
        if run is None:
            return Source(repository=self.repository)
        job_id = job_id or await job_that_made(self.reader, self.repository, run, deployment.id)
        jobs = self._jobs.get(run_id, ())
        if not any(job.id == job_id for job in jobs):
            self._jobs[run_id] = jobs = await jobs_with(
                self.reader, self.repository, run_id, job_id
            )
        job = next((job for job in jobs if job.id == job_id), None)
        return Source(repository=self.repository, run=run, job=job, jobs=jobs)

    async def _run(self, run_id: int, *, again: bool) -> Run | None:
        if (run_id, again) not in self._runs:
            run = await run_with(self.reader, self.repository, run_id, again=again)
            self._runs[run_id, again] = run
        return self._runs[run_id, again]


def step_of_deployment(deployment: Deployment, told: Told) -> Step | None:
    """What is told of a deployment, as a step."""
    return step_of(
        told.source,
        told.events,
        number=deployment.id,
        filed_at=deployment.created_at,
        environment=deployment.environment,
    )
