"""Clients that send a byte now and then, and readers that never read."""

import asyncio
import json
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from receiver.config import Settings
from receiver.server import BODY_SECONDS, IDLE_SECONDS, LINGER_SECONDS
from tests.receiver.api import Api, Client, Clock, serving
from tests.receiver.examples import submission
from tests.receiver.process import Process, client_of
from tests.receiver.wire import Wire, connected, post_head

READERS: Final = 2000
STUCK: Final = 200
EVENTS: Final = 60
BULKY: Final[dict[str, Any]] = {"parent_deployments": ["🚀" * 200] * 32}  # some 26 kB
STREAM: Final = b"GET /api/events/stream%b HTTP/1.0\r\nHost: receiver\r\n\r\n"


async def drip(wire: Wire, data: bytes) -> None:
    """Send a byte at a time, for as long as it is taken."""
    with suppress(ConnectionError, RuntimeError):  # the latter is uvloop's for a closed one
        for byte in data:
            await wire.send(bytes([byte]))
            await asyncio.sleep(0.01)


HALF_A_BODY: Final = post_head("Content-Length: 5000")
HALF_A_HEAD: Final = b"GET /"


@pytest.mark.parametrize("half", [HALF_A_BODY, HALF_A_HEAD])
async def test_who_sends_a_byte_now_and_then_holds_nobody_up(api: Api, half: bytes) -> None:
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(connected(api.port)) for _ in range(50)]
        for wire in slow:
            await wire.send(half)
        dripping = asyncio.gather(*(drip(wire, b"x" * 5000) for wire in slow))
        for _ in range(5):
            await api.append()

        assert not dripping.done()
        dripping.cancel()
        with suppress(asyncio.CancelledError):
            await dripping


@pytest.mark.parametrize(
    ("half", "answer"), [(HALF_A_BODY, b"HTTP/1.1 408 Request Timeout"), (HALF_A_HEAD, b"")]
)
async def test_who_sends_a_byte_now_and_then_is_cut(
    settings: Settings, clock: Clock, half: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("BODY", "LINGER", "IDLE"):  # the test need not wait so long
        monkeypatch.setattr(f"receiver.server.{bound}_SECONDS", 0.1)
    async with serving(settings, clock) as api, connected(api.port) as wire:
        await wire.send(half)
        dripping = asyncio.create_task(drip(wire, b"x" * 5000))

        told = await wire.rest()
        assert told.partition(b"\r\n")[0] == answer
        await dripping
        assert await api.read("/api/deployments") == {"items": [], "next_cursor": None}


def test_a_request_may_take_a_minute_and_a_bit() -> None:
    assert (IDLE_SECONDS, BODY_SECONDS, LINGER_SECONDS) == (75, 20, 5)


@pytest.fixture
def _many_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def opened(stack: AsyncExitStack, process: Process, query: bytes) -> Wire:
    """An open stream."""
    wire = await stack.enter_async_context(connected(process.port))
    await wire.send(STREAM % query)
    await wire.head()
    return wire


@contextmanager
def stuck_readers(process: Process) -> Iterator[None]:
    """Streams that nobody reads, and for which the kernel keeps little."""
    with ExitStack() as stack:
        for _ in range(STUCK):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", process.port))
            reader.send(STREAM % b"")
        yield


async def ids_up_to(wire: Wire, last: int) -> list[int]:
    """The ids of a stream up to this one."""
    ids: list[int] = []
    async with asyncio.timeout(60):
        while last not in ids:
            line = await wire.reader.readline()
            if line.startswith(b"id: "):
                ids.append(int(line[4:]))
    return ids


@pytest.mark.usefixtures("_many_files")
async def test_readers_that_never_read_are_ended_and_cost_the_others_nothing(
    tmp_path: Path,
) -> None:
    with Process(tmp_path) as process, stuck_readers(process):
        async with client_of(process) as api, AsyncExitStack() as stack:
            # Most want one service, so that the test itself has not so much to read.
            readers = [
                await opened(stack, process, b"?service=wanted")
                for _ in range(READERS - STUCK - 10)
            ]
            whole = [await opened(stack, process, b"") for _ in range(10)]
            assert await streams(api) == (READERS, 0)
            before = process.memory()

            reading = asyncio.gather(*(ids_up_to(wire, EVENTS) for wire in whole))
            for number in range(1, EVENTS + 1):
                service = "bulky" if number % 20 else "wanted"
                body = json.dumps(submission(service=service, **BULKY), ensure_ascii=False)
                assert (await api.post(body.encode())).status == 201

            expected = list(range(1, EVENTS + 1))
            assert await reading == [expected] * len(whole)
            for wire in readers:
                assert await ids_up_to(wire, EVENTS) == expected[19::20]
            assert await streams(api) == (READERS - STUCK, STUCK)
            assert process.memory() - before < 100_000_000


async def streams(api: Client) -> tuple[float, float]:
    """How many are open, and how many were ended for being slow."""
    text = (await api.get("/metrics")).body.decode()
    found = dict(re.findall(r"^deployment_receiver_(\w*streams\w*) (\S+)$", text, re.MULTILINE))
    return float(found["streams"]), float(found["slow_streams_total"])
