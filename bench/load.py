"""A closed-loop HTTP load: each connection sends the next request when it has its answer.

Raw protocols and requests built beforehand: the load must cost less than what it measures.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What a load measured; latencies in seconds, sorted."""

    seconds: float
    latencies: Sequence[float]
    refused: int

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds that so many percent of the answers stayed within."""
        index = min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))
        return self.latencies[index] * 1000


class Client(asyncio.Protocol):
    """One connection of the load."""

    def __init__(self, requests: Iterator[bytes], deadline: float) -> None:
        self.latencies: list[float] = []
        self.refused = 0
        self.closed = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._deadline = deadline
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer when it is whole, and send the next request."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self._buffer, 0, end)
        if len(self._buffer) < end + 4 + int(length[1] if length else 0):
            return
        self.latencies.append(time.perf_counter() - self._sent_at)
        self.refused += not self._buffer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
        self._buffer = b""
        if time.perf_counter() < self._deadline:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The load of this connection is over."""
        if exc is None:
            self.closed.set_result(None)
        else:
            self.closed.set_exception(exc)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))


async def run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Load 127.0.0.1:port for so many seconds."""
    loop = asyncio.get_running_loop()
    cycle = itertools.cycle(requests)
    started = time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: Client(cycle, started + seconds), "127.0.0.1", port))[
            1
        ]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.closed for client in clients))
    latencies = sorted(itertools.chain.from_iterable(client.latencies for client in clients))
    refused = sum(client.refused for client in clients)
    return Load(time.perf_counter() - started, latencies, refused)


def post(path: str, body: bytes, key: str) -> bytes:
    """The bytes of one POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
