"""The log on disk gives back what went in."""

import asyncio
import json
from collections import ChainMap
from collections.abc import AsyncIterator, Callable
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver import latest
from receiver.batch import Append
from receiver.database import Database, StoreUnavailable, open_database
from receiver.event import Event, encode_json
from receiver.filter import Filter
from receiver.matrix import reduce
from receiver.store import END_OF_TIME, Store
from receiver.submission import parse
from tests.receiver.examples import EVERY_FIELD, NOON, as_json, submission

pytestmark = pytest.mark.databases("sqlite", "postgresql")

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
NAME = st.from_regex(
    r"[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,20}[!-~🚀])?", fullmatch=True
)
INSTANT = st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.isoformat())
SUBMISSIONS = st.fixed_dictionaries(
    {
        "deployment_id": NAME,
        "service": NAME,
        "environment": NAME,
        "status": st.sampled_from(["in-progress", "success", "failure"]),
        "happened_at": INSTANT,
    },
    optional={
        "version": TEXT | st.sampled_from(["null", "true", "42", "1e5", '{"a":[1]}', "'", "0x1"]),
        "run_url": TEXT,
        "run_number": st.integers(-(2**63), 2**63 - 1),
        "actor": TEXT,
        "ref": TEXT,
        "sha": TEXT,
        "parent_deployments": st.lists(TEXT.filter(bool), max_size=5),
    },
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


async def append(store: Store, *bodies: dict[str, Any], reporter: str | None = None) -> list[Event]:
    batch = await store.append([Append(parse(as_json(body)), reporter) for body in bodies], NOON)
    return batch.events


async def test_the_secret_that_signs_sessions_is_the_databases_own(
    store: Store, tmp_path: Path
) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/another.db") as database:
        another = await Store(database).session_secret()

    first, again = await store.session_secret(), await store.session_secret()

    assert first == again != another
    assert len(first) == 32


# Every example appends to one log: nothing here depends on what came before.
@given(st.lists(SUBMISSIONS, min_size=1, max_size=5))
async def test_whatever_is_stored_is_read_as_it_was_answered(
    store: Store, bodies: list[dict[str, Any]]
) -> None:
    stored = await append(store, *bodies)

    read = [await store.get(event.id) for event in stored]
    _, slots = await store.matrix()

    assert read == stored
    assert [event.json for event in read if event] == [event.json for event in stored]
    assert await store.after(stored[0].id - 1, 100) == stored
    for event in stored:
        assert (event.service, event.environment) in slots
        assert event in await store.page(Filter(deployment_id=event.deployment_id), None, 500)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, 2**53 + 1])
async def test_a_run_number_keeps_all_its_64_bits(store: Store, number: int) -> None:
    (stored,) = await append(store, submission(run_number=number))

    assert await store.get(stored.id) == stored
    assert stored.run_number == number


@pytest.mark.parametrize(
    "instant",
    ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
)
async def test_any_instant_is_kept_to_the_microsecond(store: Store, instant: str) -> None:
    (stored,) = await append(store, submission(happened_at=instant))

    assert json.loads(encode_json(stored.happened_at)) == instant
    assert await store.get(stored.id) == stored


async def test_the_reporter_is_stored_with_the_event(store: Store) -> None:
    (stored,) = await append(store, EVERY_FIELD, reporter="fetcher/1.0")

    assert await store.get(stored.id) == stored
    assert stored.progress_reporter == "fetcher/1.0"


async def test_what_is_new_comes_without_a_gap_from_any_position(store: Store) -> None:
    for size in (1, 3, 2500, 2):
        await append(store, *[submission()] * size)

    for position in (0, 1, 3, 4, 505, 506, 507, 2503, 2504, 2505):
        for limit in (1, 10, 5000):
            news = await store.news(position, limit)

            assert [event.id for event in news] == list(
                range(position + 1, min(position + len(news), 2506) + 1)
            )
            assert 1 <= len(news) <= limit
    assert await store.news(2506, 10) == []


@pytest.mark.databases("postgresql")
async def test_two_stores_that_append_at_the_same_time_wait_for_each_other(
    database_url: str,
) -> None:
    async with open_database(database_url) as one, open_database(database_url) as other:
        stores = [Store(one), Store(other)]

        stored = await asyncio.gather(
            *(append(stores[number % 2], submission()) for number in range(60))
        )

        assert sorted(event.id for (event,) in stored) == list(range(1, 61))
        assert len(await stores[0].after(0, 100)) == 60


@pytest.mark.databases("postgresql")
async def test_two_stores_on_one_log_continue_each_others_ids(database_url: str) -> None:
    async with open_database(database_url) as one, open_database(database_url) as other:
        stores = [Store(one), Store(other)]
        for number in range(6):
            (stored,) = await append(stores[number % 2], submission())
            assert stored.id == number + 1

        for store in stores:
            assert [event.id for event in await store.news(0, 10)] == [1, 2, 3, 4, 5, 6]
            assert [event.id for event in await store.news(4, 10)] in ([5], [5, 6])


async def test_trying_whether_the_log_takes_events_leaves_none(store: Store) -> None:
    for stored in range(3):
        await store.probe(NOON)

        assert await store.matrix() == (stored, reduce(await store.after(0, 10)))
        assert await store.last_id() == stored
        await append(store, submission())


@pytest.mark.parametrize("parts", [1, 2, 3, 9])
async def test_what_comes_while_a_matrix_is_looked_up_is_in_none_of_its_parts(
    store: Store, database: Database, parts: int
) -> None:
    names = ("b", "c", "d", "e")
    stored = await append(store, *(submission(service=name) for name in names))

    found = []
    for part in await database.read(partial(latest.parts, number=parts)):
        look_up = partial(latest.slots, at=END_OF_TIME, until=len(names), part=part)
        found.append(await database.read(look_up))
        await append(store, *(submission(service=name) for name in ("a", *names, "f")))

    assert ChainMap(*found) == reduce(stored)
    assert sum(map(len, found)) == len(names)
    assert len([part for part in found if part]) == min(parts, len(names))


@pytest.mark.parametrize("step", [timedelta(0), timedelta(microseconds=1)])
async def test_a_page_continues_after_any_event(store: Store, step: timedelta) -> None:
    bodies = [
        submission(status=status, happened_at=(NOON + number * step).isoformat())
        for number in range(4)
        for status in ("in-progress", "success", "failure")
    ]
    await append(store, *bodies)
    whole = await store.page(Filter(), None, 100)

    assert [event.order_key for event in whole] == sorted(
        (event.order_key for event in whole), reverse=True
    )
    for index, event in enumerate(whole):
        assert await store.page(Filter(), event.order_key, 100) == whole[index + 1 :]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "happens", [Path.unlink, lambda path: path.rename(path.with_suffix(".old"))]
)
async def test_a_log_whose_file_is_gone_takes_and_tells_nothing(
    tmp_path: Path, store: Store, happens: Callable[[Path], object]
) -> None:
    await append(store, submission())
    happens(tmp_path / "log.db")

    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        await append(store, submission())
    with pytest.raises(StoreUnavailable, match="removed or replaced"):
        await store.last_id()
