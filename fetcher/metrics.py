"""What Prometheus may ask."""

from collections.abc import Iterable
from datetime import timedelta

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from fetcher.github.client import GitHub

# Seconds: from a poll at once to a receiver that was away for a day.
LAGS = (2, 5, 10, 20, 30, 45, 60, 90, 120, 300, 900, 3_600, 21_600, 86_400)


class Metrics:
    """The fetcher's counters, in a registry of its own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.passes = self._counter("passes", "Passes over repositories, by result.", "result")
        self.events = self._counter(
            "events", "Events settled, by result and status.", "result", "status"
        )
        self.lag = Histogram(
            "deployment_fetcher_lag_seconds",
            "From the time that GitHub tells of an event to its delivery.",
            buckets=LAGS,
            registry=self.registry,
        )
        self.working = self._gauge("working", "1 while it has the state, 0 while it stands by.")
        self.repositories = self._gauge("repositories", "Repositories that are read.")
        self.waiting = self._gauge("waiting_events", "Events not delivered yet.")
        self.parked = self._gauge("parked_events", "Events that the receiver refused.")
        self._limit = self._gauge("github_limit", "Requests that GitHub grants.", "credential")
        self._remaining = self._gauge("github_remaining", "Requests left of it.", "credential")
        self._charged = self._gauge("github_charged", "Requests used of it by this.", "credential")
        self._budget = self._gauge("github_budget", "Requests that may be used.", "credential")
        self._gauge("info", "The running release.", "version").labels(version).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"deployment_fetcher_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"deployment_fetcher_{name}", text, labels, registry=self.registry)

    def settled(self, result: str, status: str) -> None:
        """Count an event that waits no more."""
        self.events.labels(result, status).inc()
        self.waiting.dec()
        if result == "parked":
            self.parked.inc()

    def delivered_after(self, lag: timedelta) -> None:
        """Note how long an event took."""
        self.lag.observe(max(lag.total_seconds(), 0))

    def render(self, githubs: Iterable[GitHub]) -> bytes:
        """The Prometheus text format, with the limits of each credential as they are now."""
        for github in githubs:
            name, gate = github.credential.name, github.gate
            if (limit := gate.waits.hourly_limit) is not None:
                self._limit.labels(name).set(limit)
                self._budget.labels(name).set(gate.budget or 0)
            if gate.remaining is not None:
                self._remaining.labels(name).set(gate.remaining)
            self._charged.labels(name).set(gate.waits.charged)
        return generate_latest(self.registry)
