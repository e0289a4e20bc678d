"""Whatever goes wrong between fetcher and receiver, every event is there exactly once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
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
from tests.fetcher.receiver_double import Fault, ReceiverDouble, receiver_double

SECOND = timedelta(seconds=1)


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


async def test_an_event_that_always_fails_is_sent_less_and_less_often(
    fetcher: Fetcher, receiver: ReceiverDouble
) -> None:
    receiver.fails_always_for = "bad"
    await fetcher.put([an_event("bad", "success")])
    sent_at: list[datetime] = []

    while len(sent_at) < 9:
        await fetcher.put([an_event(str(fetcher.now), "success")])  # the receiver takes others
        posts = len(receiver.posts)
        result = await fetcher.deliver()
        if any(post["deployment_id"] == "bad" for post in receiver.posts[posts:]):
            sent_at.append(fetcher.now)
        fetcher.now = max(fetcher.now, result.next_at or fetcher.now)

    assert sent_at[1] - sent_at[0] < 10 * SECOND
    assert sent_at[-1] - sent_at[-2] >= 30 * SECOND


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


some_faults = st.lists(
    st.sampled_from([*(f for f in [*LOST_ANSWERS, *NOT_STORED] if "hang" not in f), "422", "none"]),
    max_size=12,
)
some_lives = st.lists(st.tuples(st.integers(min_value=1, max_value=5), st.booleans()), max_size=3)


@given(faults=some_faults, lives=some_lives, honours_keys=st.booleans())
@settings(max_examples=25)
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
