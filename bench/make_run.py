"""`make run` as a person has it: from Return to the line to paste, from Ctrl-C to the prompt."""

import os
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from bench.servers import free_port

TITLE: Final = "make run"
TIMES: Final = 5


def lines() -> Iterator[str]:
    """The section."""
    with tempfile.TemporaryDirectory() as folder:
        _once(Path(folder))  # sets up
        starts, stops = zip(*(_once(Path(folder)) for _ in range(TIMES)), strict=True)
    yield f"The receiver alone, already set up; median and worst of {TIMES}."
    yield ""
    yield "| what | wanted | median s | worst s |"
    yield "|---|---|---|---|"
    rows = {"start, to the curl line": (3, starts), "Ctrl-C, with a stream open": (2, stops)}
    for what, (wanted, seconds) in rows.items():
        median, worst = statistics.median(seconds), max(seconds)
        yield f"| {what} | ≤ {wanted} s | {median:.1f} | {worst:.1f} |"


def _once(folder: Path) -> tuple[float, float]:
    """Start it and stop it; how many seconds each took."""
    port = free_port()
    began = time.perf_counter()
    with subprocess.Popen(
        ["make", "run"],  # noqa: S607 - the one that a person has on PATH
        env=_environment(folder, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as run:
        try:
            _wait_for_curl(run.stdout)
            started = time.perf_counter()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/events/stream"):
                ended = time.perf_counter()
                os.killpg(run.pid, signal.SIGINT)  # as a terminal does
                run.communicate()
                return started - began, time.perf_counter() - ended
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGTERM)


def _environment(folder: Path, port: int) -> Mapping[str, str]:
    return {
        **os.environ,
        "DEPLOYMENT_DASHBOARD_CONFIG": str(folder / "config.toml"),
        "RECEIVER_PORT": str(port),
        "RECEIVER_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/deployments.db",
        "FETCHER_STATE": str(folder / "fetcher.db"),
    }


def _wait_for_curl(output: IO[bytes] | None) -> None:
    for line in output or ():
        if line.startswith(b"curl"):
            return
    raise RuntimeError("make run did not start")
