"""Events as rows of their table, and back."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Text,
    TypeDecorator,
    bindparam,
    func,
    insert,
    select,
    type_coerce,
)

from receiver.event import Event
from receiver.matrix import SlotKey
from receiver.schema import event, from_microseconds, slot, to_microseconds

# Below the databases' bounds on parameters, and few enough statements to be kept prepared.
ROWS_AT_ONCE: Final = 60
LARGEST_ID: Final = 2**63 - 1
# What a value may raise on its way from a row that someone else has written.
UNREADABLE_VALUES: Final = (TypeError, ValueError, OverflowError)


def last_id(connection: Connection) -> int:
    """The id of the newest event; 0 when the log is empty."""
    return int(connection.scalar(_LAST_ID) or 0)


def fields(place: FromClause) -> list[ColumnElement[Any]]:
    """What an event is made of, as it is kept: for `to_event`."""
    return [_as_kept(place.c[name]) for name in _FIELDS]


def to_event(row: Sequence[Any]) -> Event:
    """The event of a row of `fields`; text that many events share is in memory once."""
    number, deployment_id, service, environment, status, happened_at, received_at, *others = row
    version, run_url, run_number, actor, ref, sha, parents, progress_reporter, sent_by = others
    return Event(
        id=number,
        deployment_id=deployment_id,
        service=intern(service),
        environment=intern(environment),
        status=intern(status),  # type: ignore[arg-type] # the log has no others
        happened_at=from_microseconds(happened_at),
        received_at=from_microseconds(received_at),
        version=version,
        run_url=run_url,
        run_number=run_number,
        actor=actor and intern(actor),
        ref=ref and intern(ref),
        sha=sha,
        parent_deployments=parents and tuple(json.loads(parents)),
        progress_reporter=progress_reporter and intern(progress_reporter),
        sent_by=sent_by and intern(sent_by),
    )


def insert_events(connection: Connection, events: Sequence[Event]) -> None:
    """Insert many rows by one statement.

    Row by row, the driver would give up Python's lock at each row and have to wait for it
    while the event loop is busy (docs/decisions/0002-transactions-in-threads.md).
    """
    rows = [_to_row(stored) for stored in events]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[start : start + ROWS_AT_ONCE]
        statement = _insert_statement(connection.dialect, len(chunk))
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(chunk)))


def insert_slots(connection: Connection, slots: Iterable[SlotKey]) -> None:
    """Insert those that their table does not have."""
    new = [{"new_service": service, "new_environment": name} for service, name in slots]
    if new:
        connection.execute(_INSERT_SLOT, new)


def _to_row(stored: Event) -> list[object]:
    """The event's columns as they are kept: times in microseconds, the list as JSON."""
    row = list(_columns_of(stored))
    for place in _TIMES:
        row[place] = to_microseconds(row[place])
    if stored.parent_deployments is not None:
        row[_PARENTS] = json.dumps(stored.parent_deployments, ensure_ascii=False)
    return row


def _as_kept(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # SQLAlchemy would take three times as long to make of it what it means.
    own = column.type
    return type_coerce(column, own.impl_instance) if isinstance(own, TypeDecorator) else column


@cache
def _insert_statement(dialect: Dialect, rows: int) -> str:
    row = dict.fromkeys(_COLUMNS)
    return str(insert(event).values([row] * rows).compile(dialect=dialect))


_COLUMNS: Final = tuple(event.columns.keys())
_columns_of: Final = attrgetter(*_COLUMNS)
_TIMES: Final = [_COLUMNS.index(name) for name in ("happened_at", "received_at")]
# `finished`, which follows from the status, serves indexes.
_FIELDS: Final = [name for name in _COLUMNS if name != "finished"]
_PARENTS: Final = _COLUMNS.index("parent_deployments")
_LAST_ID: Final = select(func.max(event.c.id))
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
