"""The tables: an append-only log of events, the slots seen in it, and what is kept beside it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (instant - EPOCH) // MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The instant so many microseconds after 1970, in UTC."""
    return EPOCH + number * MICROSECOND


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time kept as integer microseconds since 1970: exact and ordered everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To microseconds."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From microseconds."""
        return None if value is None else from_microseconds(value)


class StringList(TypeDecorator[tuple[str, ...]]):
    """A short list of strings kept as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From JSON."""
        return None if value is None else tuple(json.loads(value))


# On SQLite only a column typed INTEGER is the table's own row id, with no second index beside it.
EventId = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)

# The columns stand in the order of receiver.event.Event's fields: a row is its first arguments.
# The writer assigns the ids, in commit order, so the key is not an autoincrement.
event = Table(
    "event",
    metadata,
    Column("id", EventId, primary_key=True, autoincrement=False),
    Column("deployment_id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("version", Text),
    Column("run_url", Text),
    Column("run_number", BigInteger),
    Column("actor", Text),
    Column("ref", Text),
    Column("sha", Text),
    Column("parent_deployments", StringList),
    Column("progress_reporter", Text),
    Column("sent_by", Text),
    # A slot, newest first: a page of its history, and the few steps to its latest success.
    Index(None, "service", "environment", "happened_at", "finished", "id", "status"),
    # Everything, newest first.
    Index(None, "happened_at", "finished", "id"),
    # The events of one deployment: the fetcher's read-back.
    Index(None, "deployment_id"),
)

# Every (service, environment) that the log has an event of.
slot = Table(
    "slot",
    metadata,
    Column("service", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body_digest", LargeBinary, nullable=False),
    # Indexed, or removing an event would search the whole table.
    Column("event_id", EventId, ForeignKey("event.id"), nullable=False, index=True),
    Column("stored_at", UtcDateTime, nullable=False, index=True),
)

# What only the receivers on this database know: "session" signs sessions.
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# One row: how far events have been removed, the largest id of them, and when to look again.
retention = Table(
    "retention",
    metadata,
    Column("removed_to", EventId, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
)
