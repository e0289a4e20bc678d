"""A proxy between the browser and the receiver that can hold event streams back, as some do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Final
from urllib.parse import urlsplit

CHUNK: Final = 65_536
END_OF_HEADERS: Final = b"\r\n\r\n"


class HoldingProxy(ThreadingTCPServer):
    """Passes everything on; of a stream that begins while it holds, only the headers.

    While `flows` is not set, it gathers what streams bring.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.target = urlsplit(target)
        self.holds = Event()
        self.flows = Event()
        self.flows.set()
        self.held: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def release(self) -> None:
        """Hold nothing more, and end what is held."""
        self.holds.clear()
        for connection in self.held:
            with suppress(OSError):  # the browser has gone
                connection.shutdown(socket.SHUT_RDWR)


class Passage(BaseRequestHandler):
    """One connection of the browser."""

    server: HoldingProxy
    request: socket.socket

    def handle(self) -> None:
        target = (str(self.server.target.hostname), self.server.target.port or 80)
        with socket.create_connection(target) as receiver:
            Thread(target=pass_on, args=(self.request, receiver), daemon=True).start()
            with suppress(OSError):  # the browser has gone
                self.answer(receiver)

    def answer(self, receiver: socket.socket) -> None:
        """Pass the answers on, until one has to be held."""
        is_held = is_stream = False
        while data := read(receiver):
            is_stream = is_stream or b"text/event-stream" in data
            if is_stream:
                self.server.flows.wait()
            if b"text/event-stream" in data and self.server.holds.is_set():
                is_held = True
                self.server.held.append(self.request)
                self.request.sendall(data[: data.index(END_OF_HEADERS) + len(END_OF_HEADERS)])
            if not is_held:
                self.request.sendall(data)


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # the other side has gone
        while data := read(source):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def read(source: socket.socket) -> bytes:
    """What comes next; nothing at the end, however it came."""
    try:
        return source.recv(CHUNK)
    except OSError:
        return b""


@contextmanager
def holding_proxy(target: str) -> Iterator[HoldingProxy]:
    """A proxy before the server at this address, until the context is left."""
    with HoldingProxy(target) as proxy:
        Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}).start()
        yield proxy
        proxy.flows.set()
        proxy.shutdown()
