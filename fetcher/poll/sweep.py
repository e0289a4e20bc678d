"""One lane of a repository in one pass: looks at what changed in a list, and at what is due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from fetcher import observations
from fetcher.clock import Clock
from fetcher.github.answers import Deployment, Run
from fetcher.github.errors import Garbled, Missing
from fetcher.observations import LONGEST_WAIT, UNREAD, Known, Seen, Watched
from fetcher.poll.findings import Findings
from fetcher.poll.lanes.deployments import DeploymentsLane
from fetcher.poll.lanes.look import LONGEST_LIFE
from fetcher.poll.lanes.runs import RunsLane
from fetcher.state import State

AnyLane = DeploymentsLane | RunsLane

OVERLAP: Final = timedelta(minutes=15)  # what appears in a list later than its time says
# Until what made no sense is asked for again; then longer, the older it is: each time is charged,
# and what has made no sense for hours hardly ever will.
FIRST_WAIT_FOR_SENSE: Final = timedelta(seconds=30)
WAIT_FOR_SENSE: Final = timedelta(minutes=10)


class Sweep:
    """Sweeps lanes, and puts what it finds into the findings."""

    def __init__(
        self,
        state: State,
        known: Known,
        findings: Findings,
        clock: Clock,
        *,
        due_at: datetime,
        backfill: timedelta,
    ) -> None:
        self._state = state
        self._known = known
        self._findings = findings
        self._clock = clock
        self._due_at = due_at
        self._backfill = backfill

    def read_to(self, newest: datetime | None) -> datetime:
        """How far back to read a list whose newest item was seen; None if it never was."""
        if newest is not None:
            return max(newest, self._horizon()) - OVERLAP
        return max(self._horizon(), self._clock() - max(LONGEST_LIFE, self._backfill))

    def _horizon(self) -> datetime:
        """What was filed before this had ended when the repository was first read."""
        return self._known.since_at - max(LONGEST_LIFE - self._backfill, timedelta())

    async def read(self, lane: AnyLane, listed: Sequence[Any]) -> None:
        """Note what changed in a list, and look at that and at whatever else is due."""
        changed, due = await self._changed(lane, listed)
        self._findings.watch(changed.values())
        self._has_read(f"{lane.name}_read_to", listed)  # only now: what was not noted is not read
        now_due = [item for item in changed.values() if item.is_due(self._due_at)]
        # What was looked at before in this pass is not due, whatever the state says.
        seen = {look.item.id for look in self._findings.of(lane.name)}
        todo = {item.id: item for item in (*due, *now_due) if item.id not in seen - changed.keys()}
        newest = sorted(todo.values(), key=lambda item: item.created_at, reverse=True)
        if len(newest) > lane.looks:
            self._findings.more.add(lane.name)
        shown = {item.id for item in listed}
        for item in newest[: lane.looks]:
            # A list tells whether what had ended goes on again; about what goes on it may be late.
            is_listed = item.id in changed or (item.ended and item.id in shown)
            await self._look(lane, item, listed=is_listed)

    async def _look(self, lane: AnyLane, item: Watched, *, listed: bool) -> None:
        before = item.mark.startswith(UNREAD)
        item = replace(item, mark=item.mark.removeprefix(UNREAD))
        try:
            look = await lane.look(item, listed=listed)
        except Missing:
            self._findings.watch([replace(item, look_at=None)])  # deleted: its list was just read
        except Garbled as error:
            # Whatever is wrong with this one does not hold up the others.
            self._findings.error = self._findings.error or error
            self._findings.watch([self._put_off(lane, item, before=before)])
        else:
            self._findings.watch([look.item])
            self._findings.looks.append(look)

    def _put_off(self, lane: AnyLane, item: Watched, *, before: bool) -> Watched:
        """What made no sense, to be asked for again as long as that may help."""
        now = self._clock()
        age = now - item.created_at
        if age > LONGEST_LIFE:
            return replace(item, look_at=None)
        if lane.name == "deployments":
            self._findings.garbled.add(item.sha)
        wait = max(WAIT_FOR_SENSE, min(age / 10, LONGEST_WAIT)) if before else FIRST_WAIT_FOR_SENSE
        return replace(item, mark=UNREAD + item.mark, look_at=now + wait)

    def _has_read(self, column: str, items: Sequence[Deployment | Run]) -> None:
        times = [item.created_at for item in items]
        if before := getattr(self._known, column):
            times.append(before)
        if times:  # what is dated ahead must not hide what is filed until then
            self._findings.columns[column] = min(max(times), self._clock())

    async def _changed(
        self, lane: AnyLane, listed: Sequence[Any]
    ) -> tuple[dict[int, Watched], list[Watched]]:
        """What changed in a list, by id, and what else is due to be looked at."""
        name, oldest = self._known.name, min((item.created_at for item in listed), default=None)

        def load(connection: Connection) -> tuple[dict[int, Seen], list[Watched]]:
            seen = observations.seen(connection, name, lane.name, oldest) if oldest else {}
            times, most = (self._due_at, self._clock()), lane.looks + 1
            return seen, observations.due(connection, name, lane.name, *times, most)

        seen, due = await self._state.run(load)
        changed = {}
        for item in (lane.item(each, self._due_at) for each in listed if lane.concerns(each)):
            found = self._findings.watched.get((lane.name, item.id))
            before = found or seen.get(item.id)
            if before is None and item.created_at >= self._horizon():
                changed[item.id] = item
            elif before is not None and before.mark.removeprefix(UNREAD) != item.mark:
                changed[item.id] = replace(item, told=before.told, parents=before.parents)
        return changed, due
