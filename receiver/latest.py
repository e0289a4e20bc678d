"""What each slot remembers: its latest events as of an instant.

They are looked up slot by slot, so that it takes as long however long the log is.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    CTE,
    CompoundSelect,
    Connection,
    FromClause,
    ScalarSelect,
    bindparam,
    select,
    union,
    union_all,
)

from receiver.event import Status
from receiver.matrix import Slot, SlotKey, fold
from receiver.rows import FIELDS, last_id, to_event
from receiver.schema import event, slot


def matrix(connection: Connection, at: datetime) -> tuple[int, dict[SlotKey, Slot]]:
    """The newest event's id, and the slots of what happened until an instant, inclusive."""
    newest = last_id(connection)  # of the state that the next statement reads as well
    slots: dict[SlotKey, Slot] = {}
    for row in connection.execute(_LATEST, {"at": at}):
        fold(slots, to_event(row))
    return newest, slots


def ids(connection: Connection, at: datetime) -> set[int]:
    """The ids of the events that the matrix of an instant is made of."""
    found = connection.execute(_LATEST_IDS, {"at": at}).scalars()
    return {each for each in found if each is not None}


def _current() -> CTE:
    """The latest event of each slot of what happened until an instant."""
    latest = select(_latest_id(slot).label("id")).select_from(slot).cte("latest")
    # Else PostgreSQL would search for each of them twice.
    latest = latest.prefix_with("MATERIALIZED", dialect="postgresql")
    return select(*FIELDS).join(latest, event.c.id == latest.c.id).cte("current")


def _behind(current: CTE) -> CompoundSelect[Any]:
    """Ids of what a slot remembers beside its latest event: nothing, where that is a success."""
    success, finished = _latest_id(current, "success"), _latest_id(current, "success", "failure")
    return union(
        select(success).select_from(current).where(current.c.status != "success"),
        select(finished).select_from(current).where(current.c.status == "in-progress"),
    )


def _latest_id(place: FromClause, *statuses: Status) -> ScalarSelect[int]:
    """The latest event of a slot, of any status or of some.

    It is found from the newest end of the slot's stretch of one index, without its table.
    """
    columns = event.alias().c
    latest_id = (
        select(columns.id)
        .where(
            columns.service == place.c.service,
            columns.environment == place.c.environment,
            columns.happened_at <= bindparam("at"),
        )
        .order_by(columns.happened_at.desc(), columns.finished.desc(), columns.id.desc())
        .limit(1)
    )
    if statuses:
        latest_id = latest_id.where(columns.status.in_(statuses))
    return latest_id.correlate(place).scalar_subquery()


_CURRENT: Final = _current()
_BEHIND: Final = _behind(_CURRENT)
_LATEST: Final = union_all(select(_CURRENT), select(*FIELDS).where(event.c.id.in_(_BEHIND)))
_LATEST_IDS: Final[CompoundSelect[Any]] = union_all(select(_CURRENT.c.id), *_BEHIND.selects)
