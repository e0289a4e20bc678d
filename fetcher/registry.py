"""Which repositories are known, under which names, and which each owner has: the SQL of it.

Everything here runs inside the caller's transaction.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from fetcher import observations, upsert
from fetcher.mapping.origin import name_services
from fetcher.schema import owners, places, repositories, snapshots, watched


class Owned(NamedTuple):
    """The repositories that an owner had, and when."""

    names: tuple[str, ...]
    read_at: datetime


def register(connection: Connection, names: Sequence[str], since_at: datetime) -> None:
    """Make repositories known; one that is known already stays as it is.

    GitHub does not tell upper case from lower, so one that is spelled differently is continued. Its
    times are whole seconds: what ended in the very second of `since_at` may have ended after it.
    """
    found = connection.execute(select(repositories.c.name, repositories.c.service))
    given: dict[str, str] = {row.name: row.service for row in found}
    spelled = {name.lower(): name for name in given}
    for name in names:
        before = spelled.get(name.lower(), name)
        if before != name:
            given[name] = given.pop(before)
            continue_as(connection, before, name)
    services = name_services(names, given)
    rows = [
        {"name": name, "service": service, "since_at": since_at.replace(microsecond=0)}
        for name, service in services.items()
        if name not in given
    ]
    if rows:
        connection.execute(insert(repositories), rows)


def continue_as(connection: Connection, before: str, name: str) -> None:
    """Let a repository go on under another name, under which nothing was read yet."""
    its_row = repositories.c.name == before
    row = connection.execute(select(repositories).where(its_row)).mappings().one()
    connection.execute(delete(repositories).where(repositories.c.name == name))
    # What is unique is released before it is taken again.
    observations.change(connection, before, service=f"{before} is now {name}", github_id=None)
    connection.execute(insert(repositories).values({**row, "name": name}))
    for table in (watched, places):
        connection.execute(
            update(table).where(table.c.repository == before).values(repository=name)
        )
    connection.execute(update(snapshots).where(snapshots.c.subject == before).values(subject=name))
    connection.execute(delete(repositories).where(its_row))


def name_of(connection: Connection, github_id: int) -> str | None:
    """The name under which the repository of this number is registered."""
    query = select(repositories.c.name).where(repositories.c.github_id == github_id)
    return connection.execute(query).scalar_one_or_none()


def owned(connection: Connection) -> dict[str, Owned]:
    """What each followed owner had when GitHub was last asked, by owner."""
    rows = connection.execute(select(owners))
    return {row.name: Owned(tuple(json.loads(row.repositories)), row.read_at) for row in rows}


def keep_owned(connection: Connection, owner: str, has: Owned) -> None:
    """Keep what an owner has."""
    names = json.dumps(has.names).encode()
    row = {"name": owner, "repositories": names, "read_at": has.read_at}
    upsert.put(connection, owners, [row])
