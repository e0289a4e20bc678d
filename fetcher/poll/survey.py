"""What one pass asks GitHub, and what it finds: where to look, and what is new there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fetcher import observations
from fetcher.clock import Clock
from fetcher.github.answers import Deployment, Run
from fetcher.github.errors import GitHubError
from fetcher.github.reader import Reader
from fetcher.github.sighting import Sighting
from fetcher.mapping.origin import Origin
from fetcher.mapping.rules import Rule
from fetcher.observations import Known
from fetcher.poll.findings import Findings
from fetcher.poll.lanes.ancestry import Ancestry
from fetcher.poll.lanes.deployments import DeploymentsLane
from fetcher.poll.lanes.lists import list_deployments, list_runs
from fetcher.poll.lanes.records import Records
from fetcher.poll.lanes.runs import RunsLane
from fetcher.poll.plan import Plan
from fetcher.poll.planning import Planning
from fetcher.poll.sweep import Sweep
from fetcher.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the settings say about reading.

    Attributes:
        id_prefix: Begins every deployment's id.
        backfill: What ended longer than this before the first pass is not told.
        rules: What is different from what the names say.
    """

    id_prefix: str
    backfill: timedelta
    rules: tuple[Rule, ...] = ()


class Survey:
    """Asks GitHub; decides nothing about what happens to the findings."""

    def __init__(
        self,
        state: State,
        reader: Reader,
        known: Known,
        policy: Policy,
        clock: Clock,
        due_at: datetime,
        sighting: Sighting | None = None,
    ) -> None:
        self._state = state
        self._reader = reader
        self._known = known
        self._findings = Findings()
        self._hidden: frozenset[str] = frozenset()  # commits of deployments not understood before
        self._policy = policy
        self._clock = clock
        self._sighting = sighting
        self._planning = Planning(reader, known, self._findings, clock)
        self._sweep = Sweep(
            state, known, self._findings, clock, due_at=due_at, backfill=policy.backfill
        )

    async def made(self) -> Findings:
        """The findings, complete or with the error that cut the survey short."""
        try:
            await self._observe()
        except GitHubError as error:
            self._findings.error = error
        if self._reader.redirected:  # each redirect is charged: the next pass learns its new name
            self._findings.columns.setdefault("plan_due_at", self._clock())
        return self._findings

    async def _observe(self) -> None:
        plan, is_new = await self._planning.in_force(), False
        if plan is None:
            plan, is_new = await self._new_plan(), True
        try:
            plan = await self._read_runs(plan)
            if not is_new or plan.read_by_runs():
                plan = self._planning.changed(plan, await self._read_deployments(plan))
        except GitHubError:
            self._findings.drop_runs()
            raise
        self._settle(plan)

    def _settle(self, plan: Plan) -> None:
        """Leave the runs to their deployments, where there are any.

        A job's deployment is there before the job begins, and deployments were read after the jobs.
        So if a run has no deployment, none of its jobs made one, and nothing is told twice.
        Whatever hides a deployment hides all runs until the next pass, and from then on those of
        its commit.
        """
        deployments = self._findings.of("deployments")
        if self._hides_runs() or any(look.is_blank for look in deployments):
            self._findings.drop_runs()
            return
        filed = {look.run.id for look in deployments if look.run}
        self._findings.doubtful = frozenset(
            deployment_id
            for look in self._findings.of("runs")
            for deployment_id in (
                {event.deployment_id for event in look.events}
                if look.run and (look.run.id in filed or look.run.workflow_id in plan.filing)
                else look.doubtful
            )
        )

    def _hides_runs(self) -> bool:
        garbled = self._findings.garbled
        nameless = "" in garbled | self._hidden  # of any commit
        return nameless or "deployments" in self._findings.more or not garbled <= self._hidden

    async def _new_plan(self) -> Plan:
        """The plan, once the deployments have told which workflows file some."""
        plan = await self._read_deployments(await self._planning.begun(), beside_runs=True)
        return await self._planning.completed(plan)

    async def _read_deployments(self, plan: Plan, *, beside_runs: bool = False) -> Plan:
        read_to = self._sweep.read_to(self._known.deployments_read_to)
        listed = await list_deployments(self._reader, self._known.name, read_to)
        lane = self._deployments_lane(plan, beside_runs=beside_runs or bool(plan.read_by_runs()))
        try:
            await self._sweep.read(lane, listed)
        finally:  # what was looked at is not looked at again, however this pass ends
            runs = [look.run for look in self._findings.of("deployments") if look.run]
            plan = self._planning.learned(plan, listed, {run.workflow_id for run in runs})
        if self._sighting and self._sighting.is_shown_in(listed):
            self._findings.columns["marker"] = self._sighting.marker
        return plan

    async def _read_runs(self, plan: Plan) -> Plan:
        """The runs of workflows that are read by them; else those begun before, to their end."""
        name, listed = self._known.name, tuple[Run, ...]()
        self._hidden = await self._state.run(lambda c: observations.unread_commits(c, name))
        if plan.read_by_runs():
            plan, listed = await self._list_runs(plan)
        await self._sweep.read(self._runs_lane(plan), listed)
        return plan

    async def _list_runs(self, plan: Plan) -> tuple[Plan, tuple[Run, ...]]:
        read_to = self._sweep.read_to(self._known.runs_read_to)
        runs = await list_runs(self._reader, self._known.name, read_to)
        before, plan = self._planning.last(), await self._planning.acquainted(plan, runs)
        known = before.read_by_runs() if before else frozenset()
        anew = self._sweep.read_to(None)
        if plan.read_by_runs() - known and read_to > anew:
            runs = await list_runs(self._reader, self._known.name, anew)
        return plan, runs

    def _runs_lane(self, plan: Plan) -> RunsLane:
        return RunsLane(
            reader=self._reader,
            repository=self._known.name,
            origin=self._origin(plan),
            since_at=self._known.since_at,
            clock=self._clock,
            plan=plan,
            rules=self._policy.rules,
            hidden=self._hidden,
        )

    def _deployments_lane(self, plan: Plan, *, beside_runs: bool) -> DeploymentsLane:
        reader, name, rules = self._reader, self._known.name, self._policy.rules
        records = Records(
            reader=reader,
            repository=name,
            origin=self._origin(plan),
            rules=rules,
            clock=self._clock,
        )
        return DeploymentsLane(
            repository=name,
            records=records,
            ancestry=Ancestry(reader, name, self._of_commit, records.step),
            since_at=self._known.since_at,
            rules=rules,
            beside_runs=beside_runs,
            ignored_too=bool(plan.read_by_runs()),
        )

    async def _of_commit(self, sha: str) -> list[Deployment]:
        """The known deployments of a commit, including those found in this pass."""
        lane = DeploymentsLane.name
        name = self._known.name
        kept = await self._state.run(lambda c: observations.subjects(c, name, lane, sha))
        found = [
            w.subject for w in self._findings.watched.values() if (w.lane, w.sha) == (lane, sha)
        ]
        deployments = map(Deployment.model_validate_json, [*kept, *found])
        return list({deployment.id: deployment for deployment in deployments}.values())

    def _origin(self, plan: Plan) -> Origin:
        return Origin(service=self._known.service, id_prefix=self._policy.id_prefix, page=plan.page)
