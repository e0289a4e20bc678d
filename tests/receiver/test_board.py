"""GET /api/matrix, /api/services and /api/environments."""

import asyncio
import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from receiver.api import PARTS
from tests.receiver.api import Api, Clock, serving, settings_for
from tests.receiver.examples import EVERY_FIELD, submission
from tests.receiver.problem import assert_problem

pytestmark = pytest.mark.databases("sqlite", "postgresql")


async def test_an_empty_log_has_an_empty_matrix_at_position_0(api: Api) -> None:
    assert await api.read("/api/matrix") == {
        "generated_at": "2026-11-20T12:00:00Z",
        "last_event_id": 0,
        "environments": [],
        "rows": [],
    }


async def test_the_matrix_has_the_shape_of_the_contract(api: Api, clock: Clock) -> None:
    first = await api.append(service="b", environment="prod")
    failed = await api.append(
        service="b", environment="prod", status="failure", happened_at="2026-11-20T12:01:00Z"
    )
    started = await api.append(
        service="b", environment="prod", status="in-progress", happened_at="2026-11-20T12:02:00Z"
    )
    dev = await api.append(**{**EVERY_FIELD, "service": "a", "environment": "dev"})
    clock.tick(timedelta(minutes=1))

    assert await api.read("/api/matrix") == {
        "generated_at": "2026-11-20T12:01:00Z",
        "last_event_id": 4,
        "environments": ["dev", "prod"],
        "rows": [
            {"service": "a", "slots": {"dev": {"current": dev}}},
            {
                "service": "b",
                "slots": {
                    "prod": {"current": started, "last_successful": first, "prev_failed": True}
                },
            },
        ],
    }
    assert failed["id"] == 2


async def test_the_matrix_of_a_past_instant_is_of_what_had_happened_until_then(api: Api) -> None:
    first = await api.append(happened_at="2026-11-20T12:00:00Z")
    failed = await api.append(status="failure", happened_at="2026-11-20T12:01:00Z")
    await api.append(service="b", happened_at="2026-11-20T12:01:00.000001Z")

    async def rows(query: str) -> Any:
        answer = await api.read(f"/api/matrix?{query}")
        assert answer["last_event_id"] == 3
        return answer["rows"]

    before, since = "at=2026-11-20T12:00:59Z", "at=2026-11-20T13:01:00%2B01:00"
    failing = {"current": failed, "last_successful": first}
    assert await rows("at=2026-11-20T11:59:59Z") == []
    assert await rows(before) == [{"service": "checkout", "slots": {"prod": {"current": first}}}]
    assert await rows(since) == [{"service": "checkout", "slots": {"prod": failing}}]
    assert await rows(f"{since}&service=checkout") == await rows(since)
    assert await rows(f"{since}&service=b") == []


async def test_the_matrix_of_a_past_instant_has_an_etag_and_may_be_compressed(api: Api) -> None:
    await api.append()
    path = "/api/matrix?at=2026-11-20T12:00:00Z"

    whole = await api.get(path)
    packed = await api.get(path, Accept_Encoding="gzip")
    again = await api.get(path, If_None_Match=whole.headers["ETag"])

    assert json.loads(gzip.decompress(packed.body))["rows"] == whole.json["rows"]
    assert again.status == 304


async def test_a_matrix_of_no_instant_is_422(api: Api) -> None:
    assert_problem(await api.get("/api/matrix?at=yesterday"), 422, "/api/matrix")


async def test_what_was_acknowledged_is_in_the_matrix(api: Api) -> None:
    async def post_and_read(number: int) -> bool:
        sent = await api.append(service=f"service-{number}")
        matrix = await api.read("/api/matrix")
        slots = {row["service"]: row["slots"] for row in matrix["rows"]}
        return bool(
            matrix["last_event_id"] >= sent["id"]
            and slots[sent["service"]]["prod"]["current"] == sent
        )

    assert all(await asyncio.gather(*map(post_and_read, range(100))))


async def test_the_matrix_waits_for_what_is_on_disk_and_not_yet_folded(api: Api) -> None:
    parts = api.app[PARTS]
    for end in (3, 6):
        await api.fill([submission()] * 3)
        parts.feed.grown(1)  # old news, as of a post that was answered again
        assert parts.feed.position < end

        answer = await parts.board.matrix()

        assert json.loads(answer.body)["last_event_id"] == end


async def test_one_service_can_be_asked_for(api: Api) -> None:
    await api.append(service="a", environment="dev")
    wanted = await api.append(service="b c/d?&ü", environment="prod")

    matrix = await api.read("/api/matrix?service=b%20c%2Fd%3F%26%C3%BC")

    assert matrix["rows"] == [
        {"service": "b c/d?&ü", "slots": {"prod": {"current": wanted}}},
    ]
    assert matrix["environments"] == ["prod"]
    assert matrix["last_event_id"] == 2


async def test_a_service_that_never_deployed_has_no_row(api: Api) -> None:
    await api.append()

    matrix = await api.read("/api/matrix?service=nothing")

    assert (matrix["rows"], matrix["environments"], matrix["last_event_id"]) == ([], [], 1)


