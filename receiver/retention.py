"""Retention: old events are removed from the log, a few at a time; the matrix stays as it is.

An event is old when it was received, and happened, before the edge. What a slot remembers as of
the edge stays (its latest event, latest finished one, latest success), and so the matrix is the
same as before, now and at any instant since the edge. The newest event of all stays, too: the
next id is one more than its own.

The edge is so many days before now, by the receiver's clock or the senders', whichever is behind:
a clock that is ahead removes nothing (docs/decisions/0015-the-clock-alone-removes-nothing.md).
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from receiver.clock import Clock
from receiver.database import Database, StoreUnavailable
from receiver.outage import Outage
from receiver.plural import counted
from receiver.schema import EPOCH, event, idempotency, retention
from receiver.store import Store

log = logging.getLogger(__name__)

SWEEP_EVERY: Final = timedelta(hours=1)
LOOK_SECONDS: Final = 60
WITNESSES: Final = 100  # the newest events, whose senders tell what time it is
STEP: Final = 250  # events read at once, and removed in one transaction at most
# The pause after each transaction is so many times as long as it took, including its wait for the
# writer: the busier the database, the less of it goes into removing.
PAUSES: Final = 9


class Retention:
    """Keeps the log to some days.

    Several receivers on one database take turns: whoever finds a sweep due puts the next one
    off for an hour, and again with each step of its own. After one that dies, another takes over
    when that hour has passed.
    """

    def __init__(self, database: Database, store: Store, clock: Clock, days: int) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._kept = timedelta(days=days)
        self._outage = Outage("remove old events")

    async def run(self) -> None:
        """Sweep whenever it is due, until cancelled."""
        while True:
            try:
                if await self.take_turn():
                    await self.sweep()
            except StoreUnavailable as error:
                self._outage.failed(error)
            else:
                self._outage.over()
            await asyncio.sleep(LOOK_SECONDS)

    async def take_turn(self) -> bool:
        """Take the sweep that is due; False if none is, or another receiver has taken it."""
        now = self._clock()
        # A time further away than any turn sets it was written by a clock that was wrong.
        due = or_(retention.c.due_at <= now, retention.c.due_at > now + SWEEP_EVERY)
        turn = update(retention).where(due).values(due_at=now + SWEEP_EVERY)
        return await self._database.write(lambda c: c.execute(turn).rowcount > 0)

    async def sweep(self) -> None:
        """Remove what is old, from the beginning of the log to the first events that are young.

        Raises:
            StoreUnavailable: The rest is left for the next sweep.
        """
        edge = await self._edge()
        newest, slots = await self._store.matrix(edge)
        staying = {newest, *(each.id for slot in slots.values() for each in slot.events)}
        position = removed = 0
        while rows := await self._rows(position, STEP):
            if all(row.received_at >= edge for row in rows):
                break
            position = rows[-1].id
            if ids := [row.id for row in rows if _is_old(row, edge) and row.id not in staying]:
                began_at = time.monotonic()
                await self._remove(ids)
                removed += len(ids)
                await asyncio.sleep(PAUSES * (time.monotonic() - began_at))
        if removed:
            log.info("removed %s from before %s", counted(removed, "event"), edge.isoformat())

    async def _edge(self) -> datetime:
        """What is before it is old, by the receiver's clock and by the senders'."""
        newest = await self._rows(await self._store.last_id() - WITNESSES, WITNESSES)
        last_at: datetime = max([EPOCH, *(row.happened_at for row in newest)])
        return min(self._clock(), last_at) - self._kept

    async def _rows(self, position: int, count: int) -> Sequence[Any]:
        """The next rows of the log, in id order: id and times."""
        given = {"position": position, "count": count}
        return await self._database.read(lambda c: c.execute(_ROWS, given).all())

    async def _remove(self, ids: Sequence[int]) -> None:
        # Whatever arrived meanwhile is young, and makes no other event the latest of its slot.
        def transaction(connection: Connection) -> None:
            connection.execute(delete(idempotency).where(idempotency.c.event_id.in_(ids)))
            connection.execute(delete(event).where(event.c.id.in_(ids)))
            further = update(retention).where(retention.c.removed_to < ids[-1])
            connection.execute(further.values(removed_to=ids[-1]))
            connection.execute(update(retention).values(due_at=self._clock() + SWEEP_EVERY))

        await self._database.write(transaction)


def _is_old(row: Any, edge: datetime) -> bool:
    return bool(row.received_at < edge and row.happened_at < edge)


_ROWS: Final = (
    select(event.c.id, event.c.happened_at, event.c.received_at)
    .where(event.c.id > bindparam("position"))
    .order_by(event.c.id)
    .limit(bindparam("count"))
)
