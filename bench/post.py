"""POST to the receiver beside POST to a bare handler, in alternation."""

import json
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.databases import KINDS
from bench.load import Load, post, run
from bench.servers import KEY, bare, receiver

TITLE: Final = "POST"
CONNECTIONS: Final = (1, 64, 256)
ROUNDS: Final = 3
DISTINCT: Final = 20_000
FIRST_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS: Final = 2.0


def lines() -> Iterator[str]:
    """The section."""
    yield (
        f"Every 201 is on disk. Median of {ROUNDS} runs of {SECONDS:.0f} s, each beside the bare "
        "handler, which reads the body and stores nothing. Wanted on SQLite: a ratio of 0.5."
    )
    yield ""
    yield "| database | connections | bare POST/s | receiver POST/s | ratio | p50 ms | p99 ms |"
    yield "|---|---|---|---|---|---|---|"
    for opened in KINDS:
        with opened() as kind:
            for connections in CONNECTIONS:
                yield f"| {kind.name} | {connections} | {measured(kind.empty(), connections)} |"


def measured(database_url: str, connections: int) -> str:
    """The cells of one row."""
    requests = events()
    bares, receivers = [], []
    with bare() as baseline, receiver(database_url) as server:
        for _ in range(ROUNDS):
            bares.append(run(baseline.port, requests, connections, SECONDS))
            receivers.append(run(server.port, requests, connections, SECONDS))
    ratio = statistics.median(
        load.rate / beside.rate for load, beside in zip(receivers, bares, strict=True)
    )
    p50, p99 = (
        statistics.median(load.percentile(percent) for load in receivers) for percent in (50, 99)
    )
    return (
        f"{median_rate(bares):,.0f} | {median_rate(receivers):,.0f} | {ratio:.2f} "
        f"| {p50:.1f} | {p99:.1f}"
    )


def median_rate(loads: Sequence[Load]) -> float:
    """Answers per second. Raises RuntimeError where a request was refused."""
    if refused := sum(load.refused for load in loads):
        raise RuntimeError(f"{refused} requests were refused")
    return statistics.median(load.rate for load in loads)


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
