"""The tables of the fetcher's state, which only the fetcher reads and writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 in UTC: exact, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From datetime to column; a naive datetime raises TypeError."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From column to datetime, in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# Every event that was ever to be sent, one row each. `key` is the event's identity: putting the
# same event a second time changes nothing. `id` is the order in which a deployment's events are
# sent; `next_at` counts only for the first of those that wait.
#
#   new         not at the receiver, as far as known
#   unanswered  written before each POST: it may have been stored, and no answer is known
#   delivered   stored by the receiver
#   parked      refused by the receiver for its content; `error` has the answer
#
# `owner` is the owner of its repository; empty in an old row of which that is not known.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("deployment_id", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("service", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="new"),
    Column("next_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("location", Text),
    Column("error", Text),
    CheckConstraint("state IN ('new', 'unanswered', 'delivered', 'parked')", name="state"),
)
WAITING = text("state IN ('new', 'unanswered')")
# Only what waits is in the index, so a round costs what waits and not what was ever sent.
Index(
    "ix_outbox_waiting",
    outbox.c.deployment_id,
    outbox.c.id,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("ix_outbox_happened_at", outbox.c.happened_at)
# For what was reported before of a deployment, when more is found of it.
Index("ix_outbox_deployment_id", outbox.c.deployment_id)

# How long the receiver is left alone after it failed. One row for each receiver_url.
receiver_pause = Table(
    "receiver_pause",
    metadata,
    Column("receiver_url", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# Every repository that was ever read, one row each, by the name in the settings.
#
#   github_id         GitHub's number for it, which stays when it is renamed or transferred
#   full_name         what GitHub calls it by now; NULL is `name`
#   service           its name on the dashboard, given once and kept
#   since_at          what had ended before is not reported
#   plan              where its deployments are looked for (JSON), and when to look for that again
#   lane, archived    as the plan says; NULL before there is one
#   read_at           when reading it last began
#   marker            of its newest deployments, as the detector saw them before they were read
#   …_read_to         the newest item of the last list that was read to its end
#   failures          in a row; until `paused_until` it is left alone, because of `error`
repositories = Table(
    "repositories",
    metadata,
    Column("name", Text, primary_key=True),
    Column("github_id", BigInteger, unique=True),
    Column("full_name", Text),
    Column("service", Text, nullable=False, unique=True),
    Column("since_at", UtcDateTime, nullable=False),
    Column("plan", LargeBinary),
    Column("plan_due_at", UtcDateTime),
    Column("lane", Text),
    Column("archived", Boolean, nullable=False, server_default=false()),
    Column("read_at", UtcDateTime),
    Column("marker", Text),
    Column("deployments_read_to", UtcDateTime),
    Column("runs_read_to", UtcDateTime),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("paused_until", UtcDateTime),
    Column("error", Text),
)

# Which service a unit of a repository is in an environment, as `mapping.services` named it: given
# once and kept. `unit` is a list of words (JSON), empty for the repository itself.
places = Table(
    "places",
    metadata,
    Column("repository", Text, ForeignKey(repositories.c.name), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("service", Text, nullable=False),
)

# Every deployment, and every run of a workflow that deploys, one row each.
#
#   mark      changes when GitHub's list shows another state of it; begins with "?" where GitHub's
#             answers about it made no sense
#   subject   what the list said of it (JSON)
#   look_at   when to look at its details; NULL when nothing more is expected of it
#   ended     of a run: all of it was seen, and it can only be run again
#   told      some event of it was put into the outbox
#   parents   the ids that its events name as their parents, by their own deployment id (JSON)
#   sha       the commit that is deployed; empty for a run
watched = Table(
    "watched",
    metadata,
    Column("repository", Text, ForeignKey(repositories.c.name), primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("mark", Text, nullable=False),
    Column("subject", LargeBinary, nullable=False),
    Column("look_at", UtcDateTime),
    Column("ended", Boolean, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("parents", JSON, nullable=False, server_default="{}"),
    Column("sha", Text, nullable=False, server_default=""),
)
Index("ix_watched_sha", watched.c.repository, watched.c.sha)
LOOKED_FOR = text("look_at IS NOT NULL")
Index(
    "ix_watched_due",
    watched.c.repository,
    watched.c.look_at,
    sqlite_where=LOOKED_FOR,
    postgresql_where=LOOKED_FOR,
)

# The owners whose repositories are followed, and those that each had (JSON) when it was last asked.
owners = Table(
    "owners",
    metadata,
    Column("name", Text, primary_key=True),
    Column("repositories", LargeBinary, nullable=False),
    Column("read_at", UtcDateTime, nullable=False),
)

# GitHub's answers with their ETags. The key is a digest of the token, the address and the shape;
# the subject is a repository, or all of an owner's (`owner/*`).
snapshots = Table(
    "snapshots",
    metadata,
    Column("key", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
)
Index("ix_snapshots_age", snapshots.c.subject, snapshots.c.kept_at)

# What the gate to GitHub must not forget, one row for each token (by its digest).
gates = Table(
    "gates",
    metadata,
    Column("credential", Text, primary_key=True),
    Column("closed_until", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("window_ends_at", UtcDateTime),
    Column("charged", Integer, nullable=False),
    Column("hourly_limit", Integer),
    Column("warned_at", UtcDateTime),
)
