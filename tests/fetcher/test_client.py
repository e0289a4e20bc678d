import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aioresponses import aioresponses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from fetcher.github.client import Reply
from fetcher.github.credentials import Token
from fetcher.github.errors import (
    Forbidden,
    Garbled,
    GitHubError,
    Limited,
    Missing,
    Offline,
    Unreachable,
)
from fetcher.github.refusals import expires_at, permissions
from fetcher.github.server import LARGEST_ANSWER, Server, graphql_url
from tests.fake_github import (
    FakeGitHub,
    answer,
    disconnect,
    garbage,
    hang,
    not_modified,
    primary_limit,
    secondary_limit,
    serve,
    server_error,
    truncated,
)
from tests.fetcher.reading import START, TOKEN, World, fake_github, reading, until

REPOSITORY = "/repos/acme/shop"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    fake = fake_github()
    fake.add_repository("acme/shop")
    async with reading(fake, tmp_path) as world:
        yield world


async def get(world: World, path: str = REPOSITORY, etag: str | None = None) -> Reply:
    return await world.github.get(path, {}, etag)


async def test_a_request_says_who_asks_which_version_and_with_which_token(world: World) -> None:
    await get(world)

    (request,) = world.requests()
    assert request.headers["authorization"] == f"token {TOKEN}"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.headers["user-agent"] == "deployment-dashboard-fetcher"


async def test_what_did_not_change_is_not_sent_and_not_charged(world: World) -> None:
    first = await get(world)
    second = await get(world, etag=first.etag)

    assert (first.modified, second.modified) == (True, False)
    assert [request.charged for request in world.requests()] == [True, False]
    assert world.github.gate.waits.charged == 1


async def test_without_a_token_everything_is_charged(tmp_path: Path) -> None:
    fake = fake_github()
    fake.add_repository("acme/shop")
    async with reading(fake, tmp_path, token=None) as world:
        first = await get(world)
        await get(world, etag=first.etag)

        assert "authorization" not in world.requests()[0].headers
        assert world.github.gate.waits.charged == 2


@pytest.mark.parametrize("fault", [server_error(500), server_error(502), disconnect(), truncated()])
async def test_a_fault_that_passes_is_not_noticed(world: World, fault: object) -> None:
    world.fake.fail("*", fault, times=2)  # type: ignore[arg-type] # parametrize has no types

    assert (await get(world)).data["full_name"] == "acme/shop"
    assert world.slept


@pytest.mark.parametrize("fault", [server_error(503), disconnect(), truncated()])
async def test_a_fault_that_stays_is_asked_three_times_and_no_more(
    world: World, fault: object
) -> None:
    world.fake.fail("*", fault, times=99)  # type: ignore[arg-type] # parametrize has no types

    with pytest.raises(Unreachable):
        await get(world)
    assert len(world.slept) == 2


async def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    tmp_path: Path,
) -> None:
    fake = fake_github()
    fake.fail("*", hang(), times=99)
    async with reading(fake, tmp_path, timeout_seconds=0.05) as world:
        with pytest.raises(Unreachable, match="in time"):
            await get(world)


@pytest.mark.parametrize(
    "fault",
    [
        aiohttp.ClientConnectionError("refused"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(104, "reset"),
        TimeoutError(),
    ],
)
async def test_every_fault_of_the_transport_is_unreachable(world: World, fault: Exception) -> None:
    with aioresponses() as network:
        network.get(world.github.server.address(REPOSITORY), exception=fault, repeat=True)

        with pytest.raises(Unreachable):
            await get(world)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("not JSON {{{", "application/json"),
        ("<html>captive portal</html>", "application/json; charset=no-such"),
        ("\x80", "application/json; charset=ascii"),
    ],
)
async def test_an_answer_that_is_not_json_is_garbled_and_not_asked_for_again(
    world: World, body: str, content_type: str
) -> None:
    world.fake.fail("*", answer(200, body, {"Content-Type": content_type}), times=99)

    with pytest.raises(Garbled):
        await get(world)
    assert len(world.requests()) == 1


async def test_an_endless_answer_is_cut_off(world: World) -> None:
    world.fake.fail("*", garbage(json.dumps("x" * LARGEST_ANSWER)))

    with pytest.raises(Garbled, match="too long"):
        await get(world)


