"""GET /api/matrix with 10,000 slots, beside a bare handler's GET, in alternation."""

import json
import statistics
from collections.abc import Iterator
from typing import Final

from bench.databases import SLOTS, sqlite
from bench.load import get, run
from bench.post import median_rate
from bench.servers import bare, receiver

TITLE: Final = "The matrix"
EVENTS: Final = 200_000
CONNECTIONS: Final = 8
ROUNDS: Final = 3
SECONDS: Final = 2.0


def lines() -> Iterator[str]:
    """The section."""
    with sqlite() as kind, bare() as baseline, receiver(kind.filled(EVENTS)) as server:
        plain = server.get("/api/matrix")
        if sum(len(row["slots"]) for row in json.loads(plain)["rows"]) != SLOTS:
            raise RuntimeError("the log does not have every slot")
        requests = {
            "304, by ETag": get("/api/matrix", {"If-None-Match": "*"}),
            "200, gzip": get("/api/matrix", {"Accept-Encoding": "gzip"}),
            f"200, plain, {len(plain) / 1e6:.1f} MB": get("/api/matrix", {}),
        }
        yield (
            f"1,000 services in 10 environments, {CONNECTIONS} connections, median of {ROUNDS} "
            f"runs of {SECONDS:.0f} s, each next to one of the bare handler, which answers two "
            "bytes. The matrix is in memory, whatever the database. Wanted: a ratio of 0.5 for 304."
        )
        yield ""
        yield "| answer | bare GET/s | receiver GET/s | ratio | p50 ms | p99 ms |"
        yield "|---|---|---|---|---|---|"
        for name, request in requests.items():
            yield f"| {name} | {_measured(baseline.port, server.port, request)} |"


def _measured(bare_port: int, port: int, request: bytes) -> str:
    bares, receivers = [], []
    for _ in range(ROUNDS):
        bares.append(run(bare_port, [get("/api/matrix", {})], CONNECTIONS, SECONDS))
        receivers.append(run(port, [request], CONNECTIONS, SECONDS))
    beside, rate = median_rate(bares), median_rate(receivers)
    p50, p99 = (
        statistics.median(load.percentile(percent) for load in receivers) for percent in (50, 99)
    )
    return f"{beside:,.0f} | {rate:,.0f} | {rate / beside:.2f} | {p50:.1f} | {p99:.1f}"
