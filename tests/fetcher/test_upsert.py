from typing import Any

from sqlalchemy import Connection, select

from fetcher import upsert
from fetcher.schema import EPOCH, receiver_pause
from tests.fetcher.transactions import in_a_transaction


def a_row(url: str, failures: int) -> dict[str, Any]:
    return {"receiver_url": url, "failures": failures, "until": EPOCH}


def rows(connection: Connection) -> dict[str, int]:
    return {row.receiver_url: row.failures for row in connection.execute(select(receiver_pause))}


@in_a_transaction
def test_what_is_added_leaves_what_is_there_as_it_is(connection: Connection) -> None:
    assert upsert.add(connection, receiver_pause, [a_row("a", 1)]) == 1
    new = [a_row("a", 2), a_row("b", 2), a_row("b", 3)]
    assert upsert.add(connection, receiver_pause, new) == 1

    assert rows(connection) == {"a": 1, "b": 2}


@in_a_transaction
def test_what_is_put_takes_the_place_of_what_is_there(connection: Connection) -> None:
    upsert.put(connection, receiver_pause, [a_row("a", 1)])
    upsert.put(connection, receiver_pause, [a_row("a", 2), a_row("b", 2), a_row("b", 3)])

    assert rows(connection) == {"a": 2, "b": 3}


@in_a_transaction
def test_no_row_is_no_statement(connection: Connection) -> None:
    assert upsert.add(connection, receiver_pause, []) == 0
    upsert.put(connection, receiver_pause, [])

    assert rows(connection) == {}
