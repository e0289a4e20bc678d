"""What was observed of each repository, and of GitHub's limits: the SQL of passes.

Everything here runs inside the caller's transaction.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from fetcher import upsert
from fetcher.github.gate import Waits
from fetcher.mapping.services import Place
from fetcher.schema import gates, places, repositories, watched

Lane = Literal["deployments", "runs"]
# No wait for a look is longer: one that seems to be was noted before the clock was set back.
LONGEST_WAIT: Final = timedelta(minutes=30)
RERUNS_WATCHED: Final = 20  # runs of one repository that ended, besides those on the list's page


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a repository; the columns are explained in the schema."""

    name: str
    github_id: int | None
    full_name: str | None
    service: str
    since_at: datetime
    plan: bytes | None
    plan_due_at: datetime | None
    lane: str | None
    archived: bool
    read_at: datetime | None
    marker: str | None
    deployments_read_to: datetime | None
    runs_read_to: datetime | None
    failures: int
    paused_until: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A deployment or a run, as it is known; the columns are explained in the schema."""

    lane: Lane
    id: int
    created_at: datetime
    mark: str
    subject: bytes
    look_at: datetime | None
    ended: bool = False
    told: bool = False
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sha: str = ""

    def is_due(self, due_at: datetime) -> bool:
        """Whether it is to be looked at."""
        return self.look_at is not None and self.look_at <= due_at


UNREAD: Final = "?"  # before the mark of an item about which GitHub's answers made no sense


class Pause(NamedTuple):
    """Until when a repository is left alone, and what went wrong."""

    until: datetime
    error: str


class Seen(NamedTuple):
    """How an item was last seen in a list, and what of it was told."""

    mark: str
    told: bool
    parents: Mapping[str, Sequence[str]]


def known(connection: Connection, name: str) -> Known:
    """What is known of a registered repository."""
    row = connection.execute(select(repositories).where(repositories.c.name == name))
    return Known(**row.mappings().one())


def change(connection: Connection, name: str, **columns: Any) -> None:
    """Change columns of a repository's row."""
    if columns:
        connection.execute(update(repositories).where(repositories.c.name == name).values(columns))


def pauses(connection: Connection) -> dict[str, Pause]:
    """The repositories that are left alone, by name."""
    columns = repositories.c
    query = select(columns.name, columns.paused_until, columns.error)
    rows = connection.execute(query.where(columns.paused_until.is_not(None)))
    return {row.name: Pause(row.paused_until, row.error or "") for row in rows}


def services(connection: Connection, name: str) -> dict[Place, str]:
    """The services that the units of a repository were given, by unit and environment."""
    columns = (places.c.unit, places.c.environment, places.c.service)
    rows = connection.execute(select(*columns).where(places.c.repository == name))
    return {Place(tuple(json.loads(row.unit)), row.environment): row.service for row in rows}


def keep_services(connection: Connection, name: str, given: Mapping[Place, str]) -> None:
    """Keep services that units of a repository were given."""
    rows = [
        {
            "repository": name,
            "unit": json.dumps(place.unit),
            "environment": place.environment,
            "service": service,
        }
        for place, service in given.items()
    ]
    upsert.put(connection, places, rows)


def seen(connection: Connection, name: str, lane: Lane, since: datetime) -> dict[int, Seen]:
    """How the items of a lane that were filed since a time were last seen, by id."""
    query = select(watched.c.id, *(watched.c[column] for column in Seen._fields)).where(
        watched.c.repository == name, watched.c.lane == lane, watched.c.created_at >= since
    )
    rows = connection.execute(query)
    return {row.id: Seen(row.mark, row.told, row.parents) for row in rows}


def subjects(connection: Connection, name: str, lane: Lane, sha: str) -> list[bytes]:
    """What is watched of a commit, as the list showed it."""
    query = select(watched.c.subject).where(
        watched.c.repository == name, watched.c.lane == lane, watched.c.sha == sha
    )
    return list(connection.scalars(query))


def awaits_a_look(due_at: datetime, now: datetime) -> ColumnElement[bool]:
    """Whether a row of `watched` is to be looked at."""
    return or_(watched.c.look_at <= due_at, watched.c.look_at > now + LONGEST_WAIT)


def due(
    connection: Connection, name: str, lane: Lane, due_at: datetime, now: datetime, most: int
) -> list[Watched]:
    """What is to be looked at, the newest first."""
    columns = [watched.c[field] for field in Watched.__dataclass_fields__]
    query = select(*columns).where(
        watched.c.repository == name, watched.c.lane == lane, awaits_a_look(due_at, now)
    )
    rows = connection.execute(query.order_by(watched.c.created_at.desc()).limit(most))
    return [Watched(**row) for row in rows.mappings()]


def unread(connection: Connection, name: str) -> int:
    """How many items were put off because GitHub's answers made no sense."""
    query = select(func.count()).where(
        watched.c.repository == name, watched.c.mark.startswith(UNREAD)
    )
    return connection.scalar(query) or 0


def unread_commits(connection: Connection, name: str) -> frozenset[str]:
    """The commits of the deployments that were put off."""
    query = select(watched.c.sha).where(
        watched.c.repository == name,
        watched.c.lane == "deployments",
        watched.c.mark.startswith(UNREAD),
    )
    return frozenset(connection.scalars(query))


def watch(connection: Connection, name: str, items: Iterable[Watched]) -> None:
    """Keep these as they are now."""
    rows = [{"repository": name, **asdict(item)} for item in items]
    upsert.put(connection, watched, rows)


def reach_back(connection: Connection, since: datetime, now: datetime) -> int:
    """Report what ended since a time, also in repositories where only later ends were reported.

    Args:
        connection: In a transaction.
        since: The time.
        now: When to read and look again.

    Returns:
        How many repositories this concerns.
    """
    later = select(repositories.c.name).where(repositories.c.since_at > since)
    untold = [~watched.c.told, watched.c.repository.in_(later)]
    connection.execute(update(watched).where(*untold).values(look_at=now, ended=False))
    anew = {"deployments_read_to": None, "runs_read_to": None, "read_at": None}
    reached = connection.execute(
        update(repositories)
        .where(repositories.c.since_at > since)
        .values(since_at=since.replace(microsecond=0), **anew)
    )
    return reached.rowcount


def stop_watching_old_reruns(connection: Connection, name: str) -> None:
    """Of the runs that ended, only the newest are watched for being run again."""
    ended = [watched.c.repository == name, watched.c.lane == "runs", watched.c.ended]
    newest = select(watched.c.id).where(*ended).order_by(watched.c.id.desc())
    connection.execute(
        update(watched)
        .where(
            *ended,
            watched.c.look_at.is_not(None),
            watched.c.id.not_in(newest.limit(RERUNS_WATCHED)),
        )
        .values(look_at=None)
    )


def gate(connection: Connection, credential: str) -> Waits:
    """What the gate of a credential had to remember."""
    columns = [gates.c[field] for field in Waits.__dataclass_fields__]
    row = connection.execute(select(*columns).where(gates.c.credential == credential))
    found = row.mappings().one_or_none()
    return Waits(**found) if found else Waits()


def keep_gate(connection: Connection, credential: str, waits: Waits) -> None:
    """Keep what the gate of a credential has to remember."""
    row = {"credential": credential, **asdict(waits)}
    upsert.put(connection, gates, [row])
