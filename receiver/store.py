"""The log on disk: what is asked of it, and what is written to it.

Ids are one more than the largest in the log, assigned inside the writer's transaction,
so the order of ids is the order of commits and no reader that resumes can skip one.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    insert,
    or_,
    select,
)

from receiver import latest
from receiver.batch import Append, Batch, Keys
from receiver.database import Database
from receiver.event import Event, OrderKey
from receiver.filter import EVERYTHING, Filter
from receiver.matrix import Slot, SlotKey
from receiver.rows import LARGEST_ID, fields, insert_events, insert_slots, last_id, to_event
from receiver.schema import event, idempotency, retention, secret, slot

IDEMPOTENCY_WINDOW: Final = timedelta(hours=24)
FORGOTTEN_AT_ONCE: Final = 500  # as many keys as one transaction may add: they cannot pile up

END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
TAIL: Final = 2000
MOST_PARTS: Final = 20  # slots whose pages are put together


class Store:
    """The log in a database. Every method raises StoreUnavailable when it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots: set[SlotKey] = set()  # known to be in their table
        self._tail: deque[Event] = deque(maxlen=TAIL)  # what was appended last; ids without a gap

    async def append(self, appends: Sequence[Append], received_at: datetime) -> Batch:
        """Write them in one transaction, durably; the batch has an answer for each, in order.

        An append whose Idempotency-Key was seen within 24 hours adds no row: it is answered
        with the event stored then, or with KeyReused when the body was another one.
        """

        def transaction(connection: Connection) -> Batch:
            known = _remembered(connection, appends, received_at)
            batch = Batch(last_id(connection), received_at, known)
            for append in appends:
                batch.add(append)
            _insert(connection, batch, self._slots)
            if batch.events:
                self._database.announce(connection, batch.last_id)
            return batch

        batch = await self._database.write(transaction)
        self._slots |= batch.slots
        self._remember(batch.events)
        return batch

    async def last_id(self) -> int:
        """The id of the newest event; 0 when the log is empty."""
        return await self._database.read(last_id)

    async def removed_to(self) -> int:
        """The largest id that was removed: later positions have everything after them."""
        return await self._database.read(lambda connection: connection.scalar(_REMOVED_TO) or 0)

    async def slots(self, only: Filter = EVERYTHING) -> set[SlotKey]:
        """The slots that the log has an event of: all, or those with the filter's names."""
        query = select(slot).where(*only.named(slot))
        return await self._database.read(
            lambda connection: {(service, name) for service, name in connection.execute(query)}
        )

    async def after(
        self, position: int, limit: int, only: Filter = EVERYTHING, until: int = LARGEST_ID
    ) -> list[Event]:
        """Events with `position` < id <= `until`, in id order, at most `limit`."""
        columns = event.c
        query = select(*_FIELDS).where(columns.id > position, columns.id <= until, only.condition())
        return await self._events(query.order_by(event.c.id).limit(limit))

    async def news(self, position: int, limit: int) -> list[Event]:
        """What follows a position near the log's end: from memory when it was just appended.

        At most `limit` events without a gap, and at least one where there is one.
        """
        return self.recent(position, limit) or await self.after(position, limit)

    def recent(self, position: int, limit: int) -> list[Event]:
        """What follows a position as far as this store has just appended it, else nothing."""
        if not self._tail or position + 1 < self._tail[0].id:
            return []
        start = position + 1 - self._tail[0].id
        return list(islice(self._tail, start, start + limit))

    def _remember(self, events: Sequence[Event]) -> None:
        if self._tail and events and events[0].id != self._tail[-1].id + 1:
            self._tail.clear()  # another receiver has appended in between
        self._tail.extend(events)

    async def page(self, only: Filter, before: OrderKey | None, limit: int) -> list[Event]:
        """Events newest first by the one total order, after the one with key `before`."""

        def transaction(connection: Connection) -> list[Event]:
            pages = (_page(connection, one, before, limit) for one in _in_parts(connection, only))
            found = chain.from_iterable(pages)
            return sorted(found, key=lambda each: each.order_key, reverse=True)[:limit]

        return await self._database.read(transaction)

    async def get(self, event_id: int) -> Event | None:
        """One event, or None."""
        found = await self._events(select(*_FIELDS).where(event.c.id == event_id))
        return found[0] if found else None

    async def matrix(self, at: datetime = END_OF_TIME) -> tuple[int, dict[SlotKey, Slot]]:
        """The newest event's id, and the slots of what happened until an instant, inclusive.

        One to three look-ups for each slot, however long the log.
        """
        number = self._database.parts
        newest, parts = await self._database.read(lambda c: (last_id(c), latest.parts(c, number)))
        reads = [partial(latest.slots, at=at, until=newest, part=part) for part in parts]
        found = await asyncio.gather(*map(self._database.read, reads))
        return newest, dict(chain.from_iterable(slots.items() for slots in found))

    async def forget_keys(self, now: datetime) -> bool:
        """Remove some of the idempotency keys whose 24 hours are over; whether more are left."""
        outdated = select(idempotency.c.key).where(
            idempotency.c.stored_at <= now - IDEMPOTENCY_WINDOW
        )
        some = delete(idempotency).where(idempotency.c.key.in_(outdated.limit(FORGOTTEN_AT_ONCE)))
        forgotten = await self._database.write(lambda connection: connection.execute(some).rowcount)
        return forgotten == FORGOTTEN_AT_ONCE

    async def session_secret(self) -> bytes:
        """What signs sessions: the same for all receivers on the database."""
        query = select(secret.c.value).where(secret.c.name == "session")
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def probe(self, now: datetime) -> None:
        """Write as an append does, and take it back in the same transaction: nobody sees it."""

        def transaction(connection: Connection) -> None:
            number = last_id(connection) + 1
            insert_events(connection, [Event(number, "", "", "", "success", now, now)])
            connection.execute(delete(event).where(event.c.id == number))

        await self._database.write(transaction)

    async def _events(self, query: Select[Any]) -> list[Event]:
        return await self._database.read(
            lambda connection: [to_event(row) for row in connection.execute(query)]
        )


