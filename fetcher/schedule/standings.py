"""How the repositories stand when a cycle begins: the SQL of the cadence.

Everything here runs inside the caller's transaction.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from fetcher.observations import awaits_a_look
from fetcher.schedule.cadence import Standing
from fetcher.schema import repositories, watched

COLUMNS = (
    repositories.c.name,
    repositories.c.lane,
    repositories.c.archived,
    repositories.c.read_at,
    repositories.c.marker,
    repositories.c.plan_due_at,
    repositories.c.deployments_read_to,
    repositories.c.runs_read_to,
)


def standings(connection: Connection, names: Collection[str], now: datetime) -> dict[str, Standing]:
    """Those of these repositories that are registered, by name."""
    items = select(watched.c.repository).where(awaits_a_look(now, now)).distinct()
    to_look_at = frozenset(connection.scalars(items))
    rows = connection.execute(select(*COLUMNS)).mappings()
    wanted = frozenset(names)
    return {row["name"]: _standing(row, to_look_at) for row in rows if row["name"] in wanted}


def _standing(row: RowMapping, to_look_at: Collection[str]) -> Standing:
    newest = filter(None, (row["deployments_read_to"], row["runs_read_to"]))
    return Standing(
        name=row["name"],
        lane=row["lane"],
        archived=row["archived"],
        read_at=row["read_at"],
        marker=row["marker"],
        active_at=max(newest, default=None),
        plan_due_at=row["plan_due_at"],
        due=row["name"] in to_look_at,
    )


def note_read(connection: Connection, read_at: Mapping[str, datetime]) -> None:
    """Note when reading these began."""
    rows = [{"this": name, "read_at": instant} for name, instant in read_at.items()]
    if rows:
        connection.execute(
            update(repositories).where(repositories.c.name == bindparam("this")), rows
        )
