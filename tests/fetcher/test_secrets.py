"""Where a secret might come out: the log, errors, what objects show, the state, other servers."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from fetcher.access import credential_for, open_githubs
from fetcher.config import Settings
from fetcher.github.errors import GitHubError
from fetcher.github.proxy import proxy_for
from fetcher.github.server import Server
from fetcher.github.settings import GitHubSettings
from fetcher.logs import Discreet, DiscreetJson
from tests.fake_github import FakeGitHub, Fault, answer, disconnect, garbage, serve
from tests.fake_github.apps import App
from tests.fetcher.reading import asking_with, fake_github, reading
from tests.fetcher.receiver_double import API_KEY, receiver_double
from tests.program import Program

# One as GitHub makes them, which the log would hide in any case; one as an old Enterprise Server.
MARKERS = ("ghp_MarkerMarkerMarkerMarkerMarkerMarker", "0123456789abcdefmarker0123456789")


def echoes(token: str) -> Iterator[Fault]:
    """Answers in which the token comes back."""
    message = json.dumps({"message": f"You sent: Authorization: token {token}"})
    for status in (200, 400, 401, 403, 404, 422, 429, 500):
        yield answer(status, message)
        yield answer(status, f"<pre>authorization: token {token}</pre>", {"X-Echo": token})
    yield answer(302, None, {"Location": f"/login?token={token}"})
    yield answer(302, None, {"Location": f"http://{token}@127.0.0.1:9/"})
    yield answer(403, message, {"X-GitHub-SSO": f"required; url=https://sso.example/?t={token}"})
    yield answer(403, message, {"X-Accepted-GitHub-Permissions": f"{token}=read"})
    yield garbage(json.dumps({"id": token, "full_name": [token]}))
    yield disconnect()


@pytest.mark.parametrize("token", MARKERS)
async def test_no_error_shows_a_token_that_comes_back(tmp_path: Path, token: str) -> None:
    fake = fake_github()
    fake.add_token(token)
    fake.add_repository("acme/shop")
    async with reading(fake, tmp_path, token=token) as world:
        for fault in echoes(token):
            fake.faults.clear()
            fake.fail("*", fault, times=9)
            passed = await world.passes("acme/shop")

            assert isinstance(passed.error, GitHubError)
            assert token not in repr(passed)
            assert token not in f"{passed.error} {passed.error.__context__!r}"
            world.clock.tick(3600)
    assert_not_in_files(token, tmp_path)


async def test_a_server_that_sends_back_what_it_was_sent_gets_no_token_into_an_error() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(65_536))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        there = Server(session, f"http://127.0.0.1:{port}")
        for token in MARKERS:
            headers = {"authorization": f"token {token}"}
            with pytest.raises(GitHubError) as caught:
                await there.exchange("GET", there.address("/user"), headers)
            assert token not in repr(caught.value)


@pytest.mark.parametrize("command", ["once", "plan", "check"])
async def test_no_command_writes_a_token_anywhere(tmp_path: Path, command: str) -> None:
    token, (fake, app) = MARKERS[1], organisation()
    fake.add_token(token)
    (tmp_path / "app.pem").write_text(app.private_key)
    async with serve(fake) as url, receiver_double() as receiver:
        settings = {
            "FETCHER_RECEIVER_URL": receiver.url,
            "FETCHER_API_KEY": API_KEY,
            "FETCHER_REPOSITORIES": "acme/shop,globex/site,acme/gone,initech/x",
            "FETCHER_GITHUB__API_URL": url,
            "FETCHER_GITHUB__TOKEN": token,
            "FETCHER_GITHUB__REQUESTS_PER_MINUTE": "60000",
            "FETCHER_GITHUB__CREDENTIALS": json.dumps(
                [
                    {
                        "owners": ["globex", "initech"],
                        "app_id": str(app.id),
                        "private_key_file": str(tmp_path / "app.pem"),
                    }
                ]
            ),
        }
        with Program("fetcher", command, folder=tmp_path, settings=settings) as program:
            code = await asyncio.to_thread(program.wait)
        assert code == 1  # something is wrong, and is told
        sent = json.dumps(receiver.posts)

    (tmp_path / "app.pem").unlink()
    granted = [text for text, known in fake.tokens.items() if known.installation]
    assert granted
    for secret in (token, API_KEY, *granted, *app.private_key.splitlines()[1:-1]):
        assert secret not in "\n".join(program.log)
        assert secret not in sent
        assert_not_in_files(secret, tmp_path)


def organisation() -> tuple[FakeGitHub, App]:
    fake = FakeGitHub()
    for name in ("acme/shop", "globex/site"):
        fake.add_repository(name, workflows={"cd.yml": ""}, private=True)
        fake.repositories[-1].start_run("cd.yml").deploy("staging")
    app = fake.add_app()
    app.install("globex")
    return fake, app


def assert_not_in_files(secret: str, folder: Path) -> None:
    for path in folder.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


async def test_what_objects_show_of_themselves_holds_no_secret() -> None:
    token, app = MARKERS[0], FakeGitHub().add_app()
    secret = app.private_key.splitlines()[1]
    settings = Settings(
        api_key=SecretStr(MARKERS[1]),
        github=GitHubSettings(app_id="1", private_key=SecretStr(app.private_key)),
    )
    async with open_githubs(settings) as githubs:
        github = githubs.for_owner("acme")
        with_token = credential_for("acme", asking_with(token), github.server, datetime.now)
        shown = [settings, settings.github, githubs, github, github.credential, with_token]
        shown += [vars(thing) for thing in shown[2:]]
        text = repr(shown) + str(settings)

    for hidden in (token, secret, MARKERS[1]):
        assert hidden not in text
    assert settings.secrets() == [MARKERS[1], app.private_key]


@pytest.mark.parametrize(
    "secret",
    [
        *MARKERS,
        "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz",
        "ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
    ],
)
def test_the_log_hides_what_is_or_looks_like_a_secret(secret: str) -> None:
    formatter = Discreet([MARKERS[1]])
    error = ValueError(f"in a traceback: {secret}")
    info = (ValueError, error, None)
    record = logging.LogRecord("x", 40, "x", 1, "asked with %s", (f"<{secret}>",), info)

    line = formatter.format(record)

    assert secret not in line
    assert "asked with <***>" in line


def test_the_log_hides_a_secret_that_json_spells_in_another_way() -> None:
    secret = 'a "quoted"\\secret'
    error = ValueError(f"in a traceback: {secret}")
    info = (ValueError, error, None)
    record = logging.LogRecord("x", 40, "x", 1, "asked\nwith %s", (secret,), info)

    line = DiscreetJson([secret]).format(record)

    fields = json.loads(line)
    assert "\n" not in line
    assert (fields["level"], fields["logger"]) == ("error", "x")
    assert fields["message"] == "asked\nwith ***"
    assert fields["traceback"] == "ValueError: in a traceback: ***"


def test_the_log_hides_the_password_of_an_address() -> None:
    record = logging.LogRecord(
        "x", 40, "x", 1, "at postgresql://ada:hush@db.example:5432/x", (), None
    )

    assert "at postgresql://***@db.example:5432/x" in Discreet().format(record)


@asynccontextmanager
async def a_proxy(answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that makes no tunnel; its address, and what it was sent."""
    seen: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield f"http://ada:hush@127.0.0.1:{server.sockets[0].getsockname()[1]}", seen


