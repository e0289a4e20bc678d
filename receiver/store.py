"""The log on disk: every SQL statement of the receiver.

Writing goes through one connection, reading through a small pool beside it.
Ids are one more than the largest in the log, given inside the writer's transaction,
so the order of ids is the order of commits and no reader that resumes can skip one.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from receiver.database import WRITING
from receiver.event import Event, OrderKey, Status
from receiver.matrix import Slot, SlotKey, slot_of
from receiver.schema import event, idempotency, slot
from receiver.submission import Submission

IDEMPOTENCY_WINDOW: Final = timedelta(hours=24)
STATUSES: Final[tuple[Status, ...]] = ("in-progress", "success", "failure")


class StoreUnavailable(Exception):
    """The database cannot do it now; nothing of the request was acknowledged."""


class KeyReused(Exception):
    """An Idempotency-Key came again with another body."""


@dataclass(frozen=True, slots=True)
class Append:
    """One accepted POST on its way into the log.

    Attributes:
        idempotency: The Idempotency-Key and the SHA-256 of the body, when the header was sent.
    """

    submission: Submission
    progress_reporter: str | None = None
    idempotency: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events of the log; None means any. `since` is inclusive, `until` exclusive."""

    service: str | None = None
    environment: str | None = None
    status: str | None = None
    deployment_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, found: Event) -> bool:
        """Whether the event is one of these."""
        return (
            self.service in (None, found.service)
            and self.environment in (None, found.environment)
            and self.status in (None, found.status)
            and self.deployment_id in (None, found.deployment_id)
            and (self.since is None or found.happened_at >= self.since)
            and (self.until is None or found.happened_at < self.until)
        )

    def condition(self) -> ColumnElement[bool]:
        """The filter as SQL."""
        columns = event.c
        equal = {
            columns.service: self.service,
            columns.environment: self.environment,
            columns.status: self.status,
            columns.deployment_id: self.deployment_id,
        }
        conditions = [column == value for column, value in equal.items() if value is not None]
        if self.since is not None:
            conditions.append(columns.happened_at >= self.since)
        if self.until is not None:
            conditions.append(columns.happened_at < self.until)
        return and_(true(), *conditions)


EVERYTHING: Final = Filter()


class Store:
    """The log behind one SQLAlchemy engine. Every method raises StoreUnavailable when it cannot."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with _database_errors():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        with _database_errors():
            async with self._engine.execution_options(**WRITING).begin() as connection:
                yield connection

    async def append(
        self, appends: Sequence[Append], received_at: datetime
    ) -> list[Event | KeyReused]:
        """Write them in one transaction, durably; one answer for each, in order.

        An append whose Idempotency-Key was seen within 24 hours adds no row: it is answered
        with the event stored then, or with KeyReused when the body was another one.
        """
        async with self._writing() as connection:
            batch = _Batch(await _last_id(connection), received_at)
            batch.remember(await _remembered(connection, appends, received_at))
            answers = [batch.add(append) for append in appends]
            await _insert(connection, batch)
        return answers

    async def last_id(self) -> int:
        """The id of the newest event; 0 when the log is empty."""
        async with self._reading() as connection:
            return await _last_id(connection)

    async def after(self, position: int, limit: int, only: Filter = EVERYTHING) -> list[Event]:
        """Events with a larger id than `position`, in id order, at most `limit`."""
        query = select(event).where(event.c.id > position, only.condition())
        async with self._reading() as connection:
            rows = await connection.execute(query.order_by(event.c.id).limit(limit))
            return [_to_event(row) for row in rows]

    async def page(self, only: Filter, before: OrderKey | None, limit: int) -> list[Event]:
        """Events newest first by the one total order, after the one with key `before`."""
        columns = event.c
        query = select(event).where(only.condition())
        if before is not None:
            query = query.where(_older_than(before))
        query = query.order_by(
            columns.happened_at.desc(), columns.finished.desc(), columns.id.desc()
        )
        async with self._reading() as connection:
            return [_to_event(row) for row in await connection.execute(query.limit(limit))]

    async def get(self, event_id: int) -> Event | None:
        """One event, or None."""
        async with self._reading() as connection:
            row = (await connection.execute(select(event).where(event.c.id == event_id))).first()
            return None if row is None else _to_event(row)

    async def matrix(self) -> tuple[int, dict[SlotKey, Slot]]:
        """The newest event's id, and the slots as of it: a look-up for each slot and status."""
        async with self._reading() as connection:
            last_id = await _last_id(connection)
            slots: dict[SlotKey, Slot] = {}
            for status in STATUSES:
                for row in await connection.execute(
                    _LATEST, {"status": status, "last_id": last_id}
                ):
                    found = _to_event(row)
                    key = (found.service, found.environment)
                    seen = slot_of(found)
                    slots[key] = slots[key].merged(seen) if key in slots else seen
            return last_id, slots

    async def forget_keys(self, now: datetime) -> None:
        """Remove the idempotency keys whose 24 hours are over."""
        async with self._writing() as connection:
            await connection.execute(
                delete(idempotency).where(idempotency.c.stored_at <= now - IDEMPOTENCY_WINDOW)
            )

    async def check(self) -> None:
        """Touch the database."""
        await self.last_id()


