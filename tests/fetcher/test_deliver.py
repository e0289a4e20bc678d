import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fetcher.delivering import (
    Fetcher,
    a_deployment,
    an_event,
    expected,
    fetcher_with,
)
from tests.fetcher.receiver_double import Phase, ReceiverDouble

SECOND = timedelta(seconds=1)


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


async def test_ten_thousand_events_arrive_in_one_round(
    receiver: ReceiverDouble, tmp_path: Path
) -> None:
    events = [event for number in range(5_000) for event in a_deployment(str(number))]
    async with fetcher_with(tmp_path / "fetcher.db", receiver.url) as fetcher:
        await fetcher.put(events)
        result = await fetcher.deliver()

    assert (result.delivered, result.waiting) == (10_000, 0)
    assert receiver.stored() == expected(events)


async def test_nothing_to_deliver_asks_the_receiver_nothing(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    result = await fetcher.deliver()

    assert result.waiting == 0
    assert receiver.looks == []


async def test_the_end_waits_until_the_beginning_is_delivered(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.faults.extend(["500", "503", "drop"])
    await fetcher.put(a_deployment("1"))

    await fetcher.deliver_all()

    assert [post["status"] for post in receiver.posts] == ["in-progress"] * 4 + ["success"]


async def test_many_events_that_are_parked_are_one_line(
    fetcher: Fetcher, receiver: ReceiverDouble, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.faults.extend(["422"] * 46)
    await fetcher.put([an_event(f"{number:02}", "success") for number in range(46)])

    assert (await fetcher.deliver()).parked == 46

    (said,) = [each for each in caplog.messages if "parked" in each]
    assert "is parked: the receiver answered 422" in said
    assert said.endswith("45 more are parked with it: see `deployment-fetcher check`")


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


async def test_a_receiver_below_a_path_is_found_there(receiver: ReceiverDouble, file: Path) -> None:
    for number, end in enumerate(["/dashboard", "/dashboard/"]):
        async with fetcher_with(file, receiver.url + end) as fetcher:
            await fetcher.put([an_event(str(number), "success")])
            assert (await fetcher.deliver()).delivered == 1
    assert receiver.paths == {"/dashboard/api/deployments"}
