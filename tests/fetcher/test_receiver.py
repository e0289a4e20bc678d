import errno
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aioresponses import aioresponses
from yarl import URL

from fetcher.deliver.outcome import Away, Blocked, Refused, Stored, Unknown
from fetcher.deliver.receiver import Receiver
from tests.fetcher.receiver_double import API_KEY, ReceiverDouble, receiver_double

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = ConnectionKey(
    host="receiver.test",
    port=80,
    is_ssl=False,
    ssl=True,
    proxy=None,
    proxy_auth=None,
    proxy_headers_hash=None,
)


class Sleeps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def double() -> AsyncIterator[ReceiverDouble]:
    async with receiver_double() as double:
        yield double


def receiver(
    session: aiohttp.ClientSession,
    url: str = "http://receiver.test",
    *,
    timeout_seconds: float = 5,
    sleeps: Sleeps | None = None,
) -> Receiver:
    sleep = Sleeps() if sleeps is None else sleeps
    return Receiver(session, URL(url), API_KEY, timeout_seconds, clock=lambda: NOON, sleep=sleep)


@pytest.mark.parametrize(
    "not_sent",
    [
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
        aiohttp.ClientConnectorDNSError(KEY, OSError("no such name")),
        aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("expired")),
        aiohttp.ConnectionTimeoutError("Connection timeout to host"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_was_not_sent_is_tried_three_times_and_known_not_to_be_stored(
    session: aiohttp.ClientSession, not_sent: Exception
) -> None:
    sleeps = Sleeps()
    with aioresponses() as network:
        network.post("http://receiver.test/api/deployments", exception=not_sent, repeat=True)

        outcome = await receiver(session, sleeps=sleeps).post("key", b"{}")

        assert sum(map(len, network.requests.values())) == 3
    assert isinstance(outcome, Away)
    assert outcome.reason.startswith("can't be reached: ")
    assert len(sleeps) == 2
    assert sum(sleeps) < 1


@pytest.mark.parametrize(
    "sent",
    [
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(errno.ECONNRESET, "Connection reset by peer"),
        aiohttp.ClientPayloadError("cut short"),
        aiohttp.SocketTimeoutError("Timeout on reading data from socket"),
        aiohttp.ClientConnectionResetError("Cannot write to closing transport"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_may_have_been_sent_is_never_sent_again_at_once(
    session: aiohttp.ClientSession, sent: Exception
) -> None:
    with aioresponses() as network:
        network.post("http://receiver.test/api/deployments", exception=sent, repeat=True)

        outcome = await receiver(session).post("key", b"{}")

        assert sum(map(len, network.requests.values())) == 1
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("gave no answer: ")
    assert not outcome.reason.endswith(": ")


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError()),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientPayloadError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_look_that_gets_no_answer_finds_the_receiver_away(
    session: aiohttp.ClientSession, error: Exception
) -> None:
    with aioresponses() as network:
        address = "http://receiver.test/api/deployments?deployment_id=1&limit=500"
        network.get(address, exception=error, repeat=True)

        assert isinstance(await receiver(session).look("1"), Away)


async def test_a_connection_that_hangs_is_known_as_not_sent(session: aiohttp.ClientSession) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        # The kernel takes one connection beyond the backlog and gives the next one no answer.
        socket.create_connection(server.getsockname()),
    ):
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        outcome = await receiver(session, url, timeout_seconds=0.2).post("key", b"{}")

    assert isinstance(outcome, Away)
    assert "Connection timeout" in outcome.reason


async def test_a_list_without_an_end_is_not_read_for_ever(
    session: aiohttp.ClientSession, double: ReceiverDouble
) -> None:
    double.store("key", b'{"deployment_id": "1"}')
    double.page_size = 0

    assert isinstance(await receiver(session, double.url).look("1"), Blocked)


async def test_a_receiver_that_can_not_list_a_deployment_refuses_its_events(
    session: aiohttp.ClientSession, double: ReceiverDouble
) -> None:
    double.looks_fail_with = 422

    assert isinstance(await receiver(session, double.url).look("1"), Refused)


async def test_a_request_that_was_only_delayed_by_the_connection_goes_through(
    session: aiohttp.ClientSession, double: ReceiverDouble
) -> None:
    refused = aiohttp.ClientConnectorError(KEY, ConnectionRefusedError())
    with aioresponses(passthrough_unmatched=True) as network:
        network.post(f"{double.url}/api/deployments", exception=refused)

        outcome = await receiver(session, double.url).post("key", b'{"deployment_id": "1"}')

    assert outcome == Stored("/api/deployments/1")
    assert double.posts == [{"deployment_id": "1"}]
