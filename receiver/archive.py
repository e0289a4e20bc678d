"""The log as a whole, bypassing the writer: read page by page, and continued by exported rows."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, select, update
from sqlalchemy.exc import DBAPIError

from receiver.continuation import Continuation, continuation
from receiver.database import Database, StoreUnavailable
from receiver.event import Event
from receiver.matrix import SlotKey
from receiver.rows import UNREADABLE_VALUES, fields, insert_events, insert_slots, last_id, to_event
from receiver.schema import event, retention

PAGE: Final = 2000


class Archive:
    """The log in a database. Every method raises StoreUnavailable when it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots: set[SlotKey] = set()  # known to be in their table

    async def pages(self, after: int, until: int) -> AsyncIterator[list[Event]]:
        """The events with `after` < id <= `until`, in id order.

        Nothing is added or changed before the log's end, so pages read one by one fit together.
        """
        while page := await self.page(after, until):
            yield page
            after = page[-1].id

    async def page(self, after: int, until: int) -> list[Event]:
        """The first of these events."""
        query = _EVENTS.where(*_between(after, until)).limit(PAGE)
        try:
            return await self._database.read(lambda connection: _read(connection, query))
        except UNREADABLE_VALUES as error:
            raise StoreUnavailable(f"{error} (in an event after {after})") from error

    async def ids(self, after: int, until: int) -> list[int]:
        """The ids of the same events as `page`, whatever else is in their rows."""
        query = select(event.c.id).where(*_between(after, until)).order_by(event.c.id).limit(PAGE)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def misfiled(self, after: int, until: int) -> list[int]:
        """The ids of the events whose `finished` is not what their status says."""
        unfinished = event.c.status == "in-progress"
        query = select(event.c.id).where(*_between(after, until), event.c.finished == unfinished)
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def damage(self) -> list[str]:
        """What SQLite finds wrong with its file; PostgreSQL has tools of its own."""
        try:
            return await self._database.read(_damage)
        except StoreUnavailable as error:
            if not _is_corrupt(error.__cause__):
                raise
            return [str(error)]  # a page of zeros, for example, which ends the search

    async def add(self, rows: Sequence[Event]) -> Continuation:
        """Append, in one transaction and with their own ids, those that the log does not have.

        Raises:
            AnotherLog: The rows are not of the same log; none of them is appended.
        """

        def transaction(connection: Connection) -> Continuation:
            end = last_id(connection)
            passed = [row.id for row in rows if row.id <= end]
            stored = _read(connection, _EVENTS.where(event.c.id.in_(passed))) if passed else []
            result = continuation(end, {known.id: known for known in stored}, rows)
            self._append(connection, result)
            return result

        result = await self._database.write(transaction)
        self._slots |= _slots(result.new)
        return result

    def _append(self, connection: Connection, result: Continuation) -> None:
        if not result.new:
            return
        insert_events(connection, result.new)
        insert_slots(connection, _slots(result.new) - self._slots)
        further = update(retention).where(retention.c.removed_to < result.gap_to)
        connection.execute(further.values(removed_to=result.gap_to))
        self._database.announce(connection, result.last_id)


def _between(after: int, until: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return event.c.id > after, event.c.id <= until


def _damage(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
    return [line for line in found if line != "ok"]


def _is_corrupt(error: BaseException | None) -> bool:
    driver = error.orig if isinstance(error, DBAPIError) else None
    return isinstance(driver, sqlite3.Error) and driver.sqlite_errorcode == sqlite3.SQLITE_CORRUPT


def _read(connection: Connection, query: Select[Any]) -> list[Event]:
    return [to_event(row) for row in connection.execute(query)]


def _slots(events: Sequence[Event]) -> set[SlotKey]:
    return {(one.service, one.environment) for one in events}


_EVENTS: Final = select(*fields(event)).order_by(event.c.id)
