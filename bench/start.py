"""From the start of the process until it is ready, and what it then takes of memory."""

import statistics
from collections.abc import Iterator
from typing import Final

from bench.databases import KINDS, Kind
from bench.servers import receiver

TITLE: Final = "Start and memory"
EVENTS: Final = 200_000
STARTS: Final = 5


def lines() -> Iterator[str]:
    """The section."""
    yield (
        f"Median of {STARTS} starts. Memory with 10,000 slots is measured after the receiver has "
        "answered the whole matrix. Wanted: ready in 1 s on an empty log; 100 MB with 10,000 slots."
    )
    yield ""
    yield "| database | log | start to /readyz, ms | resident MB |"
    yield "|---|---|---|---|"
    for opened in KINDS:
        with opened() as kind:
            yield from _measured(kind)
    yield ""
    yield (
        "70 MB of the memory are the interpreter and packages, and on PostgreSQL 12 more; the "
        "events of 10,000 slots take 14, and the answer made of them 12."
    )


def _measured(kind: Kind) -> Iterator[str]:
    new = kind.empty()
    with receiver(new) as server:
        yield f"| {kind.name} | new, creating its tables | {server.seconds * 1000:.0f} | |"
    for name, url in (("empty", new), ("10,000 slots", kind.filled(EVENTS))):
        seconds = []
        for _ in range(STARTS):
            with receiver(url) as server:
                seconds.append(server.seconds)
                if url != new:
                    server.get("/api/matrix")
                resident = server.resident
        median = statistics.median(seconds) * 1000
        yield f"| {kind.name} | {name} | {median:.0f} | {resident:.0f} |"
