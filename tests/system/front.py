"""What stands between a pipeline and the receiver, and does what such things do to a POST."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Final, Literal

from tests.program import Receiver

HOP: Final = ("connection", "host", "content-length")
PROBLEM: Final = b'{"title": "Made up", "errors": [{"pointer": "/service", "message": "is odd"}]}'

Fault = int | Literal["loses the answer", "never answers"]


class Front(ThreadingHTTPServer):
    """Passes requests on to a receiver, or does to them what `fault` says; an int is a status."""

    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.receiver = receiver
        self.fault: Fault | None = None
        self.faults: int | None = None  # how many are left; None stands for no end
        self.asked = Event()
        self.closed = Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def next_fault(self) -> Fault | None:
        """What to do to the next request."""
        if self.faults is not None:
            self.faults -= 1
        return self.fault if self.faults is None or self.faults >= 0 else None


class Exchange(BaseHTTPRequestHandler):
    """One request."""

    server: Front
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.set()
        match self.server.next_fault():
            case None:
                self.pass_on(body)
            case "loses the answer":
                self.ask(body)
                self.close_connection = True
            case "never answers":
                self.server.closed.wait()
                self.close_connection = True
            case int() as status:
                self.answer(status, PROBLEM)

    def pass_on(self, body: bytes) -> None:
        status, answer = self.ask(body)
        self.answer(status, answer)

    def ask(self, body: bytes) -> tuple[int, bytes]:
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        answer = self.server.receiver.request("POST", self.path, body, **kept)
        return answer.status, answer.body

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def front(receiver: Receiver) -> Iterator[Front]:
    """A front before a receiver, until the context is left."""
    with Front(receiver) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        yield server
        server.closed.set()
        server.shutdown()
