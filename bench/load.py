"""A closed-loop HTTP load: each connection sends the next request when it has its answer.

Bare sockets, one epoll loop, requests built beforehand: on a machine of few cores the load must
cost much less than what it measures.
"""

import itertools
import re
import select
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

LENGTH: Final = re.compile(rb"\ncontent-length: (\d+)", re.IGNORECASE)
ANSWER_BYTES: Final = 1 << 20


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


class Client:
    """One connection of the load."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.sent_at = 0.0
        self._buffer = b""

    def send(self, request: bytes) -> None:
        """Begin a request."""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """The answer, when all of it has come."""
        data = self.socket.recv(ANSWER_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer += data
        answer = self._buffer
        head = answer.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = LENGTH.search(answer, 0, head)
        if len(answer) < head + 4 + int(length[1] if length else 0):
            return None
        self._buffer = b""
        return answer


def run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Load 127.0.0.1:port for so many seconds."""
    with ExitStack() as stack:
        clients = [Client(port) for _ in range(connections)]
        for client in clients:
            stack.enter_context(client.socket)
        return _loop(clients, itertools.cycle(requests), seconds)


def _loop(clients: Sequence[Client], requests: Iterator[bytes], seconds: float) -> Load:
    by_descriptor = {client.socket.fileno(): client for client in clients}
    latencies, refused, busy = [], 0, len(clients)
    started = time.perf_counter()
    with select.epoll() as poll:
        for descriptor, client in by_descriptor.items():
            poll.register(descriptor, select.EPOLLIN)
            client.send(next(requests))
        while busy:
            for descriptor, _ in poll.poll():
                client = by_descriptor[descriptor]
                answer = client.receive()
                if answer is None:
                    continue
                now = time.perf_counter()
                latencies.append(now - client.sent_at)
                refused += not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))
                if now - started < seconds:
                    client.send(next(requests))
                else:
                    busy -= 1
    return Load(time.perf_counter() - started, sorted(latencies), refused)


def post(path: str, body: bytes, key: str) -> bytes:
    """The bytes of one POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of one GET."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()
