"""GET /api/events/stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from receiver.api import PARTS
from receiver.app import build
from receiver.config import Settings
from receiver.server import serve
from receiver.stream import KEEPALIVE_SECONDS
from tests.receiver.api import Api, Clock, client, serving
from tests.receiver.examples import EVERY_FIELD, submission
from tests.receiver.problem import assert_problem
from tests.receiver.sse import Message
from tests.receiver.waiting import eventually
from tests.receiver.wire import Wire, connected

pytestmark = pytest.mark.databases("sqlite", "postgresql")


async def append(api: Api, count: int, **fields: str) -> list[int]:
    """Store so many events."""
    return [(await api.append(**fields))["id"] for _ in range(count)]


async def test_the_headers_keep_proxies_from_holding_it_back(api: Api) -> None:
    async with api.stream() as stream:
        assert stream.headers["Content-Type"].split(";")[0] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in stream.headers
        assert int((await stream.block())["retry"]) > 0


async def test_an_event_comes_as_it_was_answered(api: Api) -> None:
    async with api.stream() as stream:
        sent = await api.append(**EVERY_FIELD)

        assert await stream.message() == Message(1, "deployment", sent)


async def test_a_fresh_stream_is_live_only(api: Api) -> None:
    await append(api, 3)
    async with api.stream() as stream:
        await append(api, 2)

        assert await stream.ids(2) == [4, 5]


async def test_nothing_is_missing_once_the_headers_are_there(api: Api) -> None:
    async def open_and_post(number: int) -> bool:
        async with api.stream(f"?service=service-{number}") as stream:
            sent = await api.append(service=f"service-{number}")
            return bool((await stream.message()).data == sent)

    assert all(await asyncio.gather(*map(open_and_post, range(50))))


async def test_every_reader_gets_every_event_once_in_order(api: Api) -> None:
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(api.stream()) for _ in range(10)]
        await asyncio.gather(*(api.append() for _ in range(100)))

        assert [await stream.ids(100) for stream in streams] == [list(range(1, 101))] * 10


async def test_a_stream_resumes_after_the_last_id(api: Api) -> None:
    await append(api, 5)
    async with api.stream(Last_Event_ID="2") as stream:
        assert await stream.ids(3) == [3, 4, 5]
        await append(api, 1)
        assert await stream.ids(1) == [6]


async def test_the_query_says_it_as_the_header_does(api: Api) -> None:
    await append(api, 3)
    async with api.stream("?last_event_id=1") as stream:
        assert await stream.ids(2) == [2, 3]


async def test_the_header_goes_before_the_query(api: Api) -> None:
    await append(api, 4)
    async with api.stream("?last_event_id=0", Last_Event_ID="3") as stream:
        assert await stream.ids(1) == [4]


async def test_at_the_newest_position_there_is_nothing_to_replay(api: Api) -> None:
    await append(api, 2)
    async with api.stream("?last_event_id=2") as stream:
        await append(api, 1)
        assert await stream.ids(1) == [3]


async def test_position_0_of_an_empty_log_is_live(api: Api) -> None:
    async with api.stream("?last_event_id=0") as stream:
        sent = await api.append()
        assert await stream.message() == Message(1, "deployment", sent)


async def test_matrix_then_stream_has_no_gap(api: Api) -> None:
    await append(api, 3)
    position = (await api.read("/api/matrix"))["last_event_id"]
    await append(api, 2)
    async with api.stream(f"?last_event_id={position}") as stream:
        assert await stream.ids(2) == [4, 5]


async def test_a_replay_across_pages_while_posts_go_on_is_whole(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.PAGE", 7)  # many pages without thousands of events
    monkeypatch.setattr("receiver.feed.PAGE", 5)
    await api.fill([submission()] * 200)
    posting = asyncio.gather(*(append(api, 10) for _ in range(20)))
    async with AsyncExitStack() as stack:
        starts = [0, 1, 50, 100, 150, 199, 200] * 4
        streams = [
            await stack.enter_async_context(api.stream(f"?last_event_id={start}"))
            for start in starts
        ]
        read = await asyncio.gather(
            *(stream.ids(400 - start) for start, stream in zip(starts, streams, strict=True))
        )

    await posting
    assert read == [list(range(start + 1, 401)) for start in starts]


async def test_position_0_replays_everything(api: Api) -> None:
    await api.fill([submission()] * 1100)
    async with api.stream(Last_Event_ID="0") as stream:
        assert await stream.ids(1100) == list(range(1, 1101))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("service=a", [1, 2, 5, 6]),
        ("environment=prod", [2, 4, 6, 8]),
        ("service=b&environment=dev", [3, 7]),
    ],
)
async def test_filters_hold_for_replayed_and_live_events(
    api: Api, query: str, expected: list[int]
) -> None:
    async def append_four() -> None:
        for service in "ab":
            for environment in ("dev", "prod"):
                await api.append(service=service, environment=environment)

    await append_four()
    async with api.stream(f"?last_event_id=0&{query}") as stream:
        await append_four()
        assert await stream.ids(len(expected)) == expected


async def test_a_replay_in_which_nothing_matches_goes_on_live(api: Api) -> None:
    await append(api, 3, service="a")
    async with api.stream("?last_event_id=0&service=b") as stream:
        await append(api, 1, service="a")
        await append(api, 1, service="b")
        assert await stream.ids(1) == [5]


async def test_a_filtered_replay_across_pages_is_whole(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.PAGE", 3)  # many pages without thousands of events
    for number in range(30):
        await api.append(service=f"{number % 3}")
    async with api.stream("?last_event_id=4&service=1") as stream:
        await append(api, 1, service="1")
        assert await stream.ids(10) == [*range(5, 31, 3), 31]


@pytest.mark.parametrize("position", ["4", "999999999999999999", "9" * 30, "x", "-1", "1.0", "٣"])
async def test_a_position_that_cannot_be_served_gets_one_resync_then_live(
    api: Api, position: str
) -> None:
    await append(api, 3)
    async with api.stream(f"?last_event_id={position}") as stream:
        resync = await stream.message()
        await append(api, 1)

        assert (resync.event, resync.data) == ("resync", {})
        assert await stream.ids(1) == [4]


async def test_a_reader_told_to_resync_resumes_after_that(api: Api) -> None:
    await append(api, 3)
    async with api.stream(Last_Event_ID="garbage") as stream:
        position = (await stream.message()).id
    await append(api, 2)
    async with api.stream(Last_Event_ID=str(position)) as stream:
        assert await stream.ids(2) == [4, 5]


async def test_a_bad_parameter_of_the_stream_is_422(api: Api) -> None:
    for query in ("service=", "environment=%00", "service=%FF", "service=a&service=a", "x=1"):
        answer = await api.get(f"/api/events/stream?{query}")

        assert_problem(answer, 422, "/api/events/stream")


@asynccontextmanager
async def twins(settings: Settings, clock: Clock) -> AsyncIterator[tuple[Api, Api]]:
    """Two receivers on one database."""
    async with serving(settings, clock) as one, serving(settings, clock) as other:
        yield one, other


@pytest.mark.databases("postgresql")
async def test_a_receiver_that_lags_its_twin_waits_and_repeats_nothing(
    settings: Settings, clock: Clock
) -> None:
    async with twins(settings, clock) as (ahead, behind):
        await append(ahead, 3)
        async with behind.stream("?last_event_id=2") as stream:
            await append(behind, 1)

            assert await stream.ids(2) == [3, 4]


@pytest.mark.databases("postgresql")
async def test_a_twins_events_are_in_the_matrix_at_the_next_own_event(
    settings: Settings, clock: Clock
) -> None:
    async with twins(settings, clock) as (one, other):
        await append(one, 2, service="a")
        await append(other, 1, service="b")
        await append(one, 1, service="c")

        assert (await one.read("/api/services"))["items"] == ["a", "b", "c"]
        assert (await one.read("/api/matrix"))["last_event_id"] == 4


@pytest.mark.databases("postgresql")
async def test_a_twins_events_come_without_an_own_event(settings: Settings, clock: Clock) -> None:
    async with twins(settings, clock) as (one, other), other.stream() as stream:
        await append(one, 2)

        assert await stream.ids(2) == [1, 2]
        assert (await other.read("/api/matrix"))["last_event_id"] == 2


async def test_a_comment_comes_when_nothing_else_does(
    settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.KEEPALIVE_SECONDS", 0.02)  # the test need not wait 15 s
    async with serving(settings, clock) as api, api.stream() as stream:
        assert "retry" in await stream.block()
        assert [await stream.block() for _ in range(3)] == [{"": ""}] * 3
        await append(api, 1)
        assert await stream.ids(1) == [1]


def test_the_comment_comes_every_15_seconds() -> None:
    assert KEEPALIVE_SECONDS == 15


STREAM = b"GET /api/events/stream%b HTTP/1.%d\r\nHost: receiver\r\n\r\n"


async def read_lines(wire: Wire, last: bytes) -> list[bytes]:
    """The lines of a body up to this one."""
    lines: list[bytes] = []
    async with asyncio.timeout(60):
        while last not in lines:
            lines.append((await wire.reader.readline()).rstrip(b"\n"))
    return lines


async def test_an_http_1_0_client_gets_no_chunks(api: Api) -> None:
    await append(api, 2)
    async with connected(api.port) as wire:
        await wire.send(STREAM % (b"?last_event_id=1", 0))
        status, headers = await wire.head()
        await append(api, 1)
        replayed = await read_lines(wire, b"id: 2")
        live = await read_lines(wire, b"id: 3")

    assert status == 200
    assert "Transfer-Encoding" not in headers
    assert all(
        line.partition(b":")[0] in (b"retry", b"id", b"event", b"data", b"")
        for line in replayed + live
    )


async def test_an_http_1_0_client_is_not_promised_another_answer(api: Api) -> None:
    async with connected(api.port) as wire:
        await wire.send(b"GET /api/events/stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        _, headers = await wire.head()

    assert headers.get("Connection", "close").lower() != "keep-alive"


async def test_head_is_refused_at_once(api: Api) -> None:
    answer = await api.request("HEAD", "/api/events/stream")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def open_streams(api: Api) -> float:
    return api.app[PARTS].metrics.registry.get_sample_value("deployment_receiver_streams") or 0


async def test_a_reader_that_goes_away_is_forgotten(api: Api) -> None:
    for position in (b"", b"?last_event_id=0"):
        async with connected(api.port) as wire:
            await wire.send(STREAM % (position, 1))
            await wire.head()
            assert open_streams(api) == 1
        await eventually(lambda: open_streams(api) == 0)
    await append(api, 1)


BULKY = {"run_url": "x" * 2048, "ref": "r" * 512, "parent_deployments": ["p" * 200] * 32}


async def test_a_slow_reader_is_ended_and_slows_nobody(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.LARGEST_BACKLOG", 50_000)  # sooner full
    async with connected(api.port) as slow, api.stream() as quick:
        await slow.send(STREAM % (b"", 1))
        await slow.head()
        slow.read_nothing()
        ids: list[int] = []
        while open_streams(api) == 2:
            assert len(ids) < 5000
            await asyncio.gather(*(api.append(**BULKY) for _ in range(10)))
            ids += await quick.ids(10)

        assert ids == list(range(1, len(ids) + 1))
        assert b"slow_streams_total 1.0" in (await api.get("/metrics")).body


async def test_a_reader_too_slow_for_its_replay_is_ended(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.SLOW_SECONDS", 0.1)  # the test need not wait 30 s
    monkeypatch.setattr("receiver.stream.PAGE", 50)
    await api.fill([submission(**BULKY)] * 1500)
    async with connected(api.port) as slow:
        slow.read_nothing()
        await slow.send(STREAM % (b"?last_event_id=0", 1))
        await eventually(lambda: open_streams(api) == 1)
        await eventually(lambda: open_streams(api) == 0)


async def test_open_streams_end_at_once_when_the_receiver_stops(
    settings: Settings, clock: Clock
) -> None:
    loop = asyncio.get_running_loop()
    async with client() as session, AsyncExitStack() as stack:
        app = build(settings, clock)
        async with serve(app, "127.0.0.1", 0) as port:
            api = Api(port, session, app=app)
            await append(api, 1)
            queries = ("", "?last_event_id=1", "?service=x") * 5
            streams = [await stack.enter_async_context(api.stream(query)) for query in queries]
            begun = loop.time()
        assert loop.time() - begun < 0.5
        assert all([await stream.ended() for stream in streams])


async def test_a_stuck_reader_does_not_hold_up_the_stop(settings: Settings, clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    async with serving(settings, clock) as api:
        await api.fill([submission(**BULKY)] * 1500)
        async with connected(api.port) as replaying, connected(api.port) as live:
            for stuck, position in ((replaying, b"?last_event_id=0"), (live, b"")):
                stuck.read_nothing()
                await stuck.send(STREAM % (position, 1))
            await eventually(lambda: open_streams(api) == 2)
            begun = loop.time()
            await api.app.shutdown()
            await eventually(lambda: open_streams(api) == 0)

    assert loop.time() - begun < 0.5
