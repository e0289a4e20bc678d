"""GitHub's answers as they were kept, with their ETags: the SQL of conditional reading.

Everything here runs inside the caller's transaction.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, select

from fetcher import upsert
from fetcher.github.reader import Snapshot
from fetcher.schema import snapshots


def keys(connection: Connection, subject: str) -> frozenset[str]:
    """The keys under which answers about a subject are kept."""
    query = select(snapshots.c.key).where(snapshots.c.subject == subject)
    return frozenset(connection.scalars(query))


def kept(connection: Connection, key: str) -> Snapshot | None:
    """The answer that is kept under a key."""
    query = select(snapshots.c.etag, snapshots.c.body, snapshots.c.whole).where(
        snapshots.c.key == key
    )
    row = connection.execute(query).one_or_none()
    return Snapshot(row.etag, row.body, row.whole) if row else None


def keep(
    connection: Connection, subject: str, fresh: Mapping[str, Snapshot], now: datetime
) -> None:
    """Keep answers, replacing those under the same keys."""
    rows = [
        {"key": key, "subject": subject, "kept_at": now, **asdict(one)}
        for key, one in fresh.items()
    ]
    upsert.put(connection, snapshots, rows)


def drop(connection: Connection, subject: str, before: datetime) -> None:
    """Drop the answers that have not changed for long: most are about what ended."""
    connection.execute(
        delete(snapshots).where(snapshots.c.subject == subject, snapshots.c.kept_at < before)
    )
