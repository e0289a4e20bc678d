"""How often is too often: token buckets, filled evenly and full at first. Pure.

They are in memory, so each receiver on a shared database counts for itself.
"""

from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

GUESSES_PER_MINUTE: Final = 20
MOST_CLIENTS: Final = 10_000
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Bucket:
    """Holds as many tokens as one minute brings."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._tokens = 0.0
        self._filled_at = LONG_AGO

    def wait(self, now: datetime) -> float:
        """Seconds until there is a token; 0 when there is one."""
        # A clock that was set back brings nothing, and takes nothing away.
        passed = max(0.0, (now - self._filled_at).total_seconds())
        self._filled_at = now
        self._tokens = min(self._per_minute, self._tokens + passed * self._per_minute / 60)
        return max(0.0, 1 - self._tokens) * 60 / self._per_minute

    def take(self, now: datetime) -> float:
        """Take a token, if there is one; returns what `wait` does."""
        if wait := self.wait(now):
            return wait
        self._tokens -= 1
        return 0


class Guesses:
    """Wrong keys: a client that has shown many has to wait before it shows another."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()  # the client seen last is last

    def wait(self, client: str, now: datetime) -> float:
        """Seconds that this client has to wait; 0 for most."""
        bucket = self._buckets.get(client)
        return 0 if bucket is None else bucket.wait(now)

    def wrong(self, client: str, now: datetime) -> None:
        """Count a wrong key."""
        bucket = self._buckets.setdefault(client, Bucket(GUESSES_PER_MINUTE))
        self._buckets.move_to_end(client)
        bucket.take(now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
