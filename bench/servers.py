"""The servers that are measured, each a process of its own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from typing import Final

KEY: Final = "bench"
START_SECONDS: Final = 60
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        seconds: From the start of its process to its first good answer.
    """

    port: int
    pid: int
    seconds: float

    @property
    def resident(self) -> float:
        """Its memory in MB, as the kernel counts it."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * PAGE_BYTES / 1e6

    @property
    def processor(self) -> float:
        """Seconds of processor time that it has taken so far, in all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def get(self, path: str) -> bytes:
        """The body of a GET on a connection of its own."""
        return _get(f"http://127.0.0.1:{self.port}{path}")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
        return body


def free_port() -> int:
    """A port that nothing listens on now."""
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def bare() -> Iterator[Server]:
    """Handlers of aiohttp that read the request and answer."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.bare", str(port)], {}, port, "/") as server:
        yield server


@contextmanager
def receiver(database_url: str, first: str = "/readyz", **settings: str) -> Iterator[Server]:
    """The receiver on a database; it has started when it answers the path `first`."""
    port = free_port()
    environment = {
        "RECEIVER_API_KEY": KEY,
        "RECEIVER_PORT": str(port),
        "RECEIVER_DATABASE_URL": database_url,
        "DEPLOYMENT_DASHBOARD_CONFIG": os.devnull,
        **settings,
    }
    with _running([sys.executable, "-m", "receiver"], environment, port, first) as server:
        yield server


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], port: int, first: str
) -> Iterator[Server]:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}{first}", process)
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            _get(url)
        except urllib.error.HTTPError as error:
            if error.code == 404:  # noqa: PLR2004 - the bare handler has no such path
                return
        except OSError:
            pass  # it is still starting
        else:
            return
        time.sleep(0.01)  # between two looks at another process
    raise RuntimeError(f"{process.args!r} did not start")
