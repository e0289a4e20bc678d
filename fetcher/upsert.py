"""INSERTs that meet existing rows, for SQLite and PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]
Insert = sqlite.Insert | postgresql.Insert

INSERT: Final[Mapping[str, Callable[[Table], Insert]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def add(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert, in their order, the rows that break no unique constraint.

    Returns:
        How many there were.
    """
    if not rows:
        return 0
    statement = INSERT[connection.dialect.name](table).on_conflict_do_nothing()
    added = connection.execute(statement.returning(*table.primary_key), rows)
    return len(added.all())


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, all with the same columns, replacing those with the same primary key."""
    if not rows:
        return
    insert = INSERT[connection.dialect.name](table)
    key = list(table.primary_key)
    given = {name: insert.excluded[name] for name in rows[0] if name not in table.primary_key}
    statement = insert.on_conflict_do_update(index_elements=key, set_=given)
    connection.execute(statement, rows)
