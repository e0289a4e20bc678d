"""What one pass asks GitHub, and what it finds: the lane, what is new in it, its details."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from fetcher import observations
from fetcher.event import Event
from fetcher.github.answers import Deployment, Run
from fetcher.github.errors import Garbled, GitHubError, Missing
from fetcher.github.reader import Reader
from fetcher.github.sighting import Sighting
from fetcher.lanes.ancestry import Ancestry
from fetcher.lanes.deployments import DeploymentsLane
from fetcher.lanes.lists import list_deployments, list_runs
from fetcher.lanes.look import LONGEST_LIFE
from fetcher.lanes.records import Records
from fetcher.lanes.runs import RunsLane
from fetcher.mapping.origin import Origin
from fetcher.mapping.rules import Rule
from fetcher.mapping.services import Sight
from fetcher.observations import Known, Watched
from fetcher.plan import Plan, make_plan

AnyLane = DeploymentsLane | RunsLane

OVERLAP: Final = timedelta(minutes=15)  # what appears in a list later than its time says
PLAN_LASTS: Final = timedelta(hours=6)
NO_LANE_LASTS: Final = timedelta(minutes=15)
GARBLED_WAITS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the settings say about reading.

    Attributes:
        id_prefix: Begins every deployment's id.
        backfill: What ended longer before the first pass is not told.
        rules: What is otherwise than the names say.
    """

    id_prefix: str
    backfill: timedelta
    rules: tuple[Rule, ...] = ()


@dataclass(slots=True)
class Findings:
    """What one pass is going to commit.

    Attributes:
        columns: Of the repository's row, where they change.
        watched: By lane and id.
        sights: What the services of the events follow from.
        left_runs: Deployments appeared, so runs are no longer where to look.
        error: Of one item, for which the others did not wait.
        more: Not everything that is due was looked at.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    watched: dict[tuple[str, int], Watched] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    left_runs: bool = False
    looks: int = 0
    error: GitHubError | None = None
    more: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether no item was found or looked at."""
        return not (self.watched or self.events or self.sights or self.left_runs)

    def drop_runs(self) -> None:
        """Forget what was found in the runs, as if it had not been asked for."""
        self.watched.clear()
        self.events.clear()
        self.sights.clear()
        self.columns.pop("runs_read_to", None)