async def test_a_proxy_is_asked_for_a_tunnel_and_sees_no_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (proxy, seen):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with open_githubs(Settings(github=asking_with(MARKERS[0]))) as githubs:
            github = githubs.for_owner("acme")
            url = github.server.address("/user")
            with pytest.raises(GitHubError, match="proxy of HTTPS_PROXY answers 407") as caught:
                await github.ask("GET", url, {})

    assert seen[0].startswith(b"CONNECT api.github.com:443 ")
    assert MARKERS[0].encode() not in seen[0]
    assert "hush" not in repr(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "url", "expected"),
    [
        ("HTTPS_PROXY", "http://proxy:3128", "https://api.github.com", "http://proxy:3128"),
        ("https_proxy", "proxy:3128", "https://api.github.com", "http://proxy:3128"),
        ("HTTPS_PROXY", "http://proxy:3128", "http://127.0.0.1:9", None),
        ("HTTPS_PROXY", "http://proxy:3128", "https://git.corp/api/v3", None),
        ("HTTP_PROXY", "http://proxy:3128", "https://api.github.com", None),
    ],
)
def test_what_is_encrypted_goes_through_https_proxy_unless_no_proxy_names_the_host(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, url: str, expected: str | None
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "git.corp")
    monkeypatch.setenv(variable, value)

    assert proxy_for(url) == expected
