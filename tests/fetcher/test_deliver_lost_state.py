"""What is left when the fetcher's state is not: the events that the receiver holds."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.fetcher.delivering import (
    START,
    Fetcher,
    a_deployment,
    an_event,
    expected,
    fetcher_with,
)
from tests.fetcher.receiver_double import ReceiverDouble

SECOND = timedelta(seconds=1)


async def test_a_lost_state_loses_and_doubles_nothing(
    place: Path | URL, receiver: ReceiverDouble, tmp_path: Path
) -> None:
    before = [event for number in range(3) for event in a_deployment(str(number))]
    after = [*before[:-1], an_event("2", "failure", 60), *a_deployment("4")]
    async with fetcher_with(place, receiver.url) as fetcher:
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
    place: Path | URL, receiver: ReceiverDouble, tmp_path: Path, told: int
) -> None:
    back = replace(an_event("1", "success", 120), again=True)
    events = [an_event("1", "success"), an_event("1", "failure", 60), back]
    async with fetcher_with(place, receiver.url) as fetcher:
        await fetcher.put(events[:told])
        await fetcher.deliver_all()

    async with fetcher_with(tmp_path / "new.db", receiver.url) as fetcher:
        await fetcher.put(events)
        await fetcher.deliver_all()

    assert [row["status"] for row in receiver.rows] == ["success", "failure", "success"]


async def test_after_a_lost_state_a_deployment_keeps_the_service_name_that_the_receiver_knows(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    beginning, end = (replace(event, service="cart") for event in a_deployment("1"))
    receiver.store(beginning.key, beginning.body())
    await fetcher.put(a_deployment("1"))  # of "checkout"

    await fetcher.deliver_all()

    assert [(row["service"], row["status"]) for row in receiver.rows] == [
        ("cart", "in-progress"),
        ("cart", "success"),
    ]
    assert receiver.posts == [json.loads(end.body())]
    assert receiver.keys == [end.key]


async def test_another_environment_of_the_deployment_says_nothing_of_the_services_name(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    other = replace(an_event("1", "success"), service="cart", environment="staging")
    receiver.store(other.key, other.body())
    await fetcher.put([an_event("1", "success")])

    await fetcher.deliver_all()

    assert [row["service"] for row in receiver.rows] == ["cart", "checkout"]


async def test_an_event_that_somebody_else_told_twice_is_counted_as_such(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    event = an_event("1", "success")
    for key in ("theirs", "theirs too"):
        receiver.store(key, event.body())
    await fetcher.put([event, an_event("2", "success")])

    await fetcher.deliver_all()

    assert {(each.result, each.twice) for each in fetcher.settled} == {
        ("found", True),
        ("delivered", False),
    }


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