class Survey:
    """Asks GitHub; decides nothing about what happens to the findings."""

    def __init__(
        self,
        engine: AsyncEngine,
        reader: Reader,
        known: Known,
        policy: Policy,
        clock: Callable[[], datetime],
        due_at: datetime,
        sighting: Sighting | None = None,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._known = known
        self._findings = Findings()
        self._policy = policy
        self._clock = clock
        self._due_at = due_at
        self._sighting = sighting

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
        plan = self._plan()
        deployments: tuple[Deployment, ...] = ()
        if plan is None or plan.lane != "runs":
            deployments = await self._list_deployments()
        if plan is None:
            plan = self._keep_plan(await make_plan(self._reader, self._known.name, deployments))
        if plan.lane == "runs":
            plan, deployments = await self._observe_runs(plan)
        else:
            await self._read(self._runs_lane(plan), ())
        if deployments and plan.lane != "deployments":
            plan = self._keep_plan(plan.with_deployments(deployments))
        await self._read(self._deployments_lane(plan), deployments)

    async def _observe_runs(self, plan: Plan) -> tuple[Plan, tuple[Deployment, ...]]:
        """Runs, unless there are deployments after all.

        A job's deployment is there before the job begins. So if there is none after the jobs were
        read, none of them made one, and nothing is told twice.
        """
        try:
            plan, runs = await self._list_runs(plan)
            await self._read(self._runs_lane(plan), runs)
            deployments = await self._list_deployments()
        except GitHubError:
            self._findings.drop_runs()
            raise
        if deployments:
            self._findings.drop_runs()
            self._findings.left_runs = True
        return plan, deployments

    def _plan(self) -> Plan | None:
        due_at = self._known.plan_due_at
        if due_at is None or due_at <= self._clock():
            return None
        return self._last_plan()

    def _last_plan(self) -> Plan | None:
        try:
            return Plan.model_validate_json(self._known.plan) if self._known.plan else None
        except ValidationError:
            return None  # another version of this program made it

    def _keep_plan(self, plan: Plan) -> Plan:
        lasts = NO_LANE_LASTS if plan.lane == "none" else PLAN_LASTS
        self._findings.columns["plan"] = plan.model_dump_json().encode()
        self._findings.columns["plan_due_at"] = self._clock() + lasts
        self._findings.columns |= {"lane": plan.lane, "archived": plan.archived}
        self._findings.columns |= self._identity(plan)
        return plan

    def _identity(self, plan: Plan) -> dict[str, Any]:
        if plan.github_id != self._known.github_id:
            return {"github_id": None, "full_name": None}  # another one has its name by now
        same = plan.full_name.lower() == self._known.name.lower()
        return {"full_name": None if same else plan.full_name}

    async def _list_deployments(self) -> tuple[Deployment, ...]:
        read_to = self._read_to(self._known.deployments_read_to)
        return await list_deployments(self._reader, self._known.name, read_to)

    async def _list_runs(self, plan: Plan) -> tuple[Plan, tuple[Run, ...]]:
        read_to = self._read_to(self._known.runs_read_to)
        runs = await list_runs(self._reader, self._known.name, read_to)
        if plan.strangers(runs):
            if "plan" not in self._findings.columns:
                plan = await make_plan(self._reader, self._known.name, ())
            plan = self._keep_plan(plan.acquainted(runs))
        before = self._last_plan()
        known = before.deploying_ids() if before else frozenset()
        if plan.deploying_ids() - known and read_to > self._read_to(None):
            runs = await list_runs(self._reader, self._known.name, self._read_to(None))
        return plan, runs

    def _read_to(self, newest: datetime | None) -> datetime:
        if newest is not None:
            return newest - OVERLAP
        return max(self._horizon(), self._clock() - max(LONGEST_LIFE, self._policy.backfill))

    def _horizon(self) -> datetime:
        """What was filed before can't have been unfinished when the repository was first read."""
        return self._known.since_at - max(LONGEST_LIFE - self._policy.backfill, timedelta())

    def _has_read(self, column: str, items: Sequence[Deployment | Run]) -> None:
        times = [item.created_at for item in items]
        if before := getattr(self._known, column):
            times.append(before)
        if times:
            self._findings.columns[column] = max(times)

    async def _read(self, lane: AnyLane, listed: Sequence[Any]) -> None:
        """Note what changed in a list, and look at that and at whatever else is due."""
        changed, due = await self._changed(lane, listed)
        self._watch(changed.values())
        if self._sighting and lane.name == "deployments" and self._sighting.is_shown_in(listed):
            self._findings.columns["marker"] = self._sighting.marker
        self._has_read(f"{lane.name}_read_to", listed)  # only now: what was not noted is not read
        now_due = [item for item in changed.values() if item.is_due(self._due_at)]
        todo = {item.id: item for item in (*due, *now_due)}
        newest = sorted(todo.values(), key=lambda item: item.created_at, reverse=True)
        self._findings.more |= len(newest) > lane.looks
        for item in newest[: lane.looks]:
            await self._look(lane, item, listed=item.id in changed)

    async def _look(self, lane: AnyLane, item: Watched, *, listed: bool) -> None:
        self._findings.looks += 1
        try:
            look = await lane.look(item, listed=listed)
        except Missing:
            self._watch([replace(item, look_at=None)])  # deleted: its list was just read
        except Garbled as error:
            # Whatever is wrong with this one, the others do not wait for it.
            self._findings.error = self._findings.error or error
            self._watch([replace(item, look_at=self._clock() + GARBLED_WAITS)])
        else:
            self._watch([look.item])
            self._findings.events += look.events
            self._findings.sights += look.sights

    def _watch(self, items: Iterable[Watched]) -> None:
        self._findings.watched |= {(item.lane, item.id): item for item in items}

    async def _changed(
        self, lane: AnyLane, listed: Sequence[Any]
    ) -> tuple[dict[int, Watched], list[Watched]]:
        """What changed in a list, by id, and what else is due to be looked at."""
        name, oldest = self._known.name, min((item.created_at for item in listed), default=None)
        async with self._engine.begin() as connection:
            seen = await observations.seen(connection, name, lane.name, oldest) if oldest else {}
            due = await observations.due(connection, name, lane.name, self._due_at, lane.looks + 1)
        changed = {}
        for item in (lane.item(each, self._due_at) for each in listed if lane.concerns(each)):
            before = seen.get(item.id)
            if before is None and item.created_at >= self._horizon():
                changed[item.id] = item
            elif before is not None and before.mark != item.mark:
                changed[item.id] = replace(item, told=before.told, parents=before.parents)
        return changed, due

    def _runs_lane(self, plan: Plan) -> RunsLane:
        return RunsLane(
            reader=self._reader,
            repository=self._known.name,
            origin=self._origin(plan),
            since_at=self._known.since_at,
            clock=self._clock,
            plan=plan,
            rules=self._policy.rules,
        )

    def _deployments_lane(self, plan: Plan) -> DeploymentsLane:
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
        )

    async def _of_commit(self, sha: str) -> list[Deployment]:
        """The deployments of a commit that are known, those found in this pass among them."""
        lane = DeploymentsLane.name
        async with self._engine.begin() as connection:
            kept = await observations.subjects(connection, self._known.name, lane, sha)
        found = [
            w.subject for w in self._findings.watched.values() if (w.lane, w.sha) == (lane, sha)
        ]
        deployments = map(Deployment.model_validate_json, [*kept, *found])
        return list({deployment.id: deployment for deployment in deployments}.values())

    def _origin(self, plan: Plan) -> Origin:
        return Origin(service=self._known.service, id_prefix=self._policy.id_prefix, page=plan.page)
