"""Who may write, and that a key is never told."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.access import Grant, Keys
from receiver.api import PARTS
from tests.receiver.api import KEY, Api, Clock, serving, settings_for
from tests.receiver.examples import REQUIRED, as_json, submission
from tests.receiver.problem import assert_problem
from tests.receiver.wire import exchange, post_head

ANOTHER = "another-key-0123456789"


def test_a_key_is_known_whole_or_not_at_all() -> None:
    ci, fetcher = Grant("ci"), Grant("fetcher")
    keys = Keys([("one", ci), ("two", fetcher)])

    assert [keys.grant_of(key) for key in ("one", "two", "three", "", "ONE", "one ", None)] == [
        *(ci, fetcher, None, None, None, None, None)
    ]


def hashed(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest().upper()


async def test_a_key_of_which_only_the_hash_is_known_may_write(
    tmp_path: Path, clock: Clock
) -> None:
    settings = settings_for(tmp_path, api_keys={"ci": KEY, "fetcher": hashed(ANOTHER)})
    async with serving(settings, clock) as api:
        assert (await api.post(REQUIRED, X_Api_Key=ANOTHER)).status == 201
        assert (await api.post(REQUIRED, X_Api_Key=hashed(ANOTHER))).status == 401
        assert (await api.post(REQUIRED, X_Api_Key=KEY)).status == 201


async def test_a_key_may_be_limited_to_some_slots(tmp_path: Path, clock: Clock) -> None:
    limits = {"services": ["shop-*", "web"], "environments": ["dev*"]}
    settings = settings_for(tmp_path, api_keys={"ci": {"key": KEY, **limits}})
    async with serving(settings, clock) as api:
        for service, environment in (("shop-api", "dev"), ("web", "dev-2")):
            await api.append(service=service, environment=environment)
        for service, environment in (("shop", "dev"), ("Web", "dev"), ("web", "prod")):
            body = submission(service=service, environment=environment)
            refused = await api.post(body, Idempotency_Key="k1")

            assert_problem(refused, 403)
            assert refused.json["detail"] == f"The key ci may not write {service} in {environment}."
        assert len((await api.read("/api/deployments"))["items"]) == 2
        assert (await api.post(submission(service="web", environment="dev"))).status == 201


async def test_who_sent_an_event_is_kept_and_not_told(tmp_path: Path, clock: Clock) -> None:
    settings = settings_for(tmp_path, api_keys={"ci": KEY, "fetcher": ANOTHER})
    async with serving(settings, clock) as api:
        told = [(await api.post(REQUIRED, X_Api_Key=key)).json for key in (KEY, ANOTHER)]
        kept = await api.app[PARTS].store.after(0, 10)

    assert [event.sent_by for event in kept] == ["ci", "fetcher"]
    assert not [event for event in told if "sent_by" in event]


async def test_each_of_several_keys_may_write(tmp_path: Path, clock: Clock) -> None:
    settings = settings_for(tmp_path, api_keys={"ci": KEY, "fetcher": ANOTHER})
    async with serving(settings, clock) as api:
        assert (await api.post(REQUIRED, X_Api_Key=KEY)).status == 201
        assert (await api.post(REQUIRED, X_Api_Key=ANOTHER)).status == 201
        assert (await api.post(REQUIRED, X_Api_Key=KEY + ANOTHER)).status == 401


@pytest.mark.parametrize(
    "key", [b"", b"wrong", KEY[:-1].encode(), KEY.upper().encode(), KEY.encode() * 2, b"\xff\xfe"]
)
async def test_a_wrong_key_is_401(api: Api, key: bytes) -> None:
    body = as_json(REQUIRED)
    length = f"Content-Length: {len(body)}"

    answer = await exchange(api.port, post_head(length, key=key) + body)

    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"]
    assert await api.read("/api/deployments") == {"items": [], "next_cursor": None}


async def test_no_key_is_401(api: Api) -> None:
    answer = await api.request(
        "POST", "/api/deployments", as_json(REQUIRED), Content_Type="application/json"
    )

    assert_problem(answer, 401)


async def test_a_key_elsewhere_does_not_count(api: Api) -> None:
    headers = {"Content_Type": "application/json", "Authorization": f"Bearer {KEY}"}

    answer = await api.request(
        "POST", f"/api/deployments?api_key={KEY}", as_json(REQUIRED), **headers
    )

    assert_problem(answer, 401)


async def test_the_key_is_checked_before_anything_else(api: Api) -> None:
    answer = await api.post(b"{", X_Api_Key="wrong", Content_Type="text/plain")

    assert_problem(answer, 401)


async def test_reading_needs_no_key(api: Api) -> None:
    await api.append()
    paths = ["/api/matrix", "/api/deployments", "/api/deployments/1", "/api/services", "/metrics"]

    assert [(await api.get(path)).status for path in paths] == [200] * len(paths)


LINES = f"X-Api-Key: {KEY}\r\nContent-Type: application/json\r\n"
MALFORMED = {
    "control character in the key": f"GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key: {KEY}\x00\r\n\r\n",
    "space after the name": f"GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key : {KEY}\r\n\r\n",
    "over-long key": f"GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key: {KEY * 3000}\r\n\r\n",
    "over-long name": f"GET / HTTP/1.1\r\nHost: a\r\n{LINES}{'x' * 70_000}: {KEY}\r\n\r\n",
    "over-long line": f"GET /{KEY * 3000} HTTP/1.1\r\nHost: a\r\n\r\n",
    "too many headers": f"GET / HTTP/1.1\r\nHost: a\r\n{LINES * 5000}\r\n",
    "no host": f"GET / HTTP/1.1\r\n{LINES}\r\n",
    "two hosts": f"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n{LINES}\r\n",
    "bad length": f"POST / HTTP/1.1\r\nHost: a\r\n{LINES}Content-Length: {KEY}\r\n\r\n",
    "negative length": f"POST / HTTP/1.1\r\nHost: a\r\n{LINES}Content-Length: -1\r\n\r\n",
    "two framings": f"POST / HTTP/1.1\r\nHost: a\r\n{LINES}Content-Length: 3\r\n"
    "Transfer-Encoding: chunked\r\n\r\nabc",
    "bad coding": f"POST / HTTP/1.1\r\nHost: a\r\n{LINES}Transfer-Encoding: {KEY}\r\n\r\n",
    "bad chunk": f"POST / HTTP/1.1\r\nHost: a\r\n{LINES}Transfer-Encoding: chunked\r\n\r\n{KEY}",
    "bad version": f"GET / HTTP/9.{KEY}\r\nHost: a\r\n{LINES}\r\n",
    "bad method": f"{KEY} / HTTP/1.1\r\nHost: a\r\n{LINES}\r\n",
    "bad target": f"GET http://[{KEY} HTTP/1.1\r\nHost: a\r\n{LINES}\r\n",
    "bare line feeds": f"GET / HTTP/1.1\nHost: a\n{LINES}\n\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\x03" + KEY,
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_request_is_a_problem_that_quotes_nothing(
    api: Api, request_: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await exchange(api.port, request_.encode("latin-1"))

    assert_problem(answer, 400, "/")
    assert KEY[:10] not in str(answer)
    assert KEY[:10] not in caplog.text


async def test_a_header_of_20_kb_is_an_ordinary_header(api: Api) -> None:
    assert (await api.get("/api/version", Cookie="x" * 20_000)).status == 200


async def test_no_answer_and_no_log_line_holds_a_key(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [
        await api.post(REQUIRED),
        await api.post(b"{"),
        await api.post(REQUIRED, X_Api_Key=KEY + "x"),
        await api.post(REQUIRED, Content_Type="text/plain"),
        await api.post(b" " * 70_000),
        await api.post(submission(service=None, x=1)),
        await api.post(REQUIRED, Idempotency_Key="é"),
        await api.post(REQUIRED, Expect="something"),
        await api.get("/nothing", X_Api_Key=KEY),
        await api.get("/api/matrix", X_Api_Key=KEY, Expect="something"),
        await api.get("/metrics"),
    ]

    assert len({answer.status for answer in answers}) > 5
    assert not [answer for answer in answers if KEY in str(answer)]
    assert KEY not in caplog.text


async def test_a_key_with_a_limit_is_told_when_to_come_again(tmp_path: Path, clock: Clock) -> None:
    keys = {"ci": {"key": KEY, "requests_per_minute": 2}, "fetcher": ANOTHER}
    async with serving(settings_for(tmp_path, api_keys=keys), clock) as api:
        assert [(await api.post(REQUIRED)).status for _ in range(2)] == [201, 201]
        refused = await api.post(REQUIRED)

        assert_problem(refused, 429)
        assert refused.headers["Retry-After"] == "30"
        assert "The key ci may send 2 requests a minute" in refused.json["detail"]
        (rejection,) = (await api.read("/api/rejections"))["items"]
        assert (rejection["status"], rejection["key_name"]) == (429, "ci")
        assert (await api.post(REQUIRED, X_Api_Key=ANOTHER)).status == 201

        clock.tick(timedelta(seconds=30))
        assert [(await api.post(REQUIRED)).status for _ in range(2)] == [201, 429]
