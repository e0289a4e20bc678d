"""The metrics for Prometheus, by the owners of the repositories."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from fetcher.deliver.round import Settled
from fetcher.github.client import GitHub
from fetcher.github.gate import Gate

# Seconds: from a poll at once to a receiver that was away for a day.
LAGS: Final = (2, 5, 10, 20, 30, 45, 60, 90, 120, 300, 900, 3_600, 21_600, 86_400)
PREFIX: Final = "deployment_fetcher"
# Owners that are asked about with one credential share its limit.
OF_A_LIMIT: Final = ("owner", "credential", "api")


class Metrics:
    """The fetcher's counters, in a registry of its own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.passes = self._counter(
            "passes", "Passes over repositories, by result.", "owner", "result"
        )
        self.events = self._counter(
            "events", "Events settled, by result and status.", "owner", "result", "status"
        )
        self.duplicates = self._counter(
            "duplicates", "Events that the receiver was found to hold twice.", "owner"
        )
        self.lag = Histogram(
            f"{PREFIX}_lag_seconds",
            "From the time that GitHub tells of an event to its delivery.",
            ("owner",),
            buckets=LAGS,
            registry=self.registry,
        )
        self.working = self._gauge("working", "1 while it has the state, 0 while it stands by.")
        self.repositories = self._gauge("repositories", "Repositories that are read.", "owner")
        self.waiting = self._gauge("waiting_events", "Events not delivered yet.", "owner")
        self.parked = self._gauge("parked_events", "Events that the receiver refused.", "owner")
        self._limit = self._gauge("github_limit", "What GitHub grants.", *OF_A_LIMIT)
        self._remaining = self._gauge("github_remaining", "What is left of it.", *OF_A_LIMIT)
        self._charged = self._gauge("github_charged", "What this used of it.", *OF_A_LIMIT)
        self._budget = self._gauge("github_budget", "What this may use of it.", *OF_A_LIMIT)
        self._gauge("info", "The running release.", "version").labels(version).set(1)
        self._owners: set[str] = set()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def holds(self, gauge: Gauge, by_owner: Mapping[str, int]) -> None:
        """Let a gauge show these figures, and 0 for every other owner that is known."""
        self._owners |= by_owner.keys()
        for owner in self._owners:
            gauge.labels(owner).set(by_owner.get(owner, 0))

    def settled(self, settled: Settled, took: timedelta) -> None:
        """Count an event that no longer waits, so long after it happened."""
        owner, result = settled.owner, settled.result
        self.events.labels(owner, result, settled.status).inc()
        self.waiting.labels(owner).dec()
        self.duplicates.labels(owner).inc(settled.twice)
        if result == "parked":
            self.parked.labels(owner).inc()
        if result == "delivered":
            self.lag.labels(owner).observe(max(took.total_seconds(), 0))

    def render(self, githubs: Mapping[str, GitHub]) -> bytes:
        """The Prometheus text format, with the limits of each owner as they are now."""
        for owner, github in githubs.items():
            for api, gate in (("rest", github.gate), ("graphql", github.graphql_gate)):
                self._limits((owner, github.credential.name, api), gate)
        return generate_latest(self.registry)

    def _limits(self, whose: tuple[str, ...], gate: Gate) -> None:
        if (limit := gate.waits.hourly_limit) is not None:
            self._limit.labels(*whose).set(limit)
            self._budget.labels(*whose).set(gate.budget or 0)
        if gate.remaining is not None:
            self._remaining.labels(*whose).set(gate.remaining)
        self._charged.labels(*whose).set(gate.waits.charged)