class _Batch:
    """The rows of one transaction, and what each append of it is answered."""

    def __init__(self, last_id: int, received_at: datetime) -> None:
        self.last_id = last_id
        self.received_at = received_at
        self.events: list[Event] = []
        self.keys: dict[str, tuple[bytes, Event]] = {}
        self._remembered: dict[str, tuple[bytes, Event]] = {}

    def remember(self, keys: Mapping[str, tuple[bytes, Event]]) -> None:
        """Take the keys that earlier transactions stored."""
        self._remembered.update(keys)

    def add(self, append: Append) -> Event | KeyReused:
        """Make the next event of it, unless its key is known."""
        if append.idempotency is not None:
            key, digest = append.idempotency
            known = self._remembered.get(key) or self.keys.get(key)
            if known is not None:
                return known[1] if known[0] == digest else KeyReused()
        self.last_id += 1
        stored = _stored(append, self.last_id, self.received_at)
        self.events.append(stored)
        if append.idempotency is not None:
            self.keys[key] = (digest, stored)
        return stored


def _stored(append: Append, event_id: int, received_at: datetime) -> Event:
    sent = append.submission
    parents = sent.parent_deployments
    return Event(
        id=event_id,
        deployment_id=sent.deployment_id,
        service=sent.service,
        environment=sent.environment,
        status=sent.status,
        finished=sent.status != "in-progress",
        happened_at=sent.happened_at,
        received_at=received_at,
        version=sent.version,
        run_url=sent.run_url,
        run_number=sent.run_number,
        actor=sent.actor,
        ref=sent.ref,
        sha=sent.sha,
        parent_deployments=None if parents is None else tuple(parents),
        progress_reporter=append.progress_reporter,
    )


async def _last_id(connection: AsyncConnection) -> int:
    return int(await connection.scalar(_LAST_ID) or 0)


async def _remembered(
    connection: AsyncConnection, appends: Sequence[Append], now: datetime
) -> dict[str, tuple[bytes, Event]]:
    """The keys of these appends that were stored within the window, with their events."""
    keys = {append.idempotency[0] for append in appends if append.idempotency is not None}
    if not keys:
        return {}
    query = (
        select(idempotency.c.key, idempotency.c.body_digest, event)
        .join(event, event.c.id == idempotency.c.event_id)
        .where(idempotency.c.key.in_(keys), idempotency.c.stored_at > now - IDEMPOTENCY_WINDOW)
    )
    rows = await connection.execute(query)
    return {key: (digest, Event(*columns)) for key, digest, *columns in rows}


async def _insert(connection: AsyncConnection, batch: _Batch) -> None:
    if not batch.events:
        return
    rows = [{name: getattr(stored, name) for name in _COLUMNS} for stored in batch.events]
    await connection.execute(insert(event), rows)
    slots = {(stored.service, stored.environment) for stored in batch.events}
    await connection.execute(
        _INSERT_SLOT, [{"new_service": service, "new_environment": env} for service, env in slots]
    )
    if batch.keys:
        await _insert_keys(connection, batch)


async def _insert_keys(connection: AsyncConnection, batch: _Batch) -> None:
    # A key of these that is still in the table is past its window: its place is taken.
    await connection.execute(delete(idempotency).where(idempotency.c.key.in_(batch.keys)))
    rows = [
        {
            "key": key,
            "body_digest": digest,
            "event_id": stored.id,
            "stored_at": batch.received_at,
        }
        for key, (digest, stored) in batch.keys.items()
    ]
    await connection.execute(insert(idempotency), rows)


def _to_event(row: Row[Any]) -> Event:
    columns: tuple[Any, ...] = tuple(row)
    return Event(*columns)


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


def _latest() -> Select[Any]:
    """For each slot its latest event in one status up to an id: one step into an index each."""
    candidate = event.alias()
    latest_id = (
        select(candidate.c.id)
        .where(
            candidate.c.service == slot.c.service,
            candidate.c.environment == slot.c.environment,
            candidate.c.status == bindparam("status"),
            candidate.c.id <= bindparam("last_id"),
        )
        .order_by(candidate.c.happened_at.desc(), candidate.c.id.desc())
        .limit(1)
        .correlate(slot)
        .scalar_subquery()
    )
    return select(event).select_from(slot).join(event, event.c.id == latest_id)


_COLUMNS: Final = tuple(column.name for column in event.columns)
_LAST_ID: Final = select(func.max(event.c.id))
_LATEST: Final = _latest()
_NEW_SERVICE: Final = bindparam("new_service", type_=Text())
_NEW_ENVIRONMENT: Final = bindparam("new_environment", type_=Text())
_INSERT_SLOT: Final = insert(slot).from_select(
    ["service", "environment"],
    select(_NEW_SERVICE, _NEW_ENVIRONMENT).where(
        ~select(slot)
        .where(slot.c.service == _NEW_SERVICE, slot.c.environment == _NEW_ENVIRONMENT)
        .exists()
    ),
)


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreUnavailable(str(error.__cause__ or error)) from error
