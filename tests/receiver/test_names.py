"""Names of the settings: what is hidden, and what is shown as something else."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from receiver.api import PARTS
from receiver.config import Settings
from receiver.event import Event
from receiver.filter import Filter
from receiver.matrix import reduce
from receiver.names import Entry, Names
from tests.receiver.api import Api, Clock, serving, settings_for
from tests.receiver.examples import EVERY_FIELD, event, submission, submissions
from tests.receiver.sse import Message
from tests.receiver.test_same_matrix import as_answered, of_answer
from tests.receiver.waiting import eventually

FOLD: Final = {"match": {"environment": "pr-*"}, "show": {"environment": "preview"}}
RENAME: Final = {"match": {"service": "old-shop"}, "show": {"service": "shop"}}
HIDE: Final = {"match": {"service": "legacy-*"}, "hide": True}


def names(*entries: dict[str, Any]) -> Names:
    return Names([Entry.model_validate(entry) for entry in entries])


@pytest.mark.parametrize(
    ("entries", "stored", "shown"),
    [
        ([], ("a", "dev"), ("a", "dev")),
        ([FOLD, RENAME], ("a", "dev"), ("a", "dev")),
        ([FOLD], ("a", "pr-7"), ("a", "preview")),
        ([FOLD, RENAME], ("old-shop", "pr-7"), ("shop", "preview")),
        ([HIDE], ("legacy-a", "dev"), None),
        ([HIDE], ("Legacy-a", "dev"), ("Legacy-a", "dev")),
        ([{"match": {"environment": "pr-*"}, "hide": True}, RENAME], ("old-shop", "pr-7"), None),
        # The first that speaks of a part decides it: so an exception goes before its rule.
        ([{"match": {"environment": "pr-1"}, "show": {"environment": "one"}}, FOLD],
         ("a", "pr-1"), ("a", "one")),
        ([{"match": {"service": "legacy-a"}, "show": {"service": "legacy-a"}}, HIDE],
         ("legacy-a", "dev"), ("legacy-a", "dev")),
        # What hides one slot speaks of both of its names.
        ([{"match": {"service": "a", "environment": "dev"}, "hide": True}], ("a", "dev"), None),
        ([{"match": {"service": "a", "environment": "dev"}, "hide": True}],
         ("a", "prod"), ("a", "prod")),
        # Globs are of stored names: what is shown is not looked up again.
        ([RENAME, {"match": {"service": "shop"}, "hide": True}], ("old-shop", "x"), ("shop", "x")),
        ([{"match": {"environment": ["production", "[Pp]rod"]}, "show": {"environment": "live"}}],
         ("a", "Prod"), ("a", "live")),
        ([{"match": {"service": "a", "environment": "eu"}, "show": {"service": "a-eu",
           "environment": "prod"}}], ("a", "eu"), ("a-eu", "prod")),
    ],
)  # fmt: skip
def test_the_first_entry_that_speaks_of_a_part_decides_it(
    entries: list[dict[str, Any]], stored: tuple[str, str], shown: tuple[str, str] | None
) -> None:
    assert names(*entries).slot(stored) == shown


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"match": {}, "hide": True},
        {"match": {"service": []}, "hide": True},
        {"match": {"service": ""}, "hide": True},
        {"match": {"service": "a"}},
        {"match": {"service": "a"}, "hide": False},
        {"match": {"service": "a"}, "show": {}},
        {"match": {"service": "a"}, "show": {"service": " a"}},
        {"match": {"service": "a"}, "show": {"service": "b", "environment": None}},
        {"match": {"service": "a", "environment": None}, "hide": True},
        {"match": {"service": "a"}, "show": {"service": "b"}, "hide": True},
        {"match": {"service": "a", "version": "1"}, "hide": True},
    ],
    ids=repr,
)
def test_an_entry_says_one_thing_of_some_slots(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate(entry)


def test_an_event_that_is_renamed_tells_what_the_log_has() -> None:
    stored = event(service="old-shop", environment="dev")

    shown = names(RENAME).event(stored)

    assert shown
    assert json.loads(shown.json) == json.loads(stored.json) | {
        "service": "shop",
        "stored_service": "old-shop",
    }


def test_an_entry_that_decides_nothing_is_known() -> None:
    several = {"match": {"service": ["x", "y"], "environment": "dev"}, "hide": True}
    given_names = names(FOLD, HIDE, several, FOLD)

    given_names.slots(reduce([event(environment="pr-1")]))

    assert given_names.idle == [
        "receiver.names[2] (service legacy-*)",
        "receiver.names[3] (service x or y, environment dev)",
        "receiver.names[4] (environment pr-*)",
    ]


def test_a_tag_is_of_the_entries_and_their_order() -> None:
    tags = [names(*entries).tag for entries in ([], [FOLD], [FOLD, HIDE], [HIDE, FOLD])]

    assert tags[0] == ""
    assert len(set(tags)) == 4
    assert names(FOLD).tag == tags[1]


# What follows is held by a receiver with these names, on both databases.
ENTRIES: Final = (FOLD, RENAME, HIDE)
SERVICES: Final = ("shop", "old-shop", "legacy-a")
ENVIRONMENTS: Final = ("dev", "pr-1", "pr-2", "preview")
both = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return settings_for(tmp_path, database_url=database_url, names=ENTRIES)


def shown(log: Iterable[Event]) -> list[Event]:
    """The specification: each event as if it had been stored with its shown names."""
    return [
        replace(
            stored,
            **renamed("service", stored.service, {"old-shop": "shop"}),
            **renamed("environment", stored.environment, {"pr-1": "preview", "pr-2": "preview"}),
        )
        for stored in log
        if stored.service != "legacy-a"
    ]


def renamed(part: str, stored: str, to: dict[str, str]) -> dict[str, Any]:
    return {part: to[stored], f"stored_{part}": stored} if stored in to else {}


FILTERS: Final = [
    {},
    {"service": "shop"},
    {"service": "shop", "environment": "preview"},
    {"environment": "preview", "status": "success"},
    {"service": "old-shop"},
    {"service": "legacy-a"},
]
BODIES: Final = st.tuples(
    submissions(SERVICES), st.sampled_from(ENVIRONMENTS).map(lambda name: {"environment": name})
).map(lambda parts: parts[0] | parts[1])


async def walk(api: Api, limit: int, **only: str) -> list[Any]:
    """All items of the list, page by page: each full but the last."""
    pages: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": limit, **only, **({"cursor": cursor} if cursor else {})}
        page = await api.read("/api/deployments?" + urlencode(query))
        pages.append(page["items"])
        cursor = page["next_cursor"]
    assert all(len(page) == limit for page in pages[:-1])
    return [item for page in pages for item in page]


async def replay(api: Api, count: int, **only: str) -> list[Any]:
    async with api.stream("?" + urlencode({"last_event_id": 0, **only})) as stream:
        return [(await stream.message()).data for _ in range(count)]


# One receiver serves every example: the log grows, and is always looked at as a whole.
@both
@hypothesis.settings(max_examples=8)
@given(
    st.lists(st.lists(BODIES, min_size=1, max_size=8), max_size=4),
    st.sampled_from(FILTERS),
    st.integers(5, 40),
)
async def test_all_is_answered_as_if_it_had_been_stored_by_its_shown_names(
    api: Api, batches: list[list[dict[str, Any]]], only: dict[str, str], limit: int
) -> None:
    parts = api.app[PARTS]
    for batch in batches:
        await api.fill(batch)
    log = shown(await parts.store.after(0, 10_000))
    specified = reduce(log)
    wanted = [
        json.loads(one.json)
        for one in sorted(log, key=lambda one: one.order_key, reverse=True)
        if all(getattr(one, name) == value for name, value in only.items())
    ]

    answer = await api.read("/api/matrix")
    then = await api.read("/api/matrix?at=2026-11-20T12:00:01Z")

    assert parts.feed.slots == specified
    assert of_answer(answer) == as_answered(specified)
    assert of_answer(then) == as_answered(reduce(e for e in log if e.happened_at.second <= 1))
    assert answer["last_event_id"] == await parts.store.last_id()
    assert await walk(api, limit, **only) == wanted
    in_id_order = sorted(wanted, key=lambda item: int(item["id"]))
    streamed = {name: value for name, value in only.items() if name != "status"}
    if streamed == only:
        assert await replay(api, len(wanted), **only) == in_id_order


@both
async def test_the_lists_of_names_have_those_that_are_shown(api: Api) -> None:
    for service, environment in (("old-shop", "pr-1"), ("legacy-a", "dev"), ("api", "pr-2")):
        await api.append(service=service, environment=environment)

    assert await api.read("/api/services") == {"items": ["api", "shop"]}
    assert await api.read("/api/environments") == {"items": ["preview"]}


async def test_what_is_stored_is_answered_as_stored_and_found_by_its_id(api: Api) -> None:
    hidden = await api.append(**EVERY_FIELD | {"service": "legacy-a"})
    stored = await api.append(service="old-shop", environment="pr-1")

    assert (hidden["service"], stored["service"]) == ("legacy-a", "old-shop")
    assert await api.read("/api/deployments/1") == hidden
    told = stored | {
        "service": "shop",
        "environment": "preview",
        "stored_service": "old-shop",
        "stored_environment": "pr-1",
    }
    assert await api.read("/api/deployments/2") == told
    assert await api.read("/api/deployments?deployment_id=run-1") == {
        "items": [told, hidden],
        "next_cursor": None,
    }
    assert (await api.read("/api/deployments"))["items"] == [told]


@pytest.mark.parametrize("most_names", [10_000, 0], ids=["by name", "too many names"])
@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ((0,), {"old-shop preview": [1, 2], "old-shop": [1, 2, 3], "shop": [], "preview": [1, 2]}),
        ((1,), {"shop pr-1": [1], "old-shop": [], "shop": [1, 2, 3], "dev": [3]}),
        ((2,), {"old-shop pr-1": [1], "shop": [], "legacy-a": [], "pr-2": [2]}),
    ],
)
async def test_a_filter_finds_what_is_shown_so_whichever_names_are_changed(
    settings: Settings,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    places: tuple[int, ...],
    expected: dict[str, list[int]],
    most_names: int,
) -> None:
    monkeypatch.setattr("receiver.reading.MOST_NAMES", most_names)
    entries = [settings.names[place] for place in places]
    async with serving(settings.model_copy(update={"names": entries}), clock) as api:
        for environment in ("pr-1", "pr-2", "dev"):
            await api.append(service="old-shop", environment=environment)
        await api.append(service="legacy-a", environment="gone")
        for asked, ids in expected.items():
            only = {part_of(name): name for name in asked.split()}
            assert [item["id"] for item in await walk(api, 10, **only)] == ids[::-1], asked


def part_of(name: str) -> str:
    return "service" if name in (*SERVICES, "shop") else "environment"


async def test_the_stream_passes_over_what_is_hidden(api: Api) -> None:
    async with api.stream() as stream, api.stream("?service=shop") as filtered:
        await api.append(service="legacy-a")
        sent = await api.append(service="old-shop")
        told = sent | {"service": "shop", "stored_service": "old-shop"}

        assert await stream.message() == Message(2, "deployment", told)
        assert await filtered.message() == Message(2, "deployment", told)
    await api.append(service="legacy-a")
    async with api.stream(Last_Event_ID="2") as stream:
        await api.append(service="shop")
        assert await stream.ids(1) == [4]


async def test_a_replay_across_pages_of_what_is_hidden_is_whole(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.PAGE", 3)  # many pages without thousands of events
    await api.fill([submission(service="legacy-a")] * 10 + [submission(service="shop")] * 2)
    await api.fill([submission(service="legacy-a")] * 7 + [submission(service="old-shop")])
    for query in ("?last_event_id=0", "?last_event_id=0&service=shop"):
        async with api.stream(query) as stream:
            assert await stream.ids(3) == [11, 12, 20]


async def test_a_replay_goes_no_further_than_the_slots_that_it_looked_up(api: Api) -> None:
    await api.fill([submission(service="old-shop")] * 3)

    events, reached = await api.app[PARTS].reading.after(0, 2, 10, Filter(frozenset({"shop"})))

    assert ([event.id for event in events], reached) == ([1, 2], 2)


async def test_few_events_among_many_hidden_ones_make_a_full_page(api: Api) -> None:
    for _ in range(3):
        await api.fill([submission(service="shop")] + [submission(service="legacy-a")] * 100)

    page = await api.read("/api/deployments?limit=2")

    assert [item["id"] for item in page["items"]] == [203, 102]
    assert page["next_cursor"] is not None


async def test_other_names_than_a_reader_has_are_told_from_them_by_a_header(
    settings: Settings, clock: Clock
) -> None:
    tags = set()
    for entries in ((), settings.names, settings.names[:1]):
        async with serving(settings.model_copy(update={"names": entries}), clock) as api:
            matrix = await api.get("/api/matrix")
            unchanged = await api.get("/api/matrix", If_None_Match=matrix.headers["ETag"])
            async with api.stream() as stream:
                found = {a.headers.get("X-Names") for a in (matrix, unchanged, stream)}
            assert len(found) == 1
            tags |= found
    assert len(tags) == 3
    assert None in tags


@both
async def test_names_change_while_events_are_stored(api: Api) -> None:
    feed = api.app[PARTS].feed
    await api.append(service="old-shop", environment="pr-1")
    before = await api.get("/api/matrix")
    async with api.stream() as stream:
        feed.show_by(names(RENAME))
        posted = asyncio.gather(*(api.append(service="legacy-a") for _ in range(20)))
        while (message := await stream.message()).event != "resync":
            pass  # few if any: what legacy-a does is shown by the new names only
        assert await stream.ids(21 - message.id) == list(range(message.id + 1, 22))
        await posted

    after = await api.get("/api/matrix")
    assert before.headers["X-Names"] != after.headers["X-Names"] == names(RENAME).tag
    assert [(r["service"], [*r["slots"]]) for r in after.json["rows"]] == [
        ("legacy-a", ["prod"]),
        ("shop", ["pr-1"]),
    ]
    assert (await api.read("/api/matrix?service=shop"))["rows"] == after.json["rows"][1:]
    assert len(await walk(api, 10)) == 21

    feed.show_by(names(*ENTRIES))
    await eventually(lambda: feed.slots.keys() == {("shop", "preview")})
    assert (await api.read("/api/services")) == {"items": ["shop"]}


async def test_a_past_matrix_that_is_under_way_when_names_change_has_those_that_it_tells(
    api: Api, clock: Clock
) -> None:
    parts = api.app[PARTS]
    await api.append(service="old-shop")
    asked = asyncio.create_task(parts.board.matrix(at=clock.now))
    await asyncio.sleep(0)  # it now waits for the database
    parts.reading.names = names(HIDE)
    answer = await asked

    assert answer.names == names(*ENTRIES).tag
    assert [row["service"] for row in json.loads(answer.body)["rows"]] == ["shop"]


async def test_an_entry_that_decides_nothing_of_the_log_is_told_at_start(
    settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(settings, clock) as api:
        await api.append(service="legacy-a")
    assert not caplog.records

    async with serving(settings, clock):
        warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert [line.partition(":")[0] for line in warnings] == [
        "receiver.names[1] (environment pr-*)",
        "receiver.names[2] (service old-shop)",
    ]
