"""A log of ten million events beside an empty one."""

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from bench.databases import KINDS, SLOTS, Kind
from bench.fill import ENVIRONMENTS, SPAN
from bench.load import Client, Load, get, post, run
from bench.post import median_rate
from bench.servers import KEY, Server, receiver

TITLE: Final = "Growth"
EVENTS: Final = 10_000_000
PAGES: Final = 200
INSTANTS: Final = 10
DISTINCT: Final = 20_000
CONNECTIONS: Final = 64
ROUNDS: Final = 5
SECONDS: Final = 2.0
# The fill leaves indexes without room, unlike events that came one by one: until each slot has had
# a few, every POST would split pages.
WARM_UP_SECONDS: Final = 8.0


def lines(count: int = EVENTS) -> Iterator[str]:
    """The section."""
    yield (
        f"{count:,} events over two years in {SLOTS:,} slots, some with a hundred times as many "
        "as others. POSTs use 64 connections, and each run is next to one on an empty log, once "
        "both logs have an event in every slot."
    )
    yield ""
    columns = []
    for opened in KINDS:
        with opened() as kind:
            columns.append([kind.name, "---", *_measured(kind, count)])
    for (name, wanted), *cells in zip(ROWS, *columns, strict=True):
        yield f"| {name} | {wanted} | {' | '.join(cells)} |"
    yield ""
    yield WHY


# Seen by processor time and EXPLAIN, 2026-11-24.
WHY: Final = (
    "Of `?at=` on PostgreSQL, the look-ups take 130 to 200 ms of the server's time, in three parts "
    "at once, and up to 150 ms more where their 10,000 pages are not in its buffers yet; reading "
    "the rows and making events of them takes 100 ms in Python, and JSON of the events 60 ms, on "
    "one core. SQLite's look-ups take 70 ms."
)
ROWS: Final = (
    ("what", "wanted"),
    ("---", "---"),
    ("start to the first `/api/matrix`", "≤ 2 s"),
    (f"a page of a slot's history, 100 events; p50, worst of {PAGES}", "≤ 20 ms"),
    (f"`/api/matrix?at=`, median, worst of {INSTANTS}", "≤ 250 ms"),
    ("POST/s, p99, ratio to an empty log", "≥ 0.8"),
    ("the same while retention removes the older half", "≥ 0.8"),
)


def _measured(kind: Kind, count: int) -> Sequence[str]:
    url, empty = kind.filled(count), kind.empty()
    with receiver(url, first="/api/matrix") as server, receiver(empty) as beside:
        started = f"{server.seconds:.1f} s"
        pages = _times(server, [_page(number) for number in range(PAGES)])
        instants = _times(server, [_instant(number) for number in range(INSTANTS)])
        loads = _in_turn(server, beside)
    with (
        receiver(url, RECEIVER_RETENTION_DAYS=str(SPAN.days // 2)) as server,
        receiver(empty) as beside,
    ):
        thinned = _in_turn(server, beside)
    return (
        started,
        f"{statistics.median(pages):.1f}, {max(pages):.1f} ms",
        f"{statistics.median(instants):.0f}, {max(instants):.0f} ms",
        _compared(loads),
        _compared(thinned),
    )


def _times(server: Server, paths: Sequence[str]) -> list[float]:
    """How long (ms) each takes, on one connection."""
    client = Client(server.port)
    times = []
    with client.socket:
        for path in paths:
            client.send(get(path, {}))
            while client.receive() is None:
                pass
            times.append((time.perf_counter() - client.sent_at) * 1000)
    return times


def _page(number: int) -> str:
    service, environment = _slot(number)
    return f"/api/deployments?service={service}&environment={environment}&limit=100"


def _instant(number: int) -> str:
    at = datetime.now(UTC) - SPAN * number / INSTANTS
    return f"/api/matrix?at={at:%Y-%m-%dT%H:%M:%SZ}"


def _slot(number: int) -> tuple[str, str]:
    """One of the 10,000, from all over: busy ones and quiet ones in turn."""
    place = number * 7919 % SLOTS
    return f"service-{place // 10}", ENVIRONMENTS[place % 10]


def _in_turn(server: Server, beside: Server) -> list[tuple[Load, Load]]:
    """Loads of the long log and of the empty one, in alternation."""
    requests = [post("/api/deployments", _body(number), KEY) for number in range(DISTINCT)]
    for each in (server, beside):
        run(each.port, requests, CONNECTIONS, WARM_UP_SECONDS)
    return [
        (
            run(server.port, requests, CONNECTIONS, SECONDS),
            run(beside.port, requests, CONNECTIONS, SECONDS),
        )
        for _ in range(ROUNDS)
    ]


def _body(number: int) -> bytes:
    service, environment = _slot(number)
    event = {
        "deployment_id": f"run-{number}",
        "service": service,
        "environment": environment,
        "version": f"2.0.{number}",
        "status": "success",
        "happened_at": datetime.now(UTC).isoformat(),
        "run_url": f"https://ci.example/runs/{number}",
        "actor": "octocat",
    }
    return json.dumps(event).encode()


def _compared(loads: Sequence[tuple[Load, Load]]) -> str:
    rate = median_rate([load for load, _ in loads])
    ratio = statistics.median(load.rate / beside.rate for load, beside in loads)
    p99 = statistics.median(load.percentile(99) for load, _ in loads)
    return f"{rate:,.0f}/s, {p99:.0f} ms, {ratio:.2f}"
