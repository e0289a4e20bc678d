"""One event to many streams: from its POST to the last of them, and what an idle one takes."""

import json
import select
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from socket import create_connection, socket
from typing import Final

from bench.databases import sqlite
from bench.load import Client, get, post
from bench.servers import KEY, Server, receiver

TITLE: Final = "Streams"
STREAMS: Final = (100, 1_000, 5_000)
EVENTS: Final = 30
DEADLINE_SECONDS: Final = 60


def lines() -> Iterator[str]:
    """The section."""
    yield (
        f"One receiver, {EVENTS} POSTs one after another. The time ends when a single-threaded "
        "client has read the event from the last stream, and so includes the client's own work. "
        "Wanted: 30 ms for 1,000 streams, 20 kB per stream."
    )
    yield ""
    yield "| streams | POST to the last stream, median ms | worst ms | kB per idle stream |"
    yield "|---|---|---|---|"
    for number in STREAMS:
        with sqlite() as kind, receiver(kind.empty()) as server:
            yield f"| {number:,} | {_measured(server, number)} |"


def _measured(server: Server, number: int) -> str:
    with _opened(server, 10):  # what the first streams load is not theirs
        pass
    before = server.resident
    with _opened(server, number) as streams:
        each = (server.resident - before) * 1000 / number
        times = [_reach(server, streams, n) * 1000 for n in range(EVENTS)]
    return f"{statistics.median(times):.1f} | {max(times):.1f} | {each:.1f}"


@contextmanager
def _opened(server: Server, number: int) -> Iterator[Sequence[socket]]:
    """So many streams, each of which has had its opening."""
    with ExitStack() as stack:
        streams = []
        for _ in range(number):
            stream = stack.enter_context(create_connection(("127.0.0.1", server.port)))
            stream.sendall(get("/api/events/stream", {}))
            streams.append(stream)
        for stream in streams:
            seen = b""
            while b"retry:" not in seen:
                seen += stream.recv(65_536)
        yield streams


def _reach(server: Server, streams: Sequence[socket], number: int) -> float:
    """Seconds from a POST until every stream has its event."""
    waiting = {stream.fileno(): stream for stream in streams}
    client = Client(server.port)
    with client.socket, select.epoll() as poll:
        for descriptor in waiting:
            poll.register(descriptor, select.EPOLLIN)
        began = time.perf_counter()
        client.send(post("/api/deployments", json.dumps(_event(number)).encode(), KEY))
        while waiting:
            ready = poll.poll(DEADLINE_SECONDS)
            if not ready:
                raise RuntimeError(f"{len(waiting)} streams heard nothing")
            for descriptor, _ in ready:
                if b"event: deployment" in waiting[descriptor].recv(65_536):
                    poll.unregister(descriptor)
                    del waiting[descriptor]
        return time.perf_counter() - began


def _event(number: int) -> dict[str, str]:
    return {
        "deployment_id": f"run-{number}",
        "service": "shop",
        "environment": "production",
        "version": f"1.0.{number}",
        "status": "success",
        "happened_at": "2026-11-20T12:00:00Z",
    }
