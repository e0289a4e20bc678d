"""GET /api/deployments and /api/deployments/{id}."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.event import Event
from tests.receiver.api import Api, Clock, serving, settings_for
from tests.receiver.examples import NOON, answered, submission, submissions
from tests.receiver.problem import assert_problem

pytestmark = pytest.mark.databases("sqlite", "postgresql")


async def ids(api: Api, **parameters: object) -> list[int]:
    """The ids of a page."""
    answer = await api.read("/api/deployments?" + urlencode(parameters))
    return [item["id"] for item in answer["items"]]


async def test_an_empty_log_is_an_empty_last_page(api: Api) -> None:
    assert await api.read("/api/deployments") == {"items": [], "next_cursor": None}


async def test_the_list_is_newest_first_in_the_total_order(api: Api) -> None:
    for status, second in [
        *(("success", 1), ("in-progress", 2), ("failure", 2), ("in-progress", 2)),
        *(("success", 2), ("success", 0)),
    ]:
        await api.append(status=status, happened_at=f"2026-11-20T12:00:0{second}Z")

    assert await ids(api) == [5, 3, 4, 2, 1, 6]


async def test_the_items_are_the_events_as_they_were_answered(api: Api) -> None:
    sent = [await api.append(run_number=number) for number in range(3)]

    assert (await api.read("/api/deployments"))["items"] == sent[::-1]


VARIED = (
    {"service": "a", "environment": "dev", "status": "success", "deployment_id": "run-1"},
    {"service": "a", "environment": "prod", "status": "failure", "deployment_id": "run-1"},
    {"service": "b", "environment": "dev", "status": "in-progress", "deployment_id": "r 2"},
    {"service": "B", "environment": "dév", "status": "success", "deployment_id": "r%2"},
)
NOON_AND = "2026-11-20T12:00:0"


@pytest.mark.parametrize(
    "cases",
    [
        [
            ({"service": "a"}, [2, 1]),
            ({"service": "b"}, [3]),
            ({"service": "A"}, []),
            ({"environment": "dev"}, [3, 1]),
            ({"environment": "dév"}, [4]),
            ({"status": "success"}, [4, 1]),
            ({"deployment_id": "run-1"}, [2, 1]),
            ({"deployment_id": "r%2"}, [4]),
            ({"deployment_id": "r_2"}, []),
            ({"service": "a", "environment": "dev"}, [1]),
            ({"service": "a", "status": "in-progress"}, []),
            ({"limit": "2"}, [4, 3]),
        ],
        [
            ({"since": NOON_AND + "2Z"}, [4, 3]),
            ({"since": NOON_AND + "2.000001Z"}, [4]),
            ({"since": "2026-11-20T14:00:02+02:00"}, [4, 3]),
            ({"until": NOON_AND + "2Z"}, [2, 1]),
            ({"until": NOON_AND + "2.000001Z"}, [3, 2, 1]),
            ({"since": NOON_AND + "1Z", "until": NOON_AND + "3Z"}, [3, 2]),
            ({"since": NOON_AND + "3Z", "until": NOON_AND + "1Z"}, []),
            ({"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"}, [4, 3, 2, 1]),
        ],
    ],
    ids=["equal", "since inclusive, until exclusive"],
)
async def test_a_filter_keeps_what_matches(
    api: Api, cases: list[tuple[dict[str, str], list[int]]]
) -> None:
    for second, fields in enumerate(VARIED):
        await api.append(happened_at=f"{NOON_AND}{second}Z", **fields)

    for parameters, kept in cases:
        assert await ids(api, **parameters) == kept, parameters


async def test_a_page_has_100_events_unless_asked_for_up_to_500(api: Api) -> None:
    await api.fill([submission()] * 502)

    assert len(await ids(api)) == 100
    assert len(await ids(api, limit=500)) == 500
    assert len(await ids(api, limit=1)) == 1


async def test_the_last_page_says_so(api: Api) -> None:
    for _ in range(4):
        await api.append()

    assert (await api.read("/api/deployments?limit=4"))["next_cursor"] is None
    first = await api.read("/api/deployments?limit=3")
    last = await api.read(f"/api/deployments?limit=3&cursor={first['next_cursor']}")
    assert ([item["id"] for item in last["items"]], last["next_cursor"]) == ([1], None)


async def test_a_cursor_needs_no_quoting(api: Api) -> None:
    for number in range(30):
        await api.append(happened_at=f"{1900 + number * 7}-01-01T00:00:00.00000{number % 10}Z")
        cursor = (await api.read("/api/deployments?limit=1"))["next_cursor"]

        assert quote(cursor or "") == (cursor or "")


async def test_events_that_arrive_meanwhile_shift_no_page(api: Api) -> None:
    for number in range(4):
        await api.append(happened_at=f"2026-11-20T12:00:0{number}Z")
    first = await api.read("/api/deployments?limit=2")
    await api.append(happened_at="2026-11-20T13:00:00Z")

    assert await ids(api, limit=2, cursor=first["next_cursor"]) == [2, 1]


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "service": st.sampled_from(["a", "b", "c"]),
        "environment": st.sampled_from(["dev", "prod"]),
        "status": st.sampled_from(["in-progress", "success", "failure"]),
        "deployment_id": st.sampled_from(["run-1", "run-2"]),
        "since": st.sampled_from(["2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z"]),
        "until": st.sampled_from(["2026-11-20T12:00:01Z", "2026-11-20T12:00:00.000001Z"]),
    },
)


def expected(log: list[Event], wanted: dict[str, str]) -> list[int]:
    """What the list should hold, by the words of the contract."""
    found = [answered(event) | {"finished": event.finished} for event in log]
    kept = [
        event
        for event in found
        if all(
            event["happened_at"] >= value
            if name == "since"
            else event["happened_at"] < value
            if name == "until"
            else event[name] == value
            for name, value in wanted.items()
        )
    ]
    kept.sort(key=lambda event: (event["happened_at"], event["finished"], event["id"]))
    return [event["id"] for event in reversed(kept)]


async def pages(api: Api, limit: int, wanted: dict[str, str]) -> list[int]:
    """All pages, followed by their cursors."""
    found: list[int] = []
    parameters: dict[str, Any] = {"limit": limit, **wanted}
    while True:
        page = await api.read("/api/deployments?" + urlencode(parameters))
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == limit
        parameters["cursor"] = page["next_cursor"]


def in_text_order(body: dict[str, Any]) -> dict[str, Any]:
    """With a fraction always, so that times as text are in the order of time."""
    second = body["happened_at"].removesuffix("Z")
    return body | {"happened_at": f"{second}{'' if '.' in second else '.000002'}Z"}


@given(st.lists(submissions().map(in_text_order), max_size=25), st.integers(1, 7), FILTERS)
@settings(max_examples=20)
async def test_the_pages_are_the_whole_list_for_any_size_and_filter(
    bodies: list[dict[str, Any]], limit: int, wanted: dict[str, str]
) -> None:
    with TemporaryDirectory() as folder:
        async with serving(settings_for(Path(folder)), Clock(NOON)) as api:
            log = await api.fill(bodies)
            wanted = {
                name: value.replace("0Z", "0.000000Z").replace("1Z", "1.000002Z")
                if name in ("since", "until") and "." not in value
                else value
                for name, value in wanted.items()
            }

            assert await pages(api, limit, wanted) == expected(log, wanted)


BAD = (
    *("limit=0", "limit=501", "limit=ten", "limit=", "cursor=", "cursor=AAAA", "cursor=%00"),
    *("since=yesterday", "until=", "since=2026-11-20", "since=2026-11-20T12:00:00+02:00"),
    *("status=done", "status=", "service=", "environment=%20", "deployment_id=%00"),
    *("sort=id", "limit=1&limit=2", "Service=a", "=1", "service=" + "x" * 256),
    *("service=%FF", "service=%ED%A0%80", "%C0%AF=1"),  # not UTF-8
)


async def test_a_bad_value_is_422(api: Api) -> None:
    for query in BAD:
        answer = await api.get(f"/api/deployments?{query}")

        assert_problem(answer, 422)
        assert [error["pointer"] for error in answer.json["errors"]] == [""], query


async def test_every_bad_value_is_told(api: Api) -> None:
    answer = await api.get("/api/deployments?limit=0&since=x&status=y&z=1")

    assert len(answer.json["errors"]) == 4


async def test_an_event_that_does_not_exist_is_404(api: Api) -> None:
    await api.append()
    for number in (
        *("0", "2", "-1", "x", "1.0", "+1", "1%00", "%D9%A1", "%FF"),
        *("9" * 18, "9" * 19, "9" * 5000),
    ):
        answer = await api.get(f"/api/deployments/{number}")

        assert_problem(answer, 404, answer.json["instance"])


async def test_readers_who_go_away_disturb_nobody(api: Api) -> None:
    await api.fill([submission()] * 100)
    for _ in range(5):
        readers = [asyncio.create_task(api.get("/api/deployments")) for _ in range(20)]
        await asyncio.sleep(0)  # let them begin
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    assert len(await ids(api)) == 100