@pytest.mark.parametrize("status", [404, 410, 451])
async def test_what_is_not_there_is_missing(world: World, status: int) -> None:
    world.fake.fail("*", answer(status))

    with pytest.raises(Missing):
        await get(world)
    assert len(world.requests()) == 1


@pytest.mark.parametrize("status", [400, 409, 422, 418, 299])
async def test_any_other_answer_is_garbled_and_says_what_it_was(world: World, status: int) -> None:
    world.fake.fail("*", answer(status, '{"message": "No"}'))

    with pytest.raises(Garbled, match=f"GitHub answers {status}"):
        await get(world)


async def test_a_missing_permission_is_named_and_not_asked_for_again(world: World) -> None:
    world.fake.repositories[0].deny("deployments")

    with pytest.raises(Forbidden, match="lacks a permission: Deployments: read"):
        await get(world, f"{REPOSITORY}/deployments")
    assert len(world.requests()) == 1


async def test_githubs_sentence_about_a_refusal_becomes_part_of_another_one(world: World) -> None:
    body = '{"message": "Must have admin rights to Repository."}'
    world.fake.fail("*", answer(403, body))

    with pytest.raises(Forbidden, match=r"the token may not read this: Must .* Repository$"):
        await get(world)


async def test_single_sign_on_is_named(world: World) -> None:
    sso = {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?x=1"}
    world.fake.fail("*", answer(403, None, sso))

    with pytest.raises(Forbidden, match=r"single sign-on https://github.com/orgs/acme/sso\?x=1"):
        await get(world)


@pytest.mark.parametrize(
    "fault",
    [
        primary_limit(START + timedelta(minutes=10)),
        secondary_limit(30),
        secondary_limit(None),
        secondary_limit(None, status=429),
    ],
)
async def test_a_limit_stops_every_request_with_the_credential(world: World, fault: object) -> None:
    world.fake.fail("*", fault)  # type: ignore[arg-type] # parametrize has no types

    for _ in range(3):
        with pytest.raises(Limited):
            await get(world)
    assert len(world.requests()) == 1


async def test_a_refused_token_stops_every_request_with_it(world: World) -> None:
    world.fake.tokens.clear()

    for _ in range(3):
        with pytest.raises(Limited, match="GitHub refuses the token"):
            await get(world)
    assert len(world.requests()) == 1


async def test_a_renamed_repository_is_followed_with_the_token_on_the_same_server(
    world: World,
) -> None:
    world.fake.rename("acme/shop", "acme/store")

    reply = await get(world)

    assert reply.data["full_name"] == "acme/store"
    assert [request.status for request in world.requests()] == [301, 200]
    assert (await get(world, etag=reply.etag)).modified is False


async def test_a_redirect_to_another_server_is_not_followed(world: World) -> None:
    other = FakeGitHub(world.clock)
    other.add_repository("acme/shop")
    async with serve(other) as url:
        world.fake.fail("*", answer(301, None, {"Location": f"{url}{REPOSITORY}"}))

        with pytest.raises(Garbled, match="another server"):
            await get(world)
    assert other.requests == []


async def test_a_redirect_with_a_user_of_its_own_is_not_followed(world: World) -> None:
    address = world.fake.api_url.replace("://", "://eve:hush@")
    world.fake.fail("*", answer(301, None, {"Location": f"{address}{REPOSITORY}"}))

    with pytest.raises(Garbled, match="another server"):
        await get(world)


async def test_a_redirect_to_no_address_is_garbled(world: World) -> None:
    world.fake.fail("*", answer(302, None, {"Location": "http://[::1"}))

    with pytest.raises(Garbled, match="invalid address"):
        await get(world)


async def test_an_answer_nested_without_end_is_garbled(world: World) -> None:
    world.fake.fail("*", answer(200, b"[" * 100_000, {"Content-Type": "application/json"}))

    with pytest.raises(Garbled):
        await get(world)


async def test_redirects_without_end_end(world: World) -> None:
    world.fake.fail("*", answer(302, None, {"Location": REPOSITORY}), times=99)

    with pytest.raises(Garbled, match="endlessly"):
        await get(world)


async def test_a_304_that_nobody_asked_for_is_no_answer(world: World) -> None:
    world.fake.fail("*", not_modified())

    assert (await get(world)).modified is False


async def test_no_error_holds_the_token(world: World) -> None:
    faults = [server_error(), garbage(), answer(403), answer(404), answer(422), disconnect()]
    for fault in faults:
        world.fake.fail("*", fault, times=9)
        with pytest.raises(GitHubError) as caught:
            await get(world)
        world.fake.faults.clear()
        assert TOKEN not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_header_that_is_no_text_is_borne_and_can_be_sent_back(tmp_path: Path) -> None:
    head = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "\xff"\r\n'

    async def answers(asked: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        await asked.readuntil(b"\r\n\r\n")
        answer.write(head + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        await answer.drain()
        answer.close()

    async with await asyncio.start_server(answers, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        async with reading(fake_github(), tmp_path, api_url=f"http://127.0.0.1:{port}") as world:
            first = await get(world)
            second = await get(world, etag=first.etag)

    assert (first.etag, second.etag) == ('"?"', '"?"')


async def test_a_request_under_way_can_be_cancelled(world: World) -> None:
    world.fake.fail("*", hang())
    task = asyncio.create_task(get(world))
    await until(lambda: world.fake.requests)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)


def test_a_fingerprint_tells_tokens_apart_and_holds_none() -> None:
    secrets = [None, SecretStr("a"), SecretStr("b")]
    assert len({Token(secret).fingerprint for secret in secrets}) == 3
    assert TOKEN not in Token(SecretStr(TOKEN)).fingerprint


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


async def test_a_token_that_expires_soon_is_said_once_a_day_and_remembered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake = fake_github()
    shop = fake.add_repository("acme/shop")
    fake.tokens[TOKEN].expires_at = START + timedelta(days=10, hours=12)
    for _ in range(2):  # as `once` from a timer
        async with reading(fake, tmp_path) as world:
            await world.reads(shop.full_name)
    assert warnings(caplog) == [
        "GitHub: the token expires in 10 days, at 2026-12-01T00:00Z; create a new one in time"
    ]

    caplog.clear()
    async with reading(fake, tmp_path) as world:
        world.clock.tick(24 * 3600)
        await world.reads(shop.full_name)
        assert len(warnings(caplog)) == 1


async def test_a_token_that_expires_later_is_not_mentioned(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.fake.tokens[TOKEN].expires_at = START + timedelta(days=15)

    await get(world)

    assert warnings(caplog) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-31 23:59:59 UTC", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-12-31 23:59:59 -0800", datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)),
        ("2026-12-31 23:59:59 +0530", datetime(2026, 12, 31, 18, 29, 59, tzinfo=UTC)),
        ("never", None),
        ("0001-01-01 00:00:00 +2300", None),
        ("", None),
    ],
)
def test_the_end_of_a_token_is_read_as_github_writes_it(
    text: str, expected: datetime | None
) -> None:
    assert expires_at({"github-authentication-token-expiration": text}) == expected


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ("actions=read", "Actions: read"),
        ("contents=read,pull_requests=read", "Contents: read and Pull requests: read"),
        ("issues=read; pull_requests=read", "Issues: read, or Pull requests: read"),
    ],
)
def test_permissions_are_named_as_the_settings_of_github_name_them(
    accepted: str, words: str
) -> None:
    assert permissions(accepted) == words


@pytest.mark.parametrize(
    ("api_url", "expected"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://git.corp/api/v3", "https://git.corp/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
    ],
)
def test_graphql_is_beside_the_rest_api(api_url: str, expected: str) -> None:
    assert graphql_url(api_url) == expected


async def test_no_address_of_another_server_is_asked(world: World) -> None:
    other = FakeGitHub(world.clock)
    async with serve(other) as url:
        with pytest.raises(Garbled, match="another server"):
            await world.github.ask("GET", f"{url}/user", {})
    assert other.requests == []


async def test_a_certificate_that_nobody_knows_is_said_in_words(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        there = Server(session, f"https://127.0.0.1:{port}")

        with pytest.raises(
            Offline, match=r"127.0.0.1's certificate is not accepted: .*self.signed"
        ):
            await there.exchange("GET", there.address("/user"), {})


def self_signed(folder: Path) -> Path:
    """A certificate for this machine, and its key, in one file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file
