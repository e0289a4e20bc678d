"""What `plan` reports: what the fetcher would read of each repository, and why.

It reads as the fetcher does, but only the newest deployments and runs, and without a state: names
that were given long ago may differ.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from fetcher.clock import Clock
from fetcher.explain.explanation import Explanation, Outlook
from fetcher.github.answers import Deployment, Environment
from fetcher.github.errors import Forbidden, GitHubError, Missing
from fetcher.github.githubs import GitHubs
from fetcher.github.reader import Reader
from fetcher.github.remedies import in_words
from fetcher.mapping.deployments import run_of
from fetcher.mapping.naming import file_name
from fetcher.mapping.origin import Origin, name_services
from fetcher.mapping.rules import Facts, Rule, deciding, facts_of, ignored
from fetcher.mapping.services import name_places
from fetcher.poll.lanes.lists import list_runs
from fetcher.poll.lanes.look import Told
from fetcher.poll.lanes.records import Records
from fetcher.poll.lanes.runs import RunsLane
from fetcher.poll.plan import Plan, first_plan, judged
from fetcher.progress import Progress, Step, no_step
from fetcher.schedule.estimate import estimate
from fetcher.schedule.roster import look_up
from fetcher.selection import Selection

# Deployments, and runs, of which is looked up what they would be reported as.
MOST_TRACED: Final = 12
LATELY: Final = timedelta(days=7)
# The list whenever something changes, the statuses likewise, the run, its jobs and its file.
CHARGED_FOR_A_DEPLOYMENT: Final = 8
THIRD_PARTY: Final = "a third party"
A_WORKFLOW: Final = "a workflow"  # that may not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What it takes to make an explanation."""

    githubs: GitHubs
    rules: Sequence[Rule]
    cycle: timedelta
    clock: Clock


async def explain_selected(asking: Asking, selection: Selection, progress: Progress) -> Outlook:
    """One explanation for each repository that is selected, and each owner without an answer."""
    names, failures = await look_up(asking.githubs, selection)
    unlisted = [
        Explanation(repository=f"{owner}/*", lane="error", why=_why(asking, f"{owner}/*", error))
        for owner, error in failures.items()
    ]
    with progress.of("Reading repositories", len(names)) as step:
        found = await explain(asking, names, step)
    return Outlook([*found.explanations, *unlisted], found.points)


async def explain(asking: Asking, repositories: Sequence[str], step: Step = no_step) -> Outlook:
    """One explanation for each repository, in their order; `step` is called after each."""
    services = name_services(repositories, {})

    async def explained(name: str) -> Explanation:
        explanation = await _explained(asking, name, services[name])
        step()
        return explanation

    found = await asyncio.gather(*map(explained, repositories))
    now = asking.clock()
    standings = [standing for each in found if (standing := each.standing(now))]
    takes = estimate(asking.githubs, standings, asking.cycle, now)
    return Outlook(
        [replace(each, free=takes.requests.get(each.repository, 0)) for each in found],
        takes.points,
    )


async def _explained(asking: Asking, name: str, service: str) -> Explanation:
    facts = Facts(repository=name)
    if ignored(asking.rules, facts):
        (number,) = _numbers(asking.rules, [facts])
        return Explanation(
            repository=name, lane="ignored", rules=(number,), why=f"rule {number} ignores it"
        )
    try:
        return await _Explaining(asking, name, service).explained()
    except GitHubError as error:
        return Explanation(repository=name, lane="error", why=_why(asking, name, error))


def _why(asking: Asking, name: str, error: GitHubError) -> str:
    return in_words(asking.githubs.for_repository(name), name.partition("/")[0], error)


