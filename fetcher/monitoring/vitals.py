"""Whether a running fetcher does its work, and how much of it: for those who operate it.

It is told by the parts what they do; it asks nothing and does nothing itself.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.metadata import version
from typing import Final

from fetcher.clock import Clock
from fetcher.deliver.round import Delivered, Settled
from fetcher.github.client import GitHub
from fetcher.github.errors import GitHubError, Limited, Offline
from fetcher.monitoring.metrics import Metrics

LATE: Final = timedelta(minutes=5)
LATE_CYCLES: Final = 3


class Vitals:
    """What is known of the work, from the start to the end of the process.

    Args:
        clock: The time.
        cycle: From one bell to the next.
    """

    def __init__(self, clock: Clock, cycle: timedelta = timedelta()) -> None:
        self.metrics = Metrics(version("deployment-dashboard"))
        self._clock = clock
        self._late = max(LATE, LATE_CYCLES * cycle)
        self._waits_for: str | None = "It is starting."
        self._githubs: Callable[[], Mapping[str, GitHub]] = dict
        self._blocked: str | None = None
        self._read_at = self._delivered_at = self._cycle_at = self._round_at = clock()

    def stands_by(self, reason: str) -> None:
        """The state is not available."""
        self._waits_for = reason
        self.metrics.working.set(0)

    def works(self, githubs: Callable[[], Mapping[str, GitHub]], parked: Mapping[str, int]) -> None:
        """The state is open; given are GitHub as it is asked, and parked events, both by owner."""
        self._waits_for, self._githubs = None, githubs
        self._read_at = self._delivered_at = self._cycle_at = self._round_at = self._clock()
        self.metrics.working.set(1)
        self.metrics.holds(self.metrics.parked, parked)

    def cycle(self, repositories: Mapping[str, int], *, idle: bool) -> None:
        """A cycle of reading begins, of so many repositories by owner, or none of them is due."""
        self.metrics.holds(self.metrics.repositories, repositories)
        self._cycle_at = self._clock()
        if idle:
            self._read_at = self._clock()

    def passed(self, owner: str, events: int, error: GitHubError | None) -> None:
        """A pass over an owner's repository found so many new events; `error` cut it short."""
        self.metrics.passes.labels(owner, _result(error)).inc()
        self.metrics.waiting.labels(owner).inc(events)
        if error is None:
            self._read_at = self._clock()

    def settled(self, settled: Settled) -> None:
        """An event was delivered, found at the receiver, or parked."""
        self._delivered_at = self._round_at = self._clock()
        self.metrics.settled(settled, self._clock() - settled.happened_at)

    def delivered(self, delivered: Delivered) -> None:
        """A round of delivery ended."""
        self._round_at = self._clock()
        self._blocked = delivered.blocked
        self.metrics.holds(self.metrics.waiting, delivered.left)
        if not delivered.waiting:
            self._delivered_at = self._clock()

    def failings(self) -> list[str]:
        """Why it does not do its work, a sentence each; none when it does."""
        if self._waits_for is not None:
            return [self._waits_for]
        now, found = self._clock(), []
        if now - self._read_at > self._late:
            found.append(f"Nothing has been read from GitHub since {self._read_at:%H:%M:%S}Z.")
            gates = {github.gate for github in self._githubs().values()}
            found += [str(closed) for gate in gates if (closed := gate.closed())]
        if self._blocked is not None:
            found.append(self._blocked)
        elif now - self._delivered_at > self._late:
            found.append(f"Nothing has been delivered since {self._delivered_at:%H:%M:%S}Z.")
        return found

    def hangs(self) -> bool:
        """Whether work stands still, with none of GitHub, the receiver and the state to blame."""
        if self._waits_for is not None:
            return False
        return self._clock() - min(self._cycle_at, self._round_at) > self._late

    def render(self) -> bytes:
        """All of it, for Prometheus."""
        return self.metrics.render(self._githubs())


def _result(error: GitHubError | None) -> str:
    match error:
        case None:
            return "read"
        case Limited():
            return "limited"
        case Offline():
            return "offline"
        case _:
            return "failed"
