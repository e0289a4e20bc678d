"""What POST /api/deployments answers."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from receiver.api import LARGEST_BODY
from tests.receiver.api import KEY, Api, Clock
from tests.receiver.examples import EVERY_FIELD, REQUIRED, as_json, submission
from tests.receiver.problem import assert_problem
from tests.receiver.wire import connected, exchange, post_head


def body_of(length: int) -> bytes:
    """A valid body of so many bytes."""
    body = as_json(REQUIRED)
    return body + b" " * (length - len(body))


async def stored(api: Api) -> int:
    return len((await api.read("/api/deployments"))["items"])


async def test_an_event_is_answered_as_it_will_be_read(api: Api, clock: Clock) -> None:
    clock.tick(timedelta(microseconds=5))

    answer = await api.post(EVERY_FIELD, X_Progress_Reporter="fetcher/1.0")

    assert answer.status == 201
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.json == {
        **EVERY_FIELD,
        "id": 1,
        "received_at": "2026-11-20T12:00:00.000005Z",
        "progress_reporter": "fetcher/1.0",
    }


async def test_the_location_answers_the_same_bytes(api: Api) -> None:
    bodies = [EVERY_FIELD, REQUIRED, submission(happened_at="0001-01-01T00:00:00.000001Z")]
    for number, body in enumerate(bodies, start=1):
        posted = await api.post(body)

        assert posted.headers["Location"] == f"/api/deployments/{number}"
        assert (await api.get(posted.headers["Location"])).body == posted.body


async def test_ids_grow_by_one(api: Api) -> None:
    assert [(await api.append())["id"] for _ in range(3)] == [1, 2, 3]


async def test_a_retried_post_makes_another_row(api: Api) -> None:
    first, second = await api.post(REQUIRED), await api.post(REQUIRED)

    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]
    assert await stored(api) == 2


async def test_posts_at_the_same_time_are_all_stored_once(api: Api) -> None:
    async def post(number: int) -> int:
        return int((await api.append(run_number=number))["run_number"])

    assert sorted(await asyncio.gather(*map(post, range(200)))) == list(range(200))
    items = (await api.read("/api/deployments?limit=500"))["items"]
    assert sorted(item["run_number"] for item in items) == list(range(200))
    assert sorted(item["id"] for item in items) == list(range(1, 201))


async def test_an_absent_field_stays_absent(api: Api) -> None:
    empty: dict[str, Any] = {
        "version": "",
        "run_url": None,
        "run_number": "",
        "parent_deployments": [],
    }

    assert (await api.append(**empty)).keys() == REQUIRED.keys() | {"id", "received_at"}


async def test_every_mistake_is_in_the_answer(api: Api) -> None:
    bad = submission(service="", run_number="42", extra=1)

    answer = await api.post(bad, Idempotency_Key="a b", X_Progress_Reporter="A B")

    assert_problem(answer, 422)
    assert [error["pointer"] for error in answer.json["errors"]] == [
        *("", "", "/service", "/run_number", "/extra")
    ]
    assert all(error.keys() == {"pointer", "message"} for error in answer.json["errors"])
    assert await stored(api) == 0


async def test_bad_json_and_bad_headers_are_told_together(api: Api) -> None:
    answer = await api.post(b"{", Idempotency_Key="a b")

    assert_problem(answer, 422)
    assert [error["pointer"] for error in answer.json["errors"]] == ["", ""]


async def test_a_field_that_is_not_unicode_is_pointed_at(api: Api) -> None:
    answer = await api.post({**REQUIRED, "\ud800": 1})

    assert_problem(answer, 422)
    assert answer.json["errors"][0]["pointer"] == "/\ud800"


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
async def test_json_is_taken(api: Api, content_type: str) -> None:
    assert (await api.post(REQUIRED, Content_Type=content_type)).status == 201


@pytest.mark.parametrize("name", ["Application/JSON", "application/json;charset=UTF-8;x=1"])
async def test_the_case_and_parameters_of_a_content_type_do_not_matter(api: Api, name: str) -> None:
    assert (await api.post(REQUIRED, Content_Type=name)).status == 201


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "text/json", "json", "a/b/c", ";"],
)
async def test_anything_else_is_415_and_says_what_to_send(api: Api, content_type: str) -> None:
    answer = await api.post(REQUIRED, Content_Type=content_type)

    assert_problem(answer, 415)
    assert "Content-Type: application/json" in answer.json["detail"]
    assert await stored(api) == 0


async def test_no_content_type_is_415(api: Api) -> None:
    answer = await api.request("POST", "/api/deployments", as_json(REQUIRED), X_Api_Key=KEY)

    assert_problem(answer, 415)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "made-up"])
async def test_a_compressed_body_is_415(api: Api, coding: str) -> None:
    assert_problem(await api.post(REQUIRED, Content_Encoding=coding), 415)


async def test_a_body_of_64_kib_is_taken(api: Api) -> None:
    assert (await api.post(body_of(LARGEST_BODY))).status == 201


async def test_a_body_over_64_kib_is_413(api: Api) -> None:
    assert_problem(await api.post(body_of(LARGEST_BODY + 1)), 413)
    assert await stored(api) == 0


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_a_chunked_body_of_64_kib_is_taken(api: Api) -> None:
    body, half = body_of(LARGEST_BODY), LARGEST_BODY // 2
    chunks = [chunk(body[:half]), chunk(body[half:]), b"0\r\n\r\n"]

    answer = await exchange(api.port, post_head("Transfer-Encoding: chunked") + b"".join(chunks))

    assert answer.status == 201


async def test_a_chunked_body_is_413_before_it_ends(api: Api) -> None:
    endless = post_head("Transfer-Encoding: chunked") + chunk(body_of(LARGEST_BODY + 1))

    assert_problem(await exchange(api.port, endless), 413)


async def test_an_announced_large_body_is_413_before_it_ends(api: Api) -> None:
    announced = post_head("Content-Length: 1000000000") + body_of(LARGEST_BODY + 1)

    assert_problem(await exchange(api.port, announced), 413)


async def test_an_announced_large_body_need_not_be_sent(api: Api) -> None:
    assert_problem(await exchange(api.port, post_head("Content-Length: 1000000000")), 413)


async def test_a_wrong_key_is_401_before_the_body_is_sent(api: Api) -> None:
    announced = post_head("Content-Length: 100", key=b"wrong")

    assert_problem(await exchange(api.port, announced), 401)


async def test_a_body_that_never_comes_stores_nothing(api: Api) -> None:
    body = as_json(REQUIRED)
    async with connected(api.port) as wire:
        await wire.send(post_head(f"Content-Length: {len(body) + 1}") + body)

    assert await stored(api) == 0


async def test_a_body_that_is_cut_off_is_400(api: Api) -> None:
    body = as_json(REQUIRED)
    async with connected(api.port) as wire:
        await wire.send(post_head(f"Content-Length: {len(body) + 1}") + body)
        wire.writer.write_eof()
        rest = await wire.rest()

    assert not rest or rest.startswith(b"HTTP/1.1 400 ")
    assert await stored(api) == 0


async def test_a_chunked_body_with_garbage_is_400(api: Api) -> None:
    garbage = (
        post_head("Transfer-Encoding: chunked") + chunk(as_json(REQUIRED)) + b"garbage\r\n\r\n"
    )

    answer = await exchange(api.port, garbage)

    assert_problem(answer, 400, answer.json["instance"])
    assert await stored(api) == 0


@pytest.mark.parametrize("ending", [b"", b"garbage\r\n\r\n"])
async def test_a_body_that_does_not_come_to_its_end_is_408(
    api: Api, ending: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.server.BODY_SECONDS", 0.1)  # the test need not wait so long
    async with connected(api.port) as wire:
        await wire.send(post_head("Transfer-Encoding: chunked") + chunk(b"{"))
        await api.read("/healthz")  # by now the head and the first chunk are read
        await wire.send(ending)

        assert_problem(await wire.answer(), 408)

    assert await stored(api) == 0


async def test_a_client_that_waits_for_it_is_told_to_continue(api: Api) -> None:
    body = as_json(REQUIRED)
    async with connected(api.port) as wire:
        await wire.send(post_head("Expect: 100-continue", f"Content-Length: {len(body)}"))
        assert (await wire.head())[0] == 100
        await wire.send(body)

        assert (await wire.answer()).status == 201


async def test_a_client_with_a_wrong_key_is_not_told_to_continue(api: Api) -> None:
    waiting = post_head("Expect: 100-continue", "Content-Length: 1000", key=b"wrong")

    assert_problem(await exchange(api.port, waiting), 401)


async def test_a_large_body_is_not_asked_for(api: Api) -> None:
    waiting = post_head("Expect: 100-continue", f"Content-Length: {LARGEST_BODY + 1}")

    assert_problem(await exchange(api.port, waiting), 413)


async def test_another_expectation_is_ignored(api: Api) -> None:
    body = as_json(REQUIRED)
    request = post_head("Expect: the-unexpected", f"Content-Length: {len(body)}") + body

    assert (await exchange(api.port, request)).status == 201


async def test_requests_sent_ahead_are_answered_in_order(api: Api) -> None:
    bodies = [as_json(submission(run_number=number)) for number in range(5)]
    async with connected(api.port) as wire:
        await wire.send(
            b"".join(post_head(f"Content-Length: {len(body)}") + body for body in bodies)
        )
        answers = [await wire.answer() for _ in bodies]

    assert [answer.json["run_number"] for answer in answers] == list(range(5))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_405(api: Api, method: str) -> None:
    answer = await api.request(method, "/api/deployments")

    assert_problem(answer, 405)
    assert re.split(", ?", answer.headers["Allow"]) == ["GET", "HEAD", "POST"]


async def test_clients_that_go_away_disturb_nobody(api: Api) -> None:
    body = as_json(submission(service="gone"))
    for _ in range(30):
        async with connected(api.port) as wire:
            await wire.send(post_head(f"Content-Length: {len(body)}") + body)

    assert (await api.append(service="stays"))["service"] == "stays"
