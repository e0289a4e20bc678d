"""`make bench`: POST to the receiver beside POST to a bare aiohttp handler, in alternation.

Prints a Markdown table. The rates are of this machine and this minute; the ratio is what counts.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.load import Load, post, run
from bench.servers import KEY, bare, receiver

CONNECTIONS: Final = (1, 64, 256)
ROUNDS: Final = 5
DISTINCT: Final = 20_000
FIRST_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS: Final = 3.0


def events() -> list[bytes]:
    """Requests as pipelines send them: 12 services, 4 environments, ids and times that grow."""
    return [
        post("/api/deployments", json.dumps(_event(number)).encode(), KEY)
        for number in range(DISTINCT)
    ]


def _event(number: int) -> dict[str, object]:
    return {
        "deployment_id": f"gh-{9_000_000_000 + number}",
        "service": f"service-{number % 12}",
        "environment": ("dev", "test", "staging", "production")[number % 4],
        "version": "3f2c1d9b8a7e6f5d4c3b2a19087f6e5d4c3b2a19",
        "status": "success",
        "happened_at": (FIRST_AT + timedelta(seconds=number // 10)).isoformat(),
        "run_url": f"https://github.example/acme/shop/actions/runs/{number}",
        "run_number": number,
        "actor": "octocat",
        "ref": "refs/heads/main",
        "sha": "3f2c1d9b8a7e6f5d4c3b2a19087f6e5d4c3b2a19",
    }


def measure(connections: int) -> tuple[list[Load], list[Load]]:
    """Loads of the bare handler and of the receiver, in alternation."""
    bares, receivers, requests = [], [], events()
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        bare() as bare_port,
        receiver(Path(folder)) as port,
    ):
        for _ in range(ROUNDS):
            bares.append(run(bare_port, requests, connections, SECONDS))
            receivers.append(run(port, requests, connections, SECONDS))
    return bares, receivers


def row(connections: int) -> str:
    """One line of the table."""
    bares, receivers = measure(connections)
    if refused := sum(load.refused for load in (*bares, *receivers)):
        raise RuntimeError(f"{refused} requests were refused")
    bare_rate = statistics.median(load.rate for load in bares)
    rate = statistics.median(load.rate for load in receivers)
    ratio = statistics.median(
        load.rate / beside.rate for load, beside in zip(receivers, bares, strict=True)
    )
    p50, p99 = (
        statistics.median(load.percentile(percent) for load in receivers) for percent in (50, 99)
    )
    return (
        f"| {connections} | {bare_rate:,.0f} | {rate:,.0f} | {ratio:.2f} | {p50:.1f} | {p99:.1f} |"
    )


def main() -> None:
    """Measure and print."""
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"aiohttp {version('aiohttp')}, SQLAlchemy {version('sqlalchemy')}, SQLite, "
        f"every 201 on disk; median of {ROUNDS} runs of {SECONDS:.0f} s.\n"
    )
    print("| connections | bare POST/s | receiver POST/s | ratio | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|")
    for connections in CONNECTIONS:
        print(row(connections))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
