"""POST to the receiver beside POST to a bare handler, in alternation."""

import json
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bench.databases import KINDS
from bench.load import Load, post, run
from bench.servers import KEY, Server, bare, receiver

TITLE: Final = "POST"
CONNECTIONS: Final = (1, 64, 256)
ROUNDS: Final = 3
DISTINCT: Final = 20_000
FIRST_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS: Final = 2.0
# Seen with perf, and with parts of the receiver left out: SQLite, 64 connections, 2026-11-24.
WHY: Final = (
    "The ratio is missed because a POST is mostly Python: of the receiver's processor time the "
    "interpreter takes 54 %, the kernel (sockets, durable writes) 26 %, SQLite 6 %, pydantic 4 %. "
    "With no database at all the ratio would be 0.55. The thread that writes gives up Python's "
    "lock in each statement, and has to wait for it while the other one answers: it stops, for "
    "the lock or the disk, 0.9 times per POST. With a single statement in each transaction the "
    "rate would be 1.4 times as high, but there would be no Idempotency-Key."
)


def lines() -> Iterator[str]:
    """The section."""
    yield (
        f"Every 201 is on disk. Median of {ROUNDS} runs of {SECONDS:.0f} s, each next to a run of "
        "the bare handler, which reads the body and stores nothing. Wanted on SQLite: a ratio of "
        "0.5. CPU is the processor time per POST."
    )
    yield ""
    yield (
        "| database | connections | bare POST/s | receiver POST/s | ratio | p50 ms | p99 ms "
        "| bare CPU µs | receiver CPU µs |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for opened in KINDS:
        with opened() as kind:
            for connections in CONNECTIONS:
                yield f"| {kind.name} | {connections} | {measured(kind.empty(), connections)} |"
    yield ""
    yield WHY


def measured(database_url: str, connections: int) -> str:
    """The cells of one row."""
    requests = events()
    bares, receivers = [], []
    with bare() as baseline, receiver(database_url) as server:
        for _ in range(ROUNDS):
            bares.append(_run(baseline, requests, connections))
            receivers.append(_run(server, requests, connections))
    ratio = statistics.median(
        load.rate / beside.rate for (load, _), (beside, _) in zip(receivers, bares, strict=True)
    )
    p50, p99 = (
        statistics.median(load.percentile(percent) for load, _ in receivers) for percent in (50, 99)
    )
    rates, costs = zip(*(_medians(runs) for runs in (bares, receivers)), strict=True)
    return (
        f"{rates[0]:,.0f} | {rates[1]:,.0f} | {ratio:.2f} | {p50:.1f} | {p99:.1f} "
        f"| {costs[0]:.0f} | {costs[1]:.0f}"
    )


def _run(server: Server, requests: Sequence[bytes], connections: int) -> tuple[Load, float]:
    """A load, and the server's processor time for each answer, in microseconds."""
    before = server.processor
    load = run(server.port, requests, connections, SECONDS)
    return load, (server.processor - before) * 1e6 / len(load.latencies)


def _medians(runs: Sequence[tuple[Load, float]]) -> tuple[float, float]:
    loads, costs = zip(*runs, strict=True)
    return median_rate(loads), statistics.median(costs)


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
