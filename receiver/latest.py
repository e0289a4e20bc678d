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
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    union,
    union_all,
)

from receiver.event import Status
from receiver.matrix import Slot, SlotKey, fold
from receiver.rows import FIELDS, LARGEST_ID, to_event
from receiver.schema import event, slot

# The slots of the services from one on, up to another, which is not among them, or to the last one.
Part = tuple[str, str | None]
WHOLE: Final[Part] = ("", None)
PORTION: Final = 500  # rows


def parts(connection: Connection, number: int) -> list[Part]:
    """All slots, cut into at most so many parts of about one size."""
    count = connection.scalar(select(func.count()).select_from(slot)) or 0
    by_name = select(slot.c.service).order_by(slot.c.service).limit(1)
    found = (connection.scalar(by_name.offset(count * n // number)) for n in range(1, number))
    cuts = [service for service in found if service is not None]
    return list(zip(["", *cuts], [*cuts, None], strict=True))


def slots(
    connection: Connection, at: datetime, until: int, part: Part = WHOLE
) -> dict[SlotKey, Slot]:
    """The slots of what happened until an instant, inclusive.

    Args:
        connection: Of a transaction, for each part its own.
        at: The instant.
        until: The newest event that counts, so that the parts together are of one state.
        part: Which slots.
    """
    found: dict[SlotKey, Slot] = {}
    given = _given(at, until, part)
    # PostgreSQL's rows are read by the event loop, which serves others between two portions.
    for row in connection.execute(_LATEST, given, execution_options={"yield_per": PORTION}):
        fold(found, to_event(row))
    return found


def ids(connection: Connection, at: datetime) -> set[int]:
    """The ids of the events that the matrix of an instant is made of."""
    found = connection.execute(_LATEST_IDS, _given(at)).scalars()
    return {each for each in found if each is not None}


def _given(at: datetime, until: int = LARGEST_ID, part: Part = WHOLE) -> dict[str, object]:
    first, end = part
    return {"at": at, "until": until, "first": first, "end": end}


def _current() -> CTE:
    """The latest event of each slot of what happened until an instant."""
    end = bindparam("end", type_=Text())
    in_part = and_(slot.c.service >= bindparam("first"), or_(end.is_(None), slot.c.service < end))
    latest = select(_latest_id(slot).label("id")).where(in_part).cte("latest")
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
            columns.id <= bindparam("until"),
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
