"""The outbox: every event that is to be sent, until the receiver has it. All its SQL is here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from fetcher import upsert
from fetcher.event import Event, make_key, renamed
from fetcher.schema import WAITING, outbox

# No wait is longer: one that seems to be was written before the clock was set back.
LONGEST_WAIT: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that waits.

    Attributes:
        owner: The owner of its repository; empty where that is not known.
        unanswered: It was POSTed, and it is not known whether it was stored.
        attempts: How often it was POSTed.
        looks: How often the receiver was asked for it, in vain, since the last POST.
    """

    id: int
    key: str
    deployment_id: str
    owner: str
    service: str
    environment: str
    status: str
    happened_at: datetime
    again: bool
    body: bytes
    unanswered: bool
    attempts: int
    looks: int

    def of(self, service: str) -> "Entry":
        """The event with another name for its service."""
        again_at = self.happened_at if self.again else None
        key = make_key(self.deployment_id, self.status, service, self.environment, again_at)
        return replace(self, service=service, key=key, body=renamed(self.body, service))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of the event in a row; the columns are explained in the schema."""

    row: int
    state: Literal["new", "unanswered", "delivered", "parked"]
    attempts: int
    looks: int
    next_at: datetime
    location: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that the receiver refused, and its answer."""

    deployment_id: str
    owner: str
    service: str
    environment: str
    status: str
    happened_at: datetime
    error: str


class Waiting(NamedTuple):
    """How many events wait of each owner, and when the first is due; None when none waits."""

    by_owner: Mapping[str, int]
    next_at: datetime | None

    @property
    def number(self) -> int:
        """How many wait in all."""
        return sum(self.by_owner.values())


def put(connection: Connection, events: Iterable[Event], now: datetime, owner: str = "") -> int:
    """Add an owner's events that are new, in their order, inside the caller's transaction.

    Returns:
        How many were new; an event whose key was put before changes nothing.
    """
    return upsert.add(connection, outbox, [_row(event, now, owner) for event in events])


def _row(event: Event, now: datetime, owner: str) -> dict[str, Any]:
    fitted = event.fitted()  # as the receiver will give it back
    return {
        "key": event.key,
        "deployment_id": fitted.deployment_id,
        "owner": owner,
        "service": fitted.service,
        "environment": fitted.environment,
        "status": fitted.status,
        "happened_at": fitted.happened_at,
        "again": fitted.again,
        "body": fitted.body(),
        "next_at": now,
    }


def services(connection: Connection, deployment_ids: Iterable[str]) -> dict[str, str]:
    """The services under which deployments were reported before, by deployment id."""
    query = select(outbox.c.deployment_id, outbox.c.service).order_by(outbox.c.id.desc())
    rows = connection.execute(query.where(outbox.c.deployment_id.in_(list(deployment_ids))))
    return {row.deployment_id: row.service for row in rows}  # of several, the first


_heads = select(func.min(outbox.c.id)).where(WAITING).group_by(outbox.c.deployment_id)


def due_deployments(connection: Connection, now: datetime) -> list[str]:
    """The deployments whose first waiting event is due: the new first, then the longest due."""
    next_at = outbox.c.next_at
    is_due = or_(next_at <= now, next_at > now + LONGEST_WAIT)
    query = select(outbox.c.deployment_id).where(outbox.c.id.in_(_heads), is_due)
    is_new = outbox.c.state == "new"
    return list(connection.scalars(query.order_by(is_new.desc(), next_at, outbox.c.id)))


def waiting_of(connection: Connection, deployment_ids: Sequence[str]) -> dict[str, list[Entry]]:
    """The events of each of these deployments that wait, in the order in which to send them."""
    columns = [outbox.c[name] for name in Entry.__dataclass_fields__ if name != "unanswered"]
    unanswered = (outbox.c.state == "unanswered").label("unanswered")
    query = select(*columns, unanswered).where(WAITING, outbox.c.deployment_id.in_(deployment_ids))
    entries: dict[str, list[Entry]] = {id_: [] for id_ in deployment_ids}
    for row in connection.execute(query.order_by(outbox.c.id)).mappings():
        entries[row["deployment_id"]].append(Entry(**row))
    return entries


def waiting(connection: Connection) -> Waiting:
    """What waits in all."""
    by_owner = select(outbox.c.owner, func.count()).where(WAITING).group_by(outbox.c.owner)
    next_at = connection.scalar(select(func.min(outbox.c.next_at)).where(outbox.c.id.in_(_heads)))
    return Waiting(dict(connection.execute(by_owner).all()), next_at)


def apply(connection: Connection, changes: Sequence[Change]) -> None:
    """Write what became of events."""
    if changes:
        its_row = update(outbox).where(outbox.c.id == bindparam("row"))
        connection.execute(its_row, [asdict(change) for change in changes])


def sending(entry: Entry, look_at: datetime) -> Change:
    """It is about to be POSTed; if no answer is received, look for it at `look_at`."""
    return Change(
        row=entry.id, state="unanswered", attempts=entry.attempts + 1, looks=0, next_at=look_at
    )


def not_stored(entry: Entry, reason: str, now: datetime) -> Change:
    """It was POSTed, and the receiver certainly did not store it: it is due again at once."""
    return replace(sending(entry, now), state="new", error=reason)


def unknown(entry: Entry, reason: str, look_at: datetime) -> Change:
    """It was POSTed, and the receiver may have stored it: look for it at `look_at`."""
    return replace(sending(entry, look_at), error=reason)


def not_found(entry: Entry, look_at: datetime) -> Change:
    """The receiver does not hold it; look once more at `look_at`."""
    return Change(
        row=entry.id,
        state="unanswered",
        attempts=entry.attempts,
        looks=entry.looks + 1,
        next_at=look_at,
    )


def delivered(entry: Entry, location: str | None, now: datetime) -> Change:
    """The receiver has it, at `location` where that is known."""
    return replace(sending(entry, now), state="delivered", location=location)


def parked(entry: Entry, answer: str, now: datetime) -> Change:
    """The receiver refused it for its content."""
    return replace(sending(entry, now), state="parked", error=answer)


def put_back(connection: Connection, since: datetime, now: datetime) -> int:
    """Let the events since a time wait as if new; those that the receiver holds are found there.

    Returns:
        How many there are, including those that are parked.
    """
    is_settled = outbox.c.state.in_(("delivered", "parked"))
    anew = {"state": "new", "attempts": 0, "looks": 0, "next_at": now}
    changed = connection.execute(
        update(outbox)
        .where(is_settled, outbox.c.happened_at >= since)
        .values(**anew, location=None, error=None)
    )
    return changed.rowcount


def parked_events(connection: Connection) -> list[Parked]:
    """What the receiver refused, the latest first."""
    columns = [outbox.c[name] for name in Parked.__dataclass_fields__]
    query = select(*columns).where(outbox.c.state == "parked")
    rows = connection.execute(query.order_by(outbox.c.happened_at.desc()))
    return [Parked(**row) for row in rows.mappings()]


def prune(connection: Connection, before: datetime) -> None:
    """Forget the events before that time that no longer wait.

    One that GitHub reports again is put again, looked for, and found at the receiver.
    """
    is_settled = outbox.c.state.in_(("delivered", "parked"))
    connection.execute(delete(outbox).where(is_settled, outbox.c.happened_at < before))