async def test_a_bad_parameter_of_the_matrix_is_422(api: Api) -> None:
    for query in ("service=", "servce=a", "service=a&service=b", "service=%20a"):
        assert_problem(await api.get(f"/api/matrix?{query}"), 422, "/api/matrix")


async def test_services_are_ordered_by_name(api: Api) -> None:
    for service in ("b", "a", "C", "ä", "b"):
        await api.append(service=service)

    assert await api.read("/api/services") == {"items": ["C", "a", "b", "ä"]}


async def test_environments_are_in_the_configured_order_first(tmp_path: Path, clock: Clock) -> None:
    settings = settings_for(tmp_path, environment_order=("live-eu", "prod"))
    async with serving(settings, clock) as api:
        for environment in ("dev", "zoo", "prod", "live-eu", "test"):
            await api.append(environment=environment)

        ordered = ["live-eu", "prod", "dev", "test", "zoo"]
        assert await api.read("/api/environments") == {"items": ordered}
        matrix = await api.read("/api/matrix")
        assert matrix["environments"] == ordered
        assert list(matrix["rows"][0]["slots"]) == ordered


async def test_the_matrix_has_a_weak_etag_that_saves_sending_it_again(api: Api) -> None:
    await api.append()
    first = await api.get("/api/matrix")
    tag = first.headers["ETag"]

    again = await api.get("/api/matrix", If_None_Match=tag)

    assert tag.startswith('W/"')
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)


async def test_the_etag_changes_with_every_event(api: Api) -> None:
    tags = set()
    for _ in range(3):
        tags.add((await api.get("/api/matrix")).headers["ETag"])
        await api.append(happened_at="2020-01-01T00:00:00Z")

    assert len(tags) == 3


async def test_the_etag_changes_with_the_settings(tmp_path: Path, clock: Clock) -> None:
    tags = set()
    for order in ((), ("prod", "dev")):
        async with serving(settings_for(tmp_path, environment_order=order), clock) as api:
            if not order:
                await api.append(environment="dev")
                await api.append(environment="prod")
            tags.add((await api.get("/api/matrix")).headers["ETag"])

    assert len(tags) == 2


async def test_another_log_has_another_etag(tmp_path: Path, clock: Clock) -> None:
    tags = set()
    for log in ("one", "other"):
        async with serving(settings_for(tmp_path / log), clock) as api:
            await api.append(version=log)
            tags.add((await api.get("/api/matrix")).headers["ETag"])

    assert len(tags) == 2


async def test_a_known_etag_is_304_in_whatever_form(api: Api) -> None:
    weak = (await api.get("/api/matrix")).headers["ETag"]
    forms = ("{}", '"other", {}', '{}, W/"other"', 'W/"a,b", {},"x"', "*")
    sent = [form.format(tag) for form in forms for tag in (weak, weak.removeprefix("W/"))]

    answers = {tags: (await api.get("/api/matrix", If_None_Match=tags)).status for tags in sent}

    assert answers == dict.fromkeys(sent, 304)


async def test_any_other_etag_gets_the_matrix(api: Api) -> None:
    sent = ['"other"', 'W/"0"', "", "garbage", '"', "W/*", 'W/"']

    answers = {tags: (await api.get("/api/matrix", If_None_Match=tags)).status for tags in sent}

    assert answers == dict.fromkeys(sent, 200)


async def test_the_matrix_is_compressed_when_asked(api: Api) -> None:
    await api.append()
    plain = await api.get("/api/matrix")
    for accepted in ("gzip", "GZIP", "deflate, gzip", "gzip;q=0.1", "*", "br;q=1.0, *;q=0.5"):
        answer = await api.get("/api/matrix", Accept_Encoding=accepted)

        assert answer.headers["Content-Encoding"] == "gzip", accepted
        assert gzip.decompress(answer.body) == plain.body
        assert "Accept-Encoding" in answer.headers["Vary"]


async def test_the_matrix_is_not_compressed_unasked(api: Api) -> None:
    for accepted in ("", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzipx", ";q"):
        answer = await api.get("/api/matrix", Accept_Encoding=accepted)

        assert "Content-Encoding" not in answer.headers, accepted
        assert answer.json["rows"] == []
        assert "Accept-Encoding" in answer.headers["Vary"]


async def test_head_answers_the_headers_of_the_matrix(api: Api) -> None:
    got = await api.get("/api/matrix")
    head = await api.request("HEAD", "/api/matrix")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


async def test_names_are_json_whatever_they_hold(api: Api) -> None:
    odd = '"\\</script>\u2028🚀'

    await api.append(service=odd, environment=odd, version="\t\n\r\x01")

    (row,) = (await api.read("/api/matrix"))["rows"]
    slots: dict[str, Any] = row["slots"]
    assert row["service"] == odd
    assert slots[odd]["current"]["version"] == "\t\n\r\x01"


async def test_the_matrix_is_compressed_once_for_all_who_ask_at_the_same_time(api: Api) -> None:
    await api.fill([submission(service=f"service-{number}") for number in range(500)])
    answer = await api.app[PARTS].board.matrix()

    packed = await asyncio.gather(*(answer.compressed() for _ in range(5)))

    assert {id(each) for each in packed} == {id(packed[0])}
    assert gzip.decompress(packed[0]) == answer.body
