"""The lane of deployments: every job with an `environment:`, and what third parties file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fetcher.github.answers import Deployment, DeploymentStatus
from fetcher.github.reader import Reader
from fetcher.lanes.lists import job_that_made, jobs_with, run_with
from fetcher.lanes.look import Look, look_of, next_look
from fetcher.mapping.deployments import deployment_events, is_finished, job_id_of, run_of
from fetcher.mapping.origin import Origin
from fetcher.mapping.rules import Facts, Rule, Ruled, ignored, ruled
from fetcher.mapping.source import Source
from fetcher.observations import Lane, Watched


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
    rules: Sequence[Rule] = ()

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
        """Whether the deployment goes somewhere, and no rule says already that it is ignored."""
        facts = Facts(repository=self.repository, environment=deployment.environment)
        return bool(deployment.environment) and not ignored(self.rules, facts)

    async def look(self, item: Watched, *, listed: bool) -> Look:  # noqa: ARG002 - as in RunsLane
        """Read all of a deployment's statuses: the latest alone does not tell how it ended."""
        deployment = Deployment.model_validate_json(item.subject)
        path = f"/repos/{self.repository}/deployments/{deployment.id}/statuses"
        statuses = await self.reader.all(path, DeploymentStatus)
        told = await self._told(deployment, statuses, again=not item.told)
        changed_at = max([deployment.created_at, *(s.created_at for s in statuses)])
        now, ended = self.clock(), is_finished(statuses)
        look_at = next_look(item.created_at, changed_at, now, ended=ended)
        if told is None:
            return look_of(replace(item, ended=ended, look_at=None), (), self.since_at)
        return look_of(replace(item, ended=ended, look_at=look_at), told, self.since_at)

    async def _told(
        self, deployment: Deployment, statuses: Sequence[DeploymentStatus], *, again: bool
    ) -> list[Ruled] | None:
        """The events; None when they are ignored, and those to come will be."""
        if not deployment_events(self.origin, deployment, statuses):
            return []
        source = Source(repository=self.repository)
        if run_id := run_of(self.origin, statuses):
            job_id = job_id_of(self.origin, statuses)
            source = await self._source(run_id, deployment, job_id, again=again)
        events = deployment_events(self.origin, deployment, statuses, source.run, source.job)
        told = [ruled(self.rules, event, source) for event in events]
        return [each for each in told if each] if any(told) else None

    async def _source(
        self, run_id: int, deployment: Deployment, job_id: int | None, *, again: bool
    ) -> Source:
        """The run and the job, as far as they may be read: else the event says less."""
        run = await run_with(self.reader, self.repository, run_id, again=again)
        if run is None:
            return Source(repository=self.repository)
        job_id = job_id or await job_that_made(self.reader, self.repository, run, deployment.id)
        jobs = await jobs_with(self.reader, self.repository, run_id, job_id)
        job = next((job for job in jobs if job.id == job_id), None)
        return Source(repository=self.repository, run=run, job=job, jobs=jobs)
