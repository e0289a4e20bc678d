"""The servers that are measured, each a process of its own."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from typing import Final

KEY: Final = "bench"
START_SECONDS: Final = 20


def free_port() -> int:
    """A port that nothing listens on now."""
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def bare() -> Iterator[int]:
    """An aiohttp handler that reads the body and answers; yields its port."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.bare", str(port)], {}, port):
        yield port


@contextmanager
def receiver(folder: Path) -> Iterator[int]:
    """The receiver with its database in `folder`; yields its port."""
    port = free_port()
    environment = {
        "RECEIVER_API_KEY": KEY,
        "RECEIVER_PORT": str(port),
        "RECEIVER_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/bench.db",
        "DEPLOYMENT_DASHBOARD_CONFIG": os.devnull,
    }
    with _running([sys.executable, "-m", "receiver"], environment, port):
        yield port


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - loopback
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)  # it is still starting
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start")