class _Explaining:
    """One repository."""

    def __init__(self, asking: Asking, name: str, service: str) -> None:
        self._asking = asking
        self._reader = Reader(asking.githubs.for_repository(name))
        self._name = name
        self._service = service
        self._seen: set[str] = set()  # workflows that deploy
        self._ran_at: datetime | None = None  # when the newest run began
        self._since_at = asking.clock() - LATELY

    async def explained(self) -> Explanation:
        path = f"/repos/{self._name}/deployments"
        deployments = await self._reader.all(path, Deployment, reaches=lambda _: True)
        plan = await first_plan(self._reader, self._name)
        told = await self._of_deployments(plan, deployments)
        filing = (each.source.run.workflow_id for each in told if each.source.run)
        plan = await self._judged(plan.with_deployments(deployments, filing))
        told += await self._of_runs(plan)
        found = Explanation(
            repository=self._name,
            lane=plan.lane,
            others=tuple(
                f"{file_name(v.workflow.path)}: {v.why}"
                for v in plan.workflows
                if not v.deploys and v.workflow.id not in plan.filing
            ),
            archived=plan.archived,
            active_at=max(filter(None, (plan.deployed_at, self._ran_at)), default=None),
            why=plan.why,
        )
        if plan.lane == "none":
            return found
        used = [deployment.environment for deployment in deployments]
        facts = [facts_of(one.source, one.environment) for one in told if one.environment]
        return replace(
            found,
            services=self._services(told),
            environments=await self._environments(told, used),
            workflows=self._workflows(plan),
            charged=self._charged([d.created_at for d in deployments], told),
            rules=_numbers(self._asking.rules, [*facts, *map(self._facts, used)]),
        )

    async def _judged(self, plan: Plan) -> Plan:
        try:
            return await judged(self._reader, self._name, plan)
        except (Forbidden, Missing):
            if plan.deployed_at is None:
                raise
            return plan

    async def _of_deployments(self, plan: Plan, deployments: Sequence[Deployment]) -> list[Told]:
        """What the newest deployments would be reported as, one per environment before others."""
        records = Records(
            reader=self._reader,
            repository=self._name,
            origin=self._origin(plan),
            rules=self._asking.rules,
            clock=self._asking.clock,
        )
        newest = {d.environment: d for d in reversed(deployments)}.values()
        by_id = {d.id: d for d in (*newest, *deployments)}
        told = []
        for deployment in islice(by_id.values(), MOST_TRACED):
            statuses, _ = await records.statuses(deployment.id)
            one = await records.told(deployment, statuses, again=False)
            by_a_job = run_of(records.origin, statuses) is not None
            self._seen.add(one.source.workflow or (A_WORKFLOW if by_a_job else THIRD_PARTY))
            told.append(one)
        return told

    async def _of_runs(self, plan: Plan) -> list[Told]:
        """What the newest runs would be reported as."""
        if not plan.read_by_runs():
            return []
        lane = RunsLane(
            reader=self._reader,
            repository=self._name,
            origin=self._origin(plan),
            since_at=self._since_at,
            clock=self._asking.clock,
            plan=plan,
            rules=self._asking.rules,
        )
        runs = await list_runs(self._reader, self._name, self._since_at)
        self._ran_at = max((run.created_at for run in runs), default=None)
        deploying = [run for run in runs if lane.concerns(run)]
        return [each for run in deploying[:MOST_TRACED] for each in await lane.told(run)]

    async def _environments(self, told: Sequence[Told], used: Sequence[str]) -> tuple[str, ...]:
        """Those that are reported, then those that were only used, or only exist."""
        path = f"/repos/{self._name}/environments"
        try:
            there = await self._reader.all(path, Environment, field="environments")
        except (Forbidden, Missing):
            there = ()
        found = [each.event.environment for one in told for each in one.events]
        traced = {one.environment for one in told}
        others = [name for name in (*used, *(e.name for e in there)) if name not in traced]
        left = (name for name in others if not ignored(self._asking.rules, self._facts(name)))
        return tuple(dict.fromkeys((*found, *left)))

    def _facts(self, environment: str) -> Facts:
        return Facts(repository=self._name, environment=environment)

    def _workflows(self, plan: Plan) -> tuple[str, ...]:
        """Those that were seen to deploy, and those whose names say so."""
        judged = (v.workflow for v in plan.workflows if v.workflow.id in plan.read_by_runs())
        return tuple(sorted(self._seen | {file_name(workflow.path) for workflow in judged}))

    def _services(self, told: Sequence[Told]) -> tuple[str, ...]:
        found = [each for one in told for each in one.events]
        places = name_places(self._service, {}, [each.sight for each in found if each.sight])
        names = [places[each.sight.place] if each.sight else each.event.service for each in found]
        return tuple(sorted(set(names))) or (self._service,)

    def _charged(self, filed: Sequence[datetime], told: Sequence[Told]) -> float:
        runs = {one.source.run.id: one.source.run.created_at for one in told if one.source.run}
        lately = [at for at in filed or runs.values() if at >= self._since_at]
        return len(lately) * CHARGED_FOR_A_DEPLOYMENT / (LATELY / timedelta(hours=1))

    def _origin(self, plan: Plan) -> Origin:
        return Origin(service=self._service, id_prefix="", page=plan.page)


def _numbers(rules: Sequence[Rule], facts: Iterable[Facts]) -> tuple[int, ...]:
    found = [rule for each in facts if (rule := deciding(rules, each))]
    return tuple(number for number, rule in enumerate(rules, 1) if any(r is rule for r in found))
