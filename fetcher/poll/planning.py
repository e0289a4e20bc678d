"""A repository's plan in one pass: when it is made anew, and what of it is kept."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError

from fetcher.clock import Clock
from fetcher.github.answers import Deployment, Run
from fetcher.github.errors import Forbidden, Missing
from fetcher.github.reader import Reader
from fetcher.observations import Known
from fetcher.poll.findings import Findings
from fetcher.poll.plan import Plan, first_plan, judged, list_workflows

PLAN_LASTS: Final = timedelta(hours=6)
# Where nothing deploys yet, or a workflow is so new that it may not have run.
SHORT_PLAN_LASTS: Final = timedelta(minutes=15)
NEW_FOR: Final = timedelta(days=1)
BETWEEN_LISTS_OF_WORKFLOWS: Final = timedelta(minutes=10)


class Planning:
    """Asks for what the plan needs; puts its changes into the findings."""

    def __init__(
        self,
        reader: Reader,
        known: Known,
        findings: Findings,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._known = known
        self._findings = findings
        self._clock = clock

    async def in_force(self) -> Plan | None:
        """The last plan, unless it is too old, or there is a workflow that it does not know.

        Where runs are listed a new workflow shows by its first one; elsewhere only this tells.
        """
        due_at, now = self._known.plan_due_at, self._clock()
        # A longer wait was noted before the clock was set back.
        plan = self.last() if due_at and now < due_at <= now + PLAN_LASTS else None
        if plan is None or not self._is_due_to_list(plan):
            return plan
        try:
            workflows = await list_workflows(self._reader, self._known.name)
        except (Forbidden, Missing):
            return self._note(plan.model_copy(update={"listed_at": None}))
        if not plan.knows(workflows):
            return None
        return self._note(plan.model_copy(update={"listed_at": now}))

    def _is_due_to_list(self, plan: Plan) -> bool:
        if plan.lane != "deployments" or plan.archived or plan.listed_at is None:
            return False
        due_at = plan.listed_at + BETWEEN_LISTS_OF_WORKFLOWS
        return self._reader.repeats_are_free and not plan.listed_at <= self._clock() < due_at

    def last(self) -> Plan | None:
        """The plan that was kept."""
        try:
            return Plan.model_validate_json(self._known.plan) if self._known.plan else None
        except ValidationError:
            return None  # another version of this program made it

    async def begun(self) -> Plan:
        """A new plan, which knows nothing yet of deployments in this pass and of workflows."""
        plan, before = await first_plan(self._reader, self._known.name), self.last()
        return plan.with_deployments((), before.filing) if before else plan

    async def completed(self, plan: Plan) -> Plan:
        """The new plan with its workflows, once the deployments have told which file some."""
        before = self.last()
        try:
            plan = await judged(self._reader, self._known.name, plan, before)
        except (Forbidden, Missing):
            if plan.deployed_at is None:
                raise
            return self._keep(plan)
        return self._keep(plan.listed(self._clock(), before))

    async def acquainted(self, plan: Plan, runs: Sequence[Run]) -> Plan:
        """The plan that knows of the workflows of these runs."""
        if not plan.strangers(runs):
            return plan
        if "plan" not in self._findings.columns:
            plan = await judged(self._reader, self._known.name, plan, self.last())
        return self._keep(plan.acquainted(runs))

    def learned(self, before: Plan, listed: Sequence[Deployment], filing: Collection[int]) -> Plan:
        """The plan that knows of what was listed; kept at once if more workflows file some."""
        plan = before.with_deployments(listed, filing)
        if plan.filing != before.filing:
            self._note(plan)
            self._findings.columns["plan_due_at"] = self._clock()  # it may not be complete
        return plan

    def changed(self, before: Plan, plan: Plan) -> Plan:
        """The plan, kept if it says otherwise than before."""
        if (before.lane, before.filing) != (plan.lane, plan.filing):
            self._keep(plan)
        if plan.deployed_at and not before.deployed_at:  # the others are judged more strictly now
            self._findings.columns["plan_due_at"] = self._clock()
        return plan

    def _note(self, plan: Plan) -> Plan:
        self._findings.columns["plan"] = plan.model_dump_json().encode()
        return plan

    def _keep(self, plan: Plan) -> Plan:
        is_new = plan.renewed_at and self._clock() - plan.renewed_at < NEW_FOR
        lasts = SHORT_PLAN_LASTS if plan.lane == "none" or is_new else PLAN_LASTS
        self._findings.columns["plan_due_at"] = self._clock() + lasts
        self._findings.columns |= {"lane": plan.lane, "archived": plan.archived}
        self._findings.columns |= self._identity(plan)
        return self._note(plan)

    def _identity(self, plan: Plan) -> dict[str, Any]:
        if plan.github_id != self._known.github_id:
            return {"github_id": None, "full_name": None}  # another one has its name by now
        same = plan.full_name.lower() == self._known.name.lower()
        return {"full_name": None if same else plan.full_name}
