"""Idempotency-Key: how a caller opts out of append-only."""

import asyncio
import json
from datetime import timedelta

import pytest

from receiver.config import Settings
from tests.program import Answer
from tests.receiver.api import Api, Clock, serving
from tests.receiver.examples import EVERY_FIELD, REQUIRED, as_json, submission
from tests.receiver.problem import assert_problem

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = timedelta(hours=24)
BRIEFLY = timedelta(seconds=1)


async def stored(api: Api) -> int:
    return len((await api.read("/api/deployments?limit=500"))["items"])


def same(first: Answer, again: Answer) -> bool:
    """Whether it is the first answer again, byte for byte."""
    named = [("Location", "Content-Type", "Content-Length")]
    headers = [[answer.headers[name] for name in named[0]] for answer in (first, again)]
    return (first.status, first.body, headers[0]) == (again.status, again.body, headers[1])


@pytest.mark.parametrize("body", [REQUIRED, EVERY_FIELD], ids=["required", "every field"])
async def test_the_same_key_and_bytes_get_the_first_answer_again(
    api: Api, clock: Clock, body: object
) -> None:
    first = await api.post(body, Idempotency_Key="k1", X_Progress_Reporter="fetcher/1.0")
    clock.tick(BRIEFLY)

    again = await api.post(body, Idempotency_Key="k1")

    assert first.status == 201
    assert same(first, again)
    assert await stored(api) == 1


async def test_other_bytes_with_the_same_key_are_422(api: Api) -> None:
    first = await api.post(REQUIRED, Idempotency_Key="k1")

    answer = await api.post(submission(version="2"), Idempotency_Key="k1")

    assert_problem(answer, 422)
    assert [error["pointer"] for error in answer.json["errors"]] == [""]
    assert "k1" not in answer.body.decode()
    assert await stored(api) == 1
    assert same(first, await api.post(REQUIRED, Idempotency_Key="k1"))


async def test_the_same_event_in_other_bytes_is_another_body(api: Api) -> None:
    await api.post(REQUIRED, Idempotency_Key="k1")

    spaced = json.dumps(REQUIRED, indent=1).encode()

    assert_problem(await api.post(spaced, Idempotency_Key="k1"), 422)


async def test_different_keys_are_different_events(api: Api) -> None:
    answers = [await api.post(REQUIRED, Idempotency_Key=key) for key in ("k1", "K1", "k2")]

    assert [answer.json["id"] for answer in answers] == [1, 2, 3]


async def test_without_the_header_nothing_changes(api: Api) -> None:
    await api.post(REQUIRED, Idempotency_Key="k1")
    await api.post(REQUIRED)
    await api.post(REQUIRED)

    assert await stored(api) == 3


async def test_just_before_24_hours_the_key_is_still_known(api: Api, clock: Clock) -> None:
    first = await api.post(REQUIRED, Idempotency_Key="k1")
    clock.tick(DAY - timedelta(microseconds=1))

    assert same(first, await api.post(REQUIRED, Idempotency_Key="k1"))
    assert await stored(api) == 1


async def test_after_24_hours_the_key_is_free_again(api: Api, clock: Clock) -> None:
    await api.post(REQUIRED, Idempotency_Key="k1")
    clock.tick(DAY)

    second = await api.post(submission(version="2"), Idempotency_Key="k1")
    clock.tick(DAY - BRIEFLY)
    again = await api.post(submission(version="2"), Idempotency_Key="k1")

    assert second.json["id"] == 2
    assert same(second, again)


async def test_a_replay_does_not_lengthen_the_24_hours(api: Api, clock: Clock) -> None:
    await api.post(REQUIRED, Idempotency_Key="k1")
    clock.tick(DAY - BRIEFLY)
    await api.post(REQUIRED, Idempotency_Key="k1")
    clock.tick(BRIEFLY)

    assert (await api.post(REQUIRED, Idempotency_Key="k1")).json["id"] == 2


async def test_forgetting_old_keys_forgets_no_event(api: Api, clock: Clock) -> None:
    await api.post(REQUIRED, Idempotency_Key="k1")
    for _ in range(3):
        clock.tick(DAY)
        await api.append()

    assert await stored(api) == 4


@pytest.mark.parametrize(
    "refused",
    [
        {"body": as_json(submission(status="done"))},
        {"body": b"{"},
        {"body": b" " * 70_000},
        {"body": as_json(REQUIRED), "X_Api_Key": "wrong"},
        {"body": as_json(REQUIRED), "Content_Type": "text/plain"},
        {"body": as_json(REQUIRED), "X_Progress_Reporter": "NOT LIKE THIS"},
    ],
    ids=["invalid", "not json", "too large", "wrong key", "not called json", "bad reporter"],
)
async def test_a_refused_post_does_not_use_up_its_key(api: Api, refused: dict[str, str]) -> None:
    assert (await api.post(**refused, Idempotency_Key="k1")).status >= 400

    assert (await api.post(REQUIRED, Idempotency_Key="k1")).status == 201


async def test_posts_at_the_same_time_with_one_key_make_one_row(api: Api) -> None:
    answers = await asyncio.gather(*(api.post(REQUIRED, Idempotency_Key="k1") for _ in range(50)))

    assert all(same(answers[0], answer) for answer in answers)
    assert await stored(api) == 1


async def test_of_two_bodies_at_the_same_time_one_wins(api: Api) -> None:
    bodies = [submission(version=str(number % 2)) for number in range(50)]

    answers = await asyncio.gather(*(api.post(body, Idempotency_Key="k1") for body in bodies))

    assert sorted(answer.status for answer in answers) == [201] * 25 + [422] * 25
    assert len({answer.body for answer in answers if answer.status == 201}) == 1
    assert await stored(api) == 1


async def test_keys_and_plain_posts_mix_in_one_batch(api: Api) -> None:
    posts = [
        api.post(
            submission(run_number=number % 10),
            **({"Idempotency_Key": f"k{number % 10}"} if number % 2 else {}),
        )
        for number in range(100)
    ]

    assert {answer.status for answer in await asyncio.gather(*posts)} == {201}
    assert await stored(api) == 50 + 5


async def test_a_key_is_known_after_a_restart(settings: Settings, clock: Clock) -> None:
    async with serving(settings, clock) as api:
        first = await api.post(EVERY_FIELD, Idempotency_Key="k1")
    async with serving(settings, clock) as api:
        assert same(first, await api.post(EVERY_FIELD, Idempotency_Key="k1"))
        assert_problem(await api.post(REQUIRED, Idempotency_Key="k1"), 422)
        assert await stored(api) == 1


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
async def test_a_malformed_key_is_422_and_stores_nothing(api: Api, key: str) -> None:
    assert_problem(await api.post(REQUIRED, Idempotency_Key=key), 422)
    assert await stored(api) == 0


async def test_a_key_may_be_as_long_as_the_contract_says(api: Api) -> None:
    key = "~" * 255
    first = await api.post(REQUIRED, Idempotency_Key=key)

    assert same(first, await api.post(REQUIRED, Idempotency_Key=key))
