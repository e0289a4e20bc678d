"""A receiver that takes nothing: away, busy, not one at all, or with another key."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from tests.fetcher.delivering import (
    START,
    Fetcher,
    a_deployment,
    an_event,
    expected,
    fetcher_with,
)
from tests.fetcher.receiver_double import API_KEY, Fault, ReceiverDouble, receiver_double

SECOND = timedelta(seconds=1)


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


async def test_a_bell_that_rings_while_the_receiver_is_left_alone_does_not_end_that(
    fetcher: Fetcher, receiver: ReceiverDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    receiver.faults.append("503")
    await fetcher.put([an_event("1", "success")])
    away = await fetcher.deliver()

    assert await fetcher.deliver() == away
    assert "takes events again" not in caplog.text


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
    while fetcher.now < START + timedelta(hours=1):
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


@pytest.mark.parametrize("fault", ["422", "500", "503"])
async def test_an_answer_that_quotes_the_key_is_kept_without_it(
    receiver: ReceiverDouble, file: Path, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    receiver.faults.append(fault)
    async with fetcher_with(file, receiver.url) as fetcher:
        await fetcher.put([an_event("1", "success")])

        await fetcher.deliver()

        (error,) = await fetcher.errors()
    assert error == f"answered {fault} <h1>{fault}</h1> you sent ***"
    assert API_KEY not in caplog.text
    for path in file.parent.iterdir():
        assert API_KEY.encode() not in path.read_bytes()
