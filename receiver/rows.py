"""Events as rows of their table, and back."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Row, Text, bindparam, func, insert, select

from receiver.event import Event
from receiver.matrix import SlotKey
from receiver.schema import event, slot, to_microseconds

# Below the databases' bounds on parameters, and few enough statements to be kept prepared.
ROWS_AT_ONCE: Final = 60
LARGEST_ID: Final = 2**63 - 1
# What an event is made of, in its order; `finished`, which follows from the status, serves indexes.
FIELDS: Final = [column for column in event.columns if column is not event.c.finished]
# What a value may raise on its way from a row that someone else has written.
UNREADABLE_VALUES: Final = (TypeError, ValueError, OverflowError)


def last_id(connection: Connection) -> int:
    """The id of the newest event; 0 when the log is empty."""
    return int(connection.scalar(_LAST_ID) or 0)


def to_event(row: Row[Any]) -> Event:
    """The event of a row of FIELDS."""
    columns: list[Any] = list(row)
    for place in _REPEATED:
        columns[place] = columns[place] and intern(columns[place])
    return Event(*columns)


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


@cache
def _insert_statement(dialect: Dialect, rows: int) -> str:
    row = dict.fromkeys(_COLUMNS)
    return str(insert(event).values([row] * rows).compile(dialect=dialect))


_COLUMNS: Final = tuple(event.columns.keys())
_columns_of: Final = attrgetter(*_COLUMNS)
_TIMES: Final = [_COLUMNS.index(name) for name in ("happened_at", "received_at")]
_FIELDS: Final = [column.name for column in FIELDS]
# Thousands of events have the same text there: it is in memory once.
_REPEATED: Final = [
    _FIELDS.index(name)
    for name in ("service", "environment", "status", "actor", "ref", "progress_reporter", "sent_by")
]
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