def _in_parts(connection: Connection, only: Filter) -> Sequence[Filter]:
    """Filters that together match the same, each with an index that has its events in order.

    All of a service's events would have to be sorted, and few of a rare environment be found
    among everything; a slot's are in order.
    """
    names = (only.services, only.environments)
    is_one_slot = all(several is not None and len(several) == 1 for several in names)
    if only.deployment_id is not None or is_one_slot or not any(names):
        return [only]
    query = select(slot).where(*only.named(slot)).limit(MOST_PARTS + 1)
    slots = connection.execute(query).all()
    if len(slots) > MOST_PARTS:
        return [only]
    return [
        replace(only, services=frozenset({service}), environments=frozenset({name}))
        for service, name in slots
    ]


def _page(
    connection: Connection, only: Filter, before: OrderKey | None, limit: int
) -> Iterator[Event]:
    query = select(*_FIELDS).where(only.condition())
    if before is not None:
        query = query.where(_older_than(before))
    columns = event.c
    newest_first = (columns.happened_at.desc(), columns.finished.desc(), columns.id.desc())
    return map(to_event, connection.execute(query.order_by(*newest_first).limit(limit)))


def _remembered(connection: Connection, appends: Sequence[Append], now: datetime) -> Keys:
    """The keys of these appends that were stored within the window, with their events."""
    keys = {append.idempotency[0] for append in appends if append.idempotency is not None}
    if not keys:
        return {}
    query = (
        select(idempotency.c.key, idempotency.c.body_digest, *_FIELDS)
        .join(event, event.c.id == idempotency.c.event_id)
        .where(idempotency.c.key.in_(keys), idempotency.c.stored_at > now - IDEMPOTENCY_WINDOW)
    )
    rows = connection.execute(query)
    return {key: (digest, to_event(row)) for key, digest, *row in rows}


def _insert(connection: Connection, batch: Batch, known_slots: AbstractSet[SlotKey]) -> None:
    if not batch.events:
        return
    insert_events(connection, batch.events)
    insert_slots(connection, batch.slots - known_slots)
    if batch.keys:
        _insert_keys(connection, batch)


def _insert_keys(connection: Connection, batch: Batch) -> None:
    # A key of these that is still in the table is past its window: its place is taken.
    connection.execute(delete(idempotency).where(idempotency.c.key.in_(batch.keys)))
    rows = [
        {
            "key": key,
            "body_digest": digest,
            "event_id": stored.id,
            "stored_at": batch.received_at,
        }
        for key, (digest, stored) in batch.keys.items()
    ]
    connection.execute(insert(idempotency), rows)


def _older_than(key: OrderKey) -> ColumnElement[bool]:
    # Spelled out: SQLite uses a row-value comparison for its first column only.
    happened_at, finished, event_id = key
    columns = event.c
    older = and_(columns.finished.is_(finished), columns.id < event_id)
    if finished:
        older = or_(columns.finished.is_(False), older)
    return and_(
        columns.happened_at <= happened_at,
        or_(columns.happened_at < happened_at, older),
    )


_FIELDS: Final = fields(event)
_REMOVED_TO: Final = select(retention.c.removed_to)
