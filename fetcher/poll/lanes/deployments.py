"""The lane of deployments: every job with an `environment:`, and what third parties file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fetcher.github.answers import Deployment
from fetcher.github.errors import GitHubError
from fetcher.mapping.deployments import is_finished
from fetcher.mapping.parents import ids
from fetcher.mapping.rules import Facts, Rule, ignored
from fetcher.observations import Lane, Watched
from fetcher.poll.lanes.ancestry import Ancestry
from fetcher.poll.lanes.look import SETTLED, Look, Told, look_of, next_look, owed
from fetcher.poll.lanes.records import Records, step_of_deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentsLane:
    """Deployments: every job with an `environment:`, and whatever a third party files.

    Attributes:
        looks: How many one pass may take, so that a long history is committed piece by piece.
        beside_runs: There are workflows that are read by their runs, so it must be known which
            workflows are not, before anything is told of them.
        ignored_too: Likewise for those that a rule ignores, so that their jobs are not told by
            their names.
    """

    name: ClassVar[Lane] = "deployments"
    looks: ClassVar[int] = 50

    repository: str
    records: Records
    ancestry: Ancestry
    since_at: datetime
    rules: Sequence[Rule] = ()
    beside_runs: bool = False
    ignored_too: bool = False

    def item(self, deployment: Deployment, look_at: datetime) -> Watched:
        """A listed deployment, to be watched. Each of its statuses moves `updated_at`."""
        return Watched(
            lane=self.name,
            id=deployment.id,
            created_at=deployment.created_at,
            mark=f"{deployment.updated_at or deployment.created_at}",
            subject=deployment.model_dump_json().encode(),
            look_at=look_at,
            sha=deployment.sha,
        )

    def concerns(self, deployment: Deployment) -> bool:
        """Whether the deployment goes somewhere, and is not ignored already."""
        return bool(deployment.environment) and (
            self.ignored_too or not self._is_ignored(deployment)
        )

    async def look(self, item: Watched, *, listed: bool) -> Look:  # noqa: ARG002 - as in RunsLane
        """Read how a deployment goes on, and what made it if something is to be told."""
        deployment = Deployment.model_validate_json(item.subject)
        statuses, now = await self.records.statuses(deployment.id)
        changed_at = max([deployment.created_at, *(s.created_at for s in statuses)])
        ended = is_finished(statuses)
        look_at = next_look(item.created_at, changed_at, now, ended=ended)
        seen = replace(item, look_at=look_at)
        is_blank = not statuses and now - item.created_at < SETTLED
        if self._is_ignored(deployment):
            run = await self.records.run(statuses)
            return Look(replace(seen, look_at=None if run else look_at), run=run, is_blank=is_blank)
        if not owed(self.records.events(deployment, statuses), self.since_at):
            lately = self.beside_runs and changed_at >= self.since_at
            run = await self.records.run(statuses) if lately else None
            return Look(seen, run=run, is_blank=is_blank)
        told = await self.records.told(deployment, statuses, again=not item.told)
        if not told.events:  # they are ignored, and so will others be
            return Look(replace(seen, look_at=None), run=told.source.run)
        parents = item.parents or await self._parents(deployment, told)
        seen = replace(seen, parents=parents)
        return look_of(seen, told.events, self.since_at, told.source.run)

    def _is_ignored(self, deployment: Deployment) -> bool:
        facts = Facts(repository=self.repository, environment=deployment.environment)
        return ignored(self.rules, facts)

    async def _parents(self, deployment: Deployment, told: Told) -> Mapping[str, Sequence[str]]:
        """By the deployment's id, found once when it begins; without an entry, not known yet."""
        if (step := step_of_deployment(deployment, told)) is None:
            return {}
        try:
            found = await self.ancestry.parents(deployment, step, told.source.run)
        except GitHubError:
            return {}  # the event does not wait for its parents
        return {step.deployment_id: ids(found)}
