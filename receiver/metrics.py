"""The metrics for Prometheus."""

from collections import Counter as Counting
from collections.abc import Iterable
from itertools import product
from typing import Final, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    generate_latest,
)

from receiver.event import Event, Status

# Answers of which already the first is worth an alarm.
ALARMING: Final = (401, 403, 422, 500, 503)


class Metrics:
    """The receiver's counters, in a registry of its own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        events = Counter(
            "deployment_receiver_events",
            "Events stored by this receiver since start, by status.",
            ["status"],
            registry=self.registry,
        )
        self.events = {status: events.labels(status) for status in get_args(Status)}
        self.commits = Counter(
            "deployment_receiver_commits",
            "Transactions that stored events, since start.",
            registry=self.registry,
        )
        self.outage = Gauge(
            "deployment_receiver_outage",
            "1 while the database stores nothing or the log cannot be read, else 0.",
            registry=self.registry,
        )
        self.problems = Counter(
            "deployment_receiver_problems",
            "Requests that a route refused or failed, since start, by method and status code.",
            ["method", "code"],
            registry=self.registry,
        )
        # Prometheus sees no increase in a series that begins with its first count.
        for method, status in product(("GET", "POST"), ALARMING):
            self.problems.labels(method, status)
        self.streams = Gauge(
            "deployment_receiver_streams", "Streams open now.", registry=self.registry
        )
        self.slow_streams = Counter(
            "deployment_receiver_slow_streams",
            "Streams ended because their reader was too slow.",
            registry=self.registry,
        )
        self.last_event_id = Gauge(
            "deployment_receiver_last_event_id",
            "Id of the newest event published.",
            registry=self.registry,
        )
        self.slots = Gauge(
            "deployment_receiver_slots", "Slots of the matrix.", registry=self.registry
        )
        info = Gauge(
            "deployment_receiver_info", "The running release.", ["version"], registry=self.registry
        )
        info.labels(version).set(1)

    def refused(self, method: str, status: int) -> None:
        """Count a request that was answered with a problem."""
        self.problems.labels(method, status).inc()

    def stored(self, events: Iterable[Event]) -> None:
        """Count what one transaction appended: nothing, where it only repeated answers."""
        by_status = Counting(event.status for event in events)
        for status, number in by_status.items():
            self.events[status].inc(number)
        self.commits.inc(bool(by_status))

    def render(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
