"""The outbox: every event that is to be sent, until the receiver has it. All its SQL is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fetcher import upsert
from fetcher.event import Event
from fetcher.schema import WAITING, outbox

# No wait is longer: one that seems to be was written before the clock was set back.
LONGEST_WAIT: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that waits.

    Attributes:
        unanswered: It was POSTed, and it is not known whether it was stored.
        attempts: How often it was POSTed.
        looks: How often the receiver was asked for it, in vain, since the last POST.
    """

    id: int
    key: str
    deployment_id: str
    service: str
    environment: str
    status: str
    happened_at: datetime
    again: bool
    body: bytes
    unanswered: bool
    attempts: int
    looks: int


class Waiting(NamedTuple):
    """How many events wait, and when the first of them is due; None when none waits."""

    number: int
    next_at: datetime | None


async def put(connection: AsyncConnection, events: Iterable[Event], now: datetime) -> int:
    """Add the events that are new, in their order, inside the caller's transaction.

    Returns:
        How many were new; an event whose key was put before changes nothing.
    """
    return await upsert.add(connection, outbox, [_row(event, now) for event in events])


def _row(event: Event, now: datetime) -> dict[str, Any]:
    fitted = event.fitted()  # the words in which the receiver will give it back
    return {
        "key": event.key,
        "deployment_id": fitted.deployment_id,
        "service": fitted.service,
        "environment": fitted.environment,
        "status": fitted.status,
        "happened_at": fitted.happened_at,
        "again": fitted.again,
        "body": fitted.body(),
        "next_at": now,
    }


_heads = select(func.min(outbox.c.id)).where(WAITING).group_by(outbox.c.deployment_id)


async def due_deployments(connection: AsyncConnection, now: datetime) -> list[str]:
    """The deployments whose first waiting event is due: the new first, then the longest due."""
    next_at = outbox.c.next_at
    is_due = or_(next_at <= now, next_at > now + LONGEST_WAIT)
    query = select(outbox.c.deployment_id).where(outbox.c.id.in_(_heads), is_due)
    is_new = outbox.c.state == "new"
    return list(await connection.scalars(query.order_by(is_new.desc(), next_at, outbox.c.id)))


async def waiting_of(connection: AsyncConnection, deployment_id: str) -> list[Entry]:
    """What waits of one deployment, in the order in which it is to be sent."""
    columns = [outbox.c[name] for name in Entry.__dataclass_fields__ if name != "unanswered"]
    unanswered = (outbox.c.state == "unanswered").label("unanswered")
    query = select(*columns, unanswered).where(WAITING, outbox.c.deployment_id == deployment_id)
    rows = await connection.execute(query.order_by(outbox.c.id))
    return [Entry(**row) for row in rows.mappings()]


async def waiting(connection: AsyncConnection) -> Waiting:
    """What waits in all."""
    number = await connection.scalar(select(func.count()).select_from(outbox).where(WAITING))
    next_at = await connection.scalar(
        select(func.min(outbox.c.next_at)).where(outbox.c.id.in_(_heads))
    )
    return Waiting(number or 0, next_at)


async def sending(connection: AsyncConnection, entry: Entry, look_at: datetime) -> None:
    """It is about to be POSTed; when no answer comes to be known, look for it at `look_at`."""
    await _set(
        connection,
        entry,
        state="unanswered",
        attempts=entry.attempts + 1,
        looks=0,
        next_at=look_at,
    )


async def not_stored(connection: AsyncConnection, entry: Entry, reason: str, now: datetime) -> None:
    """It was POSTed, and the receiver certainly did not store it: it is due again at once."""
    await _set(connection, entry, state="new", error=reason, next_at=now)


async def unknown(
    connection: AsyncConnection, entry: Entry, reason: str, look_at: datetime
) -> None:
    """It was POSTed, and the receiver may have stored it: look for it at `look_at`."""
    await _set(connection, entry, error=reason, next_at=look_at)


async def not_found(connection: AsyncConnection, entry: Entry, look_at: datetime) -> None:
    """The receiver does not hold it; look once more at `look_at`."""
    await _set(connection, entry, looks=entry.looks + 1, next_at=look_at)


async def delivered(connection: AsyncConnection, entry: Entry, location: str | None) -> None:
    """The receiver has it, at `location` where that is known."""
    await _set(connection, entry, state="delivered", location=location, error=None)


async def parked(connection: AsyncConnection, entry: Entry, answer: str) -> None:
    """The receiver refused it for what it says."""
    await _set(connection, entry, state="parked", error=answer)


async def _set(connection: AsyncConnection, entry: Entry, **values: Any) -> None:
    await connection.execute(update(outbox).where(outbox.c.id == entry.id).values(values))
