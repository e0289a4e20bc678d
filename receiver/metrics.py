"""What Prometheus may ask."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """The receiver's counters, in a registry of its own."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "deployment_receiver_events",
            "Events stored since start, by status.",
            ["status"],
            registry=self.registry,
        )
        self.answers = Counter(
            "deployment_receiver_posts",
            "Answers to POST /api/deployments since start, by status code.",
            ["code"],
            registry=self.registry,
        )
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

    def render(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
