import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fetcher.delivering import (
    START,
    Fetcher,
    a_deployment,
    an_event,
    expected,
    fetcher_with,
)
from tests.fetcher.receiver_double import API_KEY, Fault, Phase, ReceiverDouble, receiver_double

SECOND = timedelta(seconds=1)


@pytest.fixture
async def receiver() -> AsyncIterator[ReceiverDouble]:
    async with receiver_double() as double:
        yield double


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "fetcher.db"


@pytest.fixture
async def fetcher(state: Path, receiver: ReceiverDouble) -> AsyncIterator[Fetcher]:
    async with fetcher_with(state, receiver.url) as fetcher:
        yield fetcher


async def test_every_event_arrives_once_as_it_was_made(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    events = [*a_deployment("1"), *a_deployment("2")]
    await fetcher.put(events)

    result = await fetcher.deliver()

    assert (result.delivered, result.parked, result.waiting) == (4, 0, 0)
    assert result.next_at is None
    assert receiver.stored() == expected(events)
    assert (await fetcher.deliver()).delivered == 0
    assert len(receiver.posts) == 4


async def test_nothing_to_deliver_asks_the_receiver_nothing(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    result = await fetcher.deliver()

    assert result.waiting == 0
    assert receiver.looks == []


# Order


async def test_the_end_waits_until_the_beginning_is_delivered(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.faults.extend(["500", "503", "drop"])
    await fetcher.put(a_deployment("1"))

    await fetcher.deliver_all()

    assert [post["status"] for post in receiver.posts] == ["in-progress"] * 4 + ["success"]


async def test_the_end_goes_on_when_the_beginning_is_refused(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.faults.append("422")
    await fetcher.put(a_deployment("1"))

    result = await fetcher.deliver()

    assert (result.delivered, result.parked, result.waiting) == (1, 1, 0)
    assert receiver.stored() == expected([an_event("1", "success")])
    assert await fetcher.states() == {"parked": 1, "delivered": 1}


async def test_four_deployments_go_at_once_and_the_events_of_each_one_by_one(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    under_way: list[str] = []
    seen: list[list[str]] = []

    def watch(phase: Phase, deployment_id: str) -> None:
        if phase == "read":
            under_way.append(deployment_id)
            seen.append(sorted(under_way))
        else:
            under_way.remove(deployment_id)

    receiver.on_post = watch
    receiver.together = asyncio.Barrier(4)
    await fetcher.put(event for number in range(8) for event in a_deployment(str(number)))

    assert (await fetcher.deliver()).delivered == 16

    assert max(map(len, seen)) == 4
    assert all(len(set(at_once)) == len(at_once) for at_once in seen)


# Faults

LOST_ANSWERS: list[Fault] = [
    "commit, drop",
    "commit, reset",
    "commit, hang",
    "commit, cut the answer short",
    "commit, 502",
]
NOT_STORED: list[Fault] = ["drop", "hang", "500", "200", "429", "503"]


@pytest.mark.parametrize("honours_keys", [False, True])
@pytest.mark.parametrize("fault", [*LOST_ANSWERS, *NOT_STORED])
async def test_after_any_fault_every_event_is_there_exactly_once(
    fetcher: Fetcher, receiver: ReceiverDouble, fault: Fault, *, honours_keys: bool
) -> None:
    if "hang" in fault:
        fetcher.start(receiver.url, timeout_seconds=0.1)
    receiver.honours_keys = honours_keys
    receiver.faults.extend([fault, "none", fault])
    events = [*a_deployment("1"), *a_deployment("2")]
    await fetcher.put(events)

    await fetcher.deliver_all()

    assert receiver.stored() == expected(events)
    assert await fetcher.states() == {"delivered": 4}


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_what_was_stored_though_the_answer_was_lost_is_not_sent_again(
    fetcher: Fetcher, receiver: ReceiverDouble, fault: Fault
) -> None:
    if "hang" in fault:
        fetcher.start(receiver.url, timeout_seconds=0.1)
    receiver.faults.append(fault)
    await fetcher.put([an_event("1", "success")])

    await fetcher.deliver_all()

    assert len(receiver.posts) == 1


async def test_a_lost_event_is_looked_for_twice_each_time_before_it_is_sent_again(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.faults.extend(["drop", "drop"])
    await fetcher.put([an_event("1", "success")])

    asked = []
    for _ in range(5):
        asked_at = fetcher.now - START
        result = await fetcher.deliver()
        asked.append((asked_at, len(receiver.looks), len(receiver.posts)))
        fetcher.now = result.next_at or fetcher.now

    assert asked == [
        (0 * SECOND, 1, 1),
        (5 * SECOND, 2, 1),  # not sooner: the receiver may still be at work
        (7 * SECOND, 3, 2),
        (12 * SECOND, 4, 2),
        (14 * SECOND, 5, 3),
    ]


async def test_a_receiver_that_stores_after_two_looks_makes_one_row_if_it_honours_keys(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    fetcher.start(receiver.url, timeout_seconds=0.1)
    receiver.honours_keys = True
    receiver.faults.append("hang, commit when released")
    receiver.on_look = lambda number: receiver.released.set() if number == 3 else None
    await fetcher.put([an_event("1", "success")])

    await fetcher.deliver_all()

    assert len(receiver.posts) == 2
    assert receiver.stored() == expected([an_event("1", "success")])


async def test_events_that_always_fail_do_not_hold_up_the_others(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.fails_always_for = "bad"
    bad = [an_event(f"bad-{number}", "success") for number in range(20)]
    await fetcher.live(bad, rounds=30, now=START)

    for number in range(20):
        begun_at = fetcher.now = fetcher.now + 5 * SECOND
        await fetcher.put(a_deployment(str(number)))
        while (result := await fetcher.deliver()).waiting > len(bad):
            assert result.next_at is not None
            fetcher.now = max(fetcher.now, result.next_at)
            assert fetcher.now - begun_at <= 2 * SECOND

    assert {post["deployment_id"] for post in receiver.posts} >= {b.deployment_id for b in bad}


async def test_a_key_that_was_used_with_another_body_is_looked_for_and_not_parked(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    """As when two fetchers with different versions of one program send the same event."""
    receiver.honours_keys = True
    event = an_event("1", "success")
    other = replace(event, version="v1")
    receiver.on_post = lambda _phase, _id: receiver.store(other.key, other.body())
    await fetcher.put([event])

    result = await fetcher.deliver()

    assert (result.delivered, result.parked) == (1, 0)
    assert receiver.stored() == expected([event])


# Lost state, other fetchers


async def test_a_lost_state_loses_and_doubles_nothing(
    state: Path, receiver: ReceiverDouble, tmp_path: Path
) -> None:
    before = [event for number in range(3) for event in a_deployment(str(number))]
    after = [*before[:-1], an_event("2", "failure", 60), *a_deployment("4")]
    async with fetcher_with(state, receiver.url) as fetcher:
        await fetcher.put(before[:-1])
        await fetcher.deliver_all()

    receiver.page_size = 1
    async with fetcher_with(tmp_path / "new.db", receiver.url) as fetcher:
        await fetcher.put(after)
        await fetcher.deliver_all()

    assert receiver.stored() == expected(after)
    assert len(receiver.posts) == 5 + 3


@pytest.mark.parametrize("told", [2, 3])
async def test_a_deployment_that_came_back_to_a_status_is_told_so_once(
    state: Path, receiver: ReceiverDouble, tmp_path: Path, told: int
) -> None:
    back = replace(an_event("1", "success", 120), again=True)
    events = [an_event("1", "success"), an_event("1", "failure", 60), back]
    async with fetcher_with(state, receiver.url) as fetcher:
        await fetcher.put(events[:told])
        await fetcher.deliver_all()

    async with fetcher_with(tmp_path / "new.db", receiver.url) as fetcher:
        await fetcher.put(events)
        await fetcher.deliver_all()

    assert [row["status"] for row in receiver.rows] == ["success", "failure", "success"]


async def test_an_event_of_another_service_is_not_taken_for_it(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    other = replace(an_event("1", "success"), service="cart")
    receiver.store(other.key, other.body())
    await fetcher.put([an_event("1", "success")])

    await fetcher.deliver_all()

    assert [row["service"] for row in receiver.rows] == ["cart", "checkout"]


@pytest.mark.parametrize("was_stored", [False, True])
async def test_what_a_killed_process_may_have_sent_is_looked_for_first(
    fetcher: Fetcher, receiver: ReceiverDouble, *, was_stored: bool
) -> None:
    event = an_event("1", "success")
    await fetcher.put([event])
    receiver.faults.append("hang")
    receiver.on_post = lambda _phase, _id: sending.cancel()
    sending = asyncio.create_task(fetcher.deliver())
    with pytest.raises(asyncio.CancelledError):
        await sending
    if was_stored:
        receiver.store(event.key, event.body())
    fetcher.start(receiver.url)

    first, *_ = await fetcher.deliver_all()

    # The time-out, in which it may have been sent, and as long again for the receiver to store it.
    assert (first.next_at, first.delivered) == (START + 10 * SECOND, 0)
    assert receiver.stored() == expected([event])
    assert len(receiver.posts) == (1 if was_stored else 2)


# A receiver that takes nothing


async def test_a_refused_key_stops_delivery_and_keeps_the_queue(
    fetcher: Fetcher, receiver: ReceiverDouble, caplog: pytest.LogCaptureFixture
) -> None:
    events = [event for number in range(9) for event in a_deployment(str(number))]
    await fetcher.put(events)
    fetcher.start(receiver.url, api_key="wrong-key")

    results = [await fetcher.deliver()]
    assert results[0].next_at == START + timedelta(minutes=1)
    fetcher.now = results[0].next_at
    results.append(await fetcher.deliver())

    for result in results:
        assert (result.delivered, result.parked, result.waiting) == (0, 0, 18)
        assert result.blocked is not None
        assert "refuses the API key (401)" in result.blocked
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    assert "wrong-key" not in caplog.text

    fetcher.start(receiver.url)  # with the right key, at once
    assert (await fetcher.deliver()).delivered == 18
    assert receiver.stored() == expected(events)


async def test_delivery_goes_on_by_itself_when_the_receiver_takes_the_key(
    fetcher: Fetcher, receiver: ReceiverDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    receiver.faults.extend(["401", "503"])
    await fetcher.put([an_event("1", "success")])

    blocked, away, delivered = await fetcher.deliver_all()

    assert blocked.blocked is not None
    assert away.blocked is None
    assert (delivered.delivered, delivered.blocked) == (1, None)
    assert caplog.messages[-1] == f"The receiver {receiver.url} takes events again."


async def test_a_redirect_is_not_followed_for_the_key_would_leave(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    async with receiver_double() as elsewhere:
        receiver.headers_of_faults = {"Location": f"{elsewhere.url}/api/deployments"}
        receiver.faults.append("308")
        await fetcher.put([an_event("1", "success")])

        result = await fetcher.deliver()

    assert result.blocked is not None
    assert f"redirects to {elsewhere.url}" in result.blocked
    assert elsewhere.paths == set()


@pytest.mark.parametrize("fault", ["422", "500", "503"])
async def test_an_answer_that_quotes_the_key_is_kept_without_it(
    fetcher: Fetcher,
    receiver: ReceiverDouble,
    state: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    receiver.faults.append(fault)
    await fetcher.put([an_event("1", "success")])

    await fetcher.deliver()

    (error,) = await fetcher.errors()
    assert error == f"answered {fault} <h1>{fault}</h1> you sent ***"
    assert API_KEY not in caplog.text
    for path in state.parent.iterdir():
        assert API_KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("header", "seconds"), [("90", 90), ("Fri, 20 Nov 2026 12:01:40 GMT", 100), ("99999", 600)]
)
async def test_a_busy_receiver_is_asked_again_when_it_said(
    fetcher: Fetcher, receiver: ReceiverDouble, header: str, seconds: int
) -> None:
    receiver.faults.append("503")
    receiver.headers_of_faults = {"Retry-After": header}
    await fetcher.put([an_event("1", "success")])

    result = await fetcher.deliver()
    assert result.next_at == START + seconds * SECOND
    assert result.waiting == 1

    fetcher.now = result.next_at - SECOND
    await fetcher.put(a_deployment("2"))
    fetcher.start(receiver.url)  # the wait outlives the process
    await fetcher.deliver()
    assert (len(receiver.looks), len(receiver.posts)) == (1, 1)

    fetcher.now = result.next_at
    assert (await fetcher.deliver()).delivered == 3


async def test_a_receiver_that_is_away_for_hours_is_asked_ever_more_seldom_and_gets_everything(
    fetcher: Fetcher, receiver: ReceiverDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    away = f"http://127.0.0.1:{unused_port()}"
    fetcher.start(away)
    events = [event for number in range(50) for event in a_deployment(str(number))]
    await fetcher.put(events)

    waits = []
    while fetcher.now < START + timedelta(hours=3):
        result = await fetcher.deliver()
        assert (result.delivered, result.parked, result.waiting) == (0, 0, 100)
        assert result.next_at is not None
        waits.append((result.next_at - fetcher.now).total_seconds())
        fetcher.now = result.next_at
        if len(waits) == 5:
            fetcher.start(away)

    assert all(0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(waits[:6]))
    assert all(30 <= wait <= 60 for wait in waits[6:])
    assert len(set(waits)) > 10
    (message,) = caplog.messages
    assert message.startswith(f"The receiver {away} can't be reached: Cannot connect to host")

    fetcher.start(receiver.url)
    await fetcher.deliver_all()
    assert receiver.stored() == expected(events)


async def test_a_clock_that_was_set_back_does_not_stop_delivery(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.faults.append("503")
    await fetcher.put([an_event("1", "success")])
    await fetcher.deliver()

    fetcher.now -= timedelta(days=1)
    fetcher.start(receiver.url)

    assert (await fetcher.deliver()).delivered == 1


@pytest.mark.parametrize("status", [500, 503, 429, 200])
async def test_nothing_is_sent_while_it_can_not_be_told_what_the_receiver_holds(
    fetcher: Fetcher, receiver: ReceiverDouble, status: int
) -> None:
    receiver.looks_fail_with = status
    await fetcher.put([an_event("1", "success")])

    result = await fetcher.deliver()
    assert (result.waiting, result.blocked, receiver.posts) == (1, None, [])

    receiver.looks_fail_with = None
    assert (await fetcher.deliver_all())[-1].delivered == 1


@pytest.mark.parametrize(
    "body", ["<html>a login page</html>", "[]", "{}", '{"items": [{"id": 1}]}', "[" * 100_000]
)
async def test_something_else_than_a_receiver_gets_no_event_and_is_named(
    fetcher: Fetcher, body: str
) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.Response(text=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    await fetcher.put([an_event("1", "success")])
    async with TestServer(app) as server:
        fetcher.start(str(server.make_url("/")))
        result = await fetcher.deliver()

    assert result.blocked is not None
    assert "does not answer as a receiver: check fetcher.receiver_url" in result.blocked
    assert asked == ["GET"]


async def test_a_receiver_below_a_path_is_found_there(
    receiver: ReceiverDouble, state: Path
) -> None:
    for number, end in enumerate(["/dashboard", "/dashboard/"]):
        async with fetcher_with(state, receiver.url + end) as fetcher:
            await fetcher.put([an_event(str(number), "success")])
            assert (await fetcher.deliver()).delivered == 1
    assert receiver.paths == {"/dashboard/api/deployments"}


# Everything at once

some_faults = st.lists(
    st.sampled_from([*(f for f in [*LOST_ANSWERS, *NOT_STORED] if "hang" not in f), "422", "none"]),
    max_size=12,
)
some_lives = st.lists(st.tuples(st.integers(min_value=1, max_value=5), st.booleans()), max_size=3)


@given(faults=some_faults, lives=some_lives, honours_keys=st.booleans())
@settings(max_examples=25, deadline=None)
def test_whatever_goes_wrong_every_event_is_stored_once_or_parked(
    *, faults: list[Fault], lives: list[tuple[int, bool]], honours_keys: bool
) -> None:
    """Each life is a process's: it has so many rounds, and then loses its state, or not."""
    events = [*a_deployment("1"), *a_deployment("2"), *a_deployment("3")]

    async def live_and_deliver_all(receiver: ReceiverDouble, folder: Path) -> Counter[Any]:
        lost, now = 0, START
        for rounds, loses_its_state in lives:
            async with fetcher_with(folder / f"{lost}.db", receiver.url) as fetcher:
                await fetcher.live(events, rounds, now)
            lost, now = lost + loses_its_state, fetcher.now
        async with fetcher_with(folder / f"{lost}.db", receiver.url) as fetcher:
            await fetcher.live(events, 0, now)
            await fetcher.deliver_all()
            return await fetcher.parked()

    async def check() -> None:
        async with receiver_double() as receiver:
            receiver.faults.extend(faults)
            receiver.honours_keys = honours_keys
            with TemporaryDirectory() as folder:
                parked = await live_and_deliver_all(receiver, Path(folder))
            assert receiver.stored() + parked == expected(events)

    asyncio.run(check())
