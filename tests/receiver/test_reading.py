"""Who may read, where reading needs a key."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from receiver.api import PARTS, routes
from receiver.app import change_keys
from receiver.config import Settings
from receiver.rate import GUESSES_PER_MINUTE
from tests.program import Answer
from tests.receiver.api import KEY, Api, Clock, serving, settings_for
from tests.receiver.examples import REQUIRED
from tests.receiver.problem import assert_problem
from tests.receiver.test_access import hashed
from tests.receiver.test_openapi import assert_documented

READ_KEY = "a-key-to-read-with"
ANOTHER = "another-key-to-read-with"
OPEN = {
    *("/", "/api/docs", "/openapi.json", "/api/version", "/api/settings"),
    *("/healthz", "/readyz", "/metrics", "/api/session"),
}


@pytest.fixture
async def closed(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Api]:
    """A receiver that lets nobody read without a key."""
    caplog.set_level(logging.INFO)
    async with serving(protected(tmp_path), clock) as api:
        yield api


def protected(folder: Path, **more: Any) -> Settings:
    return settings_for(folder, **{"read_keys": {"team": READ_KEY}} | more)


async def sign_in(api: Api, key: str = READ_KEY, **headers: str) -> Answer:
    return await api.request("POST", "/api/session", None, X_Api_Key=key, **headers)


def cookie_of(answer: Answer) -> str:
    """The header that a browser sends from then on."""
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    return f"{morsel.key}={morsel.value}"


async def signed_in(api: Api) -> str:
    answer = await sign_in(api)
    assert answer.status == 204
    return cookie_of(answer)


async def test_what_is_neither_open_nor_shown_a_key_is_refused(closed: Api) -> None:
    paths = {route.path.replace("{id}", "1") for route in routes([]) if route.method == "GET"}

    for path in sorted(paths - OPEN):
        answer = await closed.get(path)

        assert_problem(answer, 401, path)
        assert_documented(answer, path.replace("/1", "/{id}"))
        assert answer.headers["WWW-Authenticate"].startswith("ApiKey ")
        assert "Set-Cookie" not in answer.headers
    for path in sorted(paths & OPEN):
        assert (await closed.get(path)).status in (200, 503), path  # 503: no page was built


async def test_a_program_reads_with_a_read_key_or_one_that_may_write(closed: Api) -> None:
    stored = await closed.append()

    for key in (READ_KEY, KEY):
        assert (await closed.get("/api/deployments/1", X_Api_Key=key)).json == stored
        async with closed.stream("?last_event_id=0", X_Api_Key=key) as stream:
            assert (await stream.message()).data == stored
    assert_problem(await closed.get("/api/matrix", X_Api_Key="wrong"), 401, "/api/matrix")


async def test_a_read_key_does_not_write(closed: Api) -> None:
    assert_problem(await closed.post(REQUIRED, X_Api_Key=READ_KEY), 401)


async def test_a_refused_sign_in_is_no_refused_post(closed: Api) -> None:
    assert (await sign_in(closed, "a-wrong-key")).status == 401
    assert (await closed.request("POST", "/api/nowhere", b"")).status == 404
    assert (await closed.post(REQUIRED, X_Api_Key="another-wrong-key")).status == 401

    (refused,) = (await closed.get("/api/rejections", X_Api_Key=READ_KEY)).json["items"]
    assert refused["detail"].startswith("The X-Api-Key header is missing")


async def test_a_session_reads_and_streams_and_does_not_write(closed: Api) -> None:
    stored = await closed.append()
    cookie = await signed_in(closed)

    assert (await closed.get("/api/deployments/1", Cookie=cookie)).json == stored
    async with closed.stream("?last_event_id=0", Cookie=cookie) as stream:
        assert (await stream.message()).data == stored
    body = b'{"deployment_id": "x"}'
    headers = {"Cookie": cookie, "Content_Type": "application/json"}
    assert_problem(await closed.request("POST", "/api/deployments", body, **headers), 401)


async def test_a_key_in_the_request_counts_before_the_session(closed: Api) -> None:
    cookie = await signed_in(closed)

    answer = await closed.get("/api/matrix", Cookie=cookie, X_Api_Key="wrong")

    assert_problem(answer, 401, "/api/matrix")


@pytest.mark.parametrize(("origin", "secure"), [("https://d.example", True), ("http://d", False)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    closed: Api, origin: str, *, secure: bool
) -> None:
    answer = await sign_in(closed, Origin=origin)

    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert morsel["httponly"]
    assert morsel["samesite"] == "Strict"
    assert morsel["path"] == "/"
    assert morsel["domain"] == ""
    assert morsel["max-age"] == str(30 * 24 * 3600)
    assert bool(morsel["secure"]) == secure


async def test_only_a_read_key_signs_in(closed: Api) -> None:
    for answer in (
        await sign_in(closed, "wrong"),
        await sign_in(closed, KEY),
        await sign_in(closed, hashed(READ_KEY)),
        await closed.request("POST", "/api/session"),
    ):
        assert_problem(answer, 401, "/api/session")
        assert "Set-Cookie" not in answer.headers


async def test_no_other_site_is_let_send_the_header_that_signs_in(closed: Api) -> None:
    asked = {"Access_Control_Request_Headers": "x-api-key", "Origin": "https://evil.example"}

    answer = await closed.request("OPTIONS", "/api/session", None, **asked)

    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


async def test_signing_out_makes_the_browser_forget(closed: Api) -> None:
    answer = await closed.request("DELETE", "/api/session", Cookie=await signed_in(closed))

    assert answer.status == 204
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (morsel.value, morsel["max-age"], morsel["path"]) == ("", "0", "/")


async def test_a_session_ends_with_its_time(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.stream.KEEPALIVE_SECONDS", 0.02)  # the test need not wait 15 s
    async with serving(protected(tmp_path, session_days=1), clock) as api:
        cookie = await signed_in(api)
        clock.tick(timedelta(days=1, seconds=-1))
        assert (await api.get("/api/matrix", Cookie=cookie)).status == 200
        async with api.stream(Cookie=cookie) as stream:
            clock.tick(timedelta(seconds=1))
            assert await stream.ended()

        assert_problem(await api.get("/api/matrix", Cookie=cookie), 401, "/api/matrix")


async def test_a_session_outlives_a_restart_but_not_its_key(tmp_path: Path, clock: Clock) -> None:
    before, hashes, after = (
        protected(tmp_path, read_keys=keys)
        for keys in ({"a": READ_KEY, "b": ANOTHER}, {"c": hashed(READ_KEY)}, {"c": ANOTHER})
    )
    async with serving(before, clock) as api:
        cookie = await signed_in(api)
    async with serving(hashes, clock) as api:
        assert (await api.get("/api/matrix", Cookie=cookie)).status == 200

        change_keys(api.app[PARTS].guard, after)
        assert_problem(await api.get("/api/matrix", Cookie=cookie), 401, "/api/matrix")


async def test_who_guesses_has_to_wait_and_others_have_not(closed: Api, clock: Clock) -> None:
    cookie = await signed_in(closed)
    for _ in range(GUESSES_PER_MINUTE // 2):
        assert (await sign_in(closed, "guess")).status == 401
        assert (await closed.get("/api/matrix", X_Api_Key="guess")).status == 401

    for answer in (await sign_in(closed), await sign_in(closed, "guess")):
        assert_problem(answer, 429, "/api/session")
        assert_documented(answer, "/api/session", "post")
        assert answer.headers["Retry-After"] == "3"
    assert (await closed.get("/api/matrix", Cookie=cookie)).status == 200
    assert (await closed.post(REQUIRED)).status == 201
    assert (await sign_in(closed, X_Forwarded_For="made-up, 192.0.2.7")).status == 204

    clock.tick(timedelta(seconds=3))
    assert (await sign_in(closed)).status == 204


async def test_without_a_read_key_reading_is_open_and_nobody_is_given_a_cookie(api: Api) -> None:
    assert (await api.get("/api/matrix", X_Api_Key="wrong")).status == 200
    assert (await api.read("/api/settings"))["read_protected"] is False
    assert_problem(await sign_in(api), 404, "/api/session")


async def test_who_signs_in_is_logged_by_the_keys_name(
    closed: Api, caplog: pytest.LogCaptureFixture
) -> None:
    await signed_in(closed)

    assert "127.0.0.1 signed in with the read key team" in caplog.text


async def test_no_answer_holds_a_read_key(closed: Api, caplog: pytest.LogCaptureFixture) -> None:
    answers = [
        await sign_in(closed),
        await sign_in(closed, READ_KEY + "x"),
        await closed.get("/api/matrix", X_Api_Key=READ_KEY),
        await closed.get("/nothing", X_Api_Key=READ_KEY),
        await closed.get("/api/settings", X_Api_Key=READ_KEY),
    ]

    assert not [answer for answer in answers if READ_KEY in str(answer)]
    assert READ_KEY not in caplog.text
