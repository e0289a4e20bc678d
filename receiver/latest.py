"""What each slot remembers: its latest events as of an instant.

They are looked up slot by slot, so that it takes as long however long the log is.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
)

from receiver.event import Event, Status
from receiver.matrix import Slot, SlotKey, fold
from receiver.rows import fields, to_event
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
    behind: set[int] = set()
    given = {"at": at, "until": until, "first": part[0], "end": part[1]}
    # PostgreSQL's rows are read by the event loop, which serves others between two portions.
    portions = {"yield_per": PORTION}
    query = _latest_of_slots(connection.dialect.name)
    for *row, success, finished in connection.execute(query, given, execution_options=portions):
        fold(found, to_event(row))
        behind |= {success, finished}
    for each in _events(connection, behind - {None}):
        fold(found, each)
    return found


def _events(connection: Connection, ids: Collection[int]) -> Iterator[Event]:
    in_order = sorted(ids)
    for start in range(0, len(in_order), PORTION):
        portion = event.c.id.in_(in_order[start : start + PORTION])
        yield from map(to_event, connection.execute(select(*fields(event)).where(portion)))


@cache
def _latest_of_slots(dialect: str) -> Select[Any]:
    """For each slot its latest event, and the ids of those behind it."""
    current: FromClause = event
    at_slot: ColumnElement[bool] = event.c.id == _latest_id(slot)
    if dialect == "postgresql":  # there the index leads to the row, without a search for its id
        current = _latest(slot, event.alias()).lateral()
        at_slot = true()
    end = bindparam("end", type_=Text())
    return (
        select(*fields(current), *_ids_behind(current))
        .join_from(slot, current, at_slot)
        .where(slot.c.service >= bindparam("first"), or_(end.is_(None), slot.c.service < end))
    )


def _ids_behind(
    current: FromClause,
) -> tuple[ColumnElement[int | None], ColumnElement[int | None]]:
    """What a slot remembers beside its latest event: nothing, where that is a success."""
    status = current.c.status
    return (
        case((status != "success", _latest_id(current, "success"))),
        case((status == "in-progress", _latest_id(current, "success", "failure"))),
    )


def _latest_id(place: FromClause, *statuses: Status) -> ScalarSelect[int]:
    among = event.alias()
    return _latest(place, among, *statuses).with_only_columns(among.c.id).scalar_subquery()


def _latest(place: FromClause, among: FromClause, *statuses: Status) -> Select[Any]:
    """The latest event of a slot, of any status or of some.

    It is found from the newest end of the slot's stretch of one index.
    """
    columns = among.c
    latest = (
        select(among)
        .where(
            columns.service == place.c.service,
            columns.environment == place.c.environment,
            columns.happened_at <= bindparam("at"),
            # Not as a bound of the search: PostgreSQL would skip through `finished` to use it.
            columns.id + 0 <= bindparam("until"),
        )
        .order_by(columns.happened_at.desc(), columns.finished.desc(), columns.id.desc())
        .limit(1)
        .correlate(place)
    )
    return latest.where(columns.status.in_(statuses)) if statuses else latest
