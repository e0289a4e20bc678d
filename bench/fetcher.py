"""What a pass over many repositories takes: the real programs beside a make-believe GitHub."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from typing import Final

from bench.databases import sqlite
from bench.servers import KEY, receiver

TITLE: Final = "The fetcher"
REPOSITORIES: Final = 500
DEPLOYMENTS: Final = 2  # of each repository, whenever it deploys
TOKEN: Final = "ghs_fake"  # noqa: S105 - it opens nothing


@dataclass(frozen=True)
class Spent:
    """What one `once` took; times in seconds, memory in MB.

    Attributes:
        bare: The processor time in which a bare client asks GitHub for the same.
    """

    bare: float
    wall: float
    processor: float
    memory: float
    requests: int
    charged: int


class GitHub:
    """The make-believe GitHub's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = self._line()

    def _line(self) -> str:
        assert self._process.stdout  # noqa: S101 - it was asked for
        return self._process.stdout.readline().strip()

    def tell(self, command: str) -> str:
        """Its answer."""
        assert self._process.stdin  # noqa: S101 - it was asked for
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._line()


@contextmanager
def github() -> Iterator[GitHub]:
    """A GitHub with many repositories, until the end of the context."""
    command = [sys.executable, "-m", "bench.github", str(REPOSITORIES)]
    process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True)
    try:
        yield GitHub(process)
    finally:
        process.kill()
        process.wait()


def once(settings: Mapping[str, str], folder: Path, beside: GitHub) -> Spent:
    """Read and deliver all there is."""
    beside.tell("count")
    began = time.perf_counter()
    usage, memory = _ran("fetcher", "once", environment=settings, folder=folder)
    wall = time.perf_counter() - began
    counted = json.loads(beside.tell("count"))
    (folder / "asked").write_text(json.dumps([beside.url + path for path in counted.pop("asked")]))
    bare, _ = _ran("bench.asking", environment=settings, folder=folder, told=folder / "asked")
    return Spent(
        bare=bare.ru_utime + bare.ru_stime,
        wall=wall,
        processor=usage.ru_utime + usage.ru_stime,
        memory=memory,
        **counted,
    )


def _ran(
    *command: str, environment: Mapping[str, str], folder: Path, told: Path = Path(os.devnull)
) -> tuple[struct_rusage, float]:
    """What a Python program took that ended well; the most memory that it had, in MB."""
    with told.open() as stdin:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={**os.environ, **environment},
            cwd=folder,
            stdin=stdin,
            stderr=subprocess.DEVNULL,
        )
    memory, ended = 0.0, 0
    while not ended:
        time.sleep(0.02)  # the peak can be read only while the process runs
        memory = max(memory, _peak(process.pid))
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return usage, memory


def _peak(pid: int) -> float:
    # What is told when a process has ended, ru_maxrss, counts the one that started it.
    status = Path(f"/proc/{pid}/status").read_text()
    _, _, told = status.partition("VmHWM:")
    return int(told.split()[0]) * 1024 / 1e6 if told else 0.0


def measure() -> Iterator[tuple[str, Spent]]:
    """What was done, and what it took."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd(), prefix="bench-") as name,
        github() as beside,
        sqlite() as kind,
        receiver(kind.empty()) as server,
    ):
        folder = Path(name)
        settings = {
            "DEPLOYMENT_DASHBOARD_CONFIG": os.devnull,
            "PYTHONPATH": str(Path.cwd()),
            "FETCHER_RECEIVER_URL": f"http://127.0.0.1:{server.port}",
            "FETCHER_API_KEY": KEY,
            "FETCHER_REPOSITORIES": "acme/*",
            "FETCHER_STATE": "fetcher.db",
            "FETCHER_GITHUB__API_URL": beside.url,
            "FETCHER_GITHUB__TOKEN": TOKEN,
            "FETCHER_GITHUB__REQUESTS_PER_MINUTE": "1000000",
            "FETCHER_GITHUB__BUDGET_PERCENT": "100",
        }
        beside.tell("deploy")
        yield "first pass", once(settings, folder, beside)
        beside.tell("deploy")
        yield "all deployed again", once(settings, folder, beside)
        once(settings, folder, beside)  # sees that nothing flipped
        yield "nothing new", once(settings, folder, beside)


def lines() -> Iterator[str]:
    """The section."""
    yield f"{REPOSITORIES} repositories, each of which deploys to {DEPLOYMENTS} environments."
    yield ""
    yield (
        "For comparison, a bare client asks GitHub for the same addresses and delivers nothing."
        " `each` is the number of charged requests per deployment. Wanted: 60 s, 200 MB, 10 each."
    )
    yield ""
    yield "| pass | seconds | CPU s | bare CPU s | ratio | MB | requests | charged | each |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for what, spent in measure():
        each = spent.charged / (REPOSITORIES * DEPLOYMENTS)
        yield (
            f"| {what} | {spent.wall:.1f} | {spent.processor:.1f} | {spent.bare:.1f} |"
            f" {spent.processor / spent.bare:.1f} | {spent.memory:.0f} |"
            f" {spent.requests:,} | {spent.charged:,} | {each:.1f} |"
        )
