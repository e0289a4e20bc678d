"""How long the receiver is left alone after it failed, and what is said about it."""

import logging
import random
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select

from fetcher import upsert
from fetcher.deliver.outcome import LONGEST_RETRY_AFTER, Away, Blocked, Unknown
from fetcher.schema import receiver_pause

log = logging.getLogger(__name__)

FIRST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(seconds=60)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def backoff(failures: int) -> timedelta:
    """The wait after so many failures in a row, from 1: doubling, bounded, spread at random."""
    longest: timedelta = min(FIRST * 2 ** min(failures - 1, 10), LONGEST)
    spread: float = random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing
    return longest * spread


class Pause:
    """The receiver's pause. One process alone has the state, so it is read only once.

    Attributes:
        until: When the receiver may be asked again.
        blocked: What somebody has to correct before it takes anything, as a sentence.
    """

    def __init__(self, receiver_url: str) -> None:
        self.until = EPOCH
        self.blocked: str | None = None
        self._url = receiver_url
        self._failures: int | None = None  # in a row; None before it is read

    def load(self, connection: Connection) -> None:
        """Take over the pause that the previous process left."""
        if self._failures is not None:
            return
        columns = receiver_pause.c
        query = select(columns.failures, columns.until).where(columns.receiver_url == self._url)
        row = connection.execute(query).one_or_none()
        self._failures, self.until = (row.failures, row.until) if row else (0, EPOCH)

    def is_on(self, now: datetime) -> bool:
        """Whether to leave the receiver alone.

        An end too far ahead was set before the clock was set back: that pause is over.
        """
        return now < self.until <= now + LONGEST_RETRY_AFTER

    def begin(
        self, connection: Connection, failure: Away | Blocked | Unknown, now: datetime
    ) -> None:
        """The receiver failed."""
        self._failures = (self._failures or 0) + 1
        wait = backoff(self._failures)
        match failure:
            case Blocked(reason):
                # Not kept: whoever corrects the settings and restarts the program need not wait.
                self.until = now + LONGEST
                self._block(f"The receiver {self._url} {reason}.")
                return
            case Away(reason, retry_after):
                self.until = now + max(wait, retry_after)
            case Unknown(reason):
                self.until = now + wait
        self.blocked = None
        self._keep(connection)
        if self._failures == 1:
            log.warning(
                "The receiver %s %s. Trying again until it takes events.", self._url, reason
            )

    def _block(self, message: str) -> None:
        if message != self.blocked:
            log.error("%s Until then events are kept.", message)
        self.blocked = message

    def took_an_event(self) -> None:
        """The next failure is a first one again: one bad event must not slow down the others."""
        self._failures = 0

    def end(self, connection: Connection) -> None:
        """The receiver did everything it was asked."""
        gone = connection.execute(
            delete(receiver_pause).where(receiver_pause.c.receiver_url == self._url)
        )
        if gone.rowcount or self.blocked:
            log.info("The receiver %s takes events again.", self._url)
        self._failures, self.blocked = 0, None

    def _keep(self, connection: Connection) -> None:
        row = {"receiver_url": self._url, "failures": self._failures, "until": self.until}
        upsert.put(connection, receiver_pause, [row])
