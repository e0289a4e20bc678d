"""The gate that every request to GitHub passes: one for each credential.

It keeps the pace, counts what is charged, and closes when GitHub, or the budget, says stop.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gidgethub.sansio import RateLimit

from fetcher.clock import Clock, Sleep
from fetcher.github.errors import Limited, ShutOut
from fetcher.github.refusals import expires_soon

MOST_IN_FLIGHT: Final = 10  # GitHub advises few, and refuses beyond 100
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(minutes=15)
# After so many refusals in a row, more than an hour of them, it can't be a burst that GitHub minds.
PATIENT_REFUSALS: Final = 8
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SHUT_OUT: Final = timedelta(minutes=5)
WINDOW: Final = timedelta(hours=1, minutes=5)  # GitHub's hour, and clocks that differ
# GitHub's servers round the end of one window to different seconds.
SAME_WINDOW: Final = timedelta(minutes=1)
TOO_MANY: Final = 429
LARGEST_LIMIT: Final = 2**31 - 1  # what a database's column holds
RETRY_AFTER: Final = "retry-after"
SLOW_DOWN: Final = ("secondary rate", "abuse", "login attempts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What the gate must not forget when the program ends.

    Attributes:
        closed_until: Nothing may be asked before; None when the gate is open.
        refusals: In a row, of the kind for which GitHub names no time.
        window_ends_at: The end of GitHub's window in which `charged` was counted.
        charged: What this program has used up of the window.
        hourly_limit: What GitHub grants in a window; None until it has said so.
        warned_at: When the log last warned that the credential expires soon.
    """

    closed_until: datetime | None = None
    reason: str = ""
    refusals: int = 0
    window_ends_at: datetime | None = None
    charged: int = 0
    hourly_limit: int | None = None
    warned_at: datetime | None = None


class Gate:
    """Paces and stops the requests of one credential.

    Attributes:
        remaining: What GitHub has left for the credential, whoever uses it; None if it didn't say.
        least_interval: How long GitHub wants to be left alone before it is asked the same again.
    """

    def __init__(
        self,
        requests_per_minute: int,
        budget_percent: int,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.waits = Waits()
        self.remaining: int | None = None
        self.least_interval = timedelta()
        self._interval = 60 / requests_per_minute
        self._budget_percent = budget_percent
        self._clock = clock
        self._sleep = sleep
        self._monotonic = monotonic
        self._next_turn = 0.0
        self._shut_out: ShutOut | None = None
        self._in_flight = asyncio.Semaphore(MOST_IN_FLIGHT)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a request may be sent; the turn lasts until its answer has been read.

        Raises:
            Limited: None may be sent, for a time.
        """
        self._raise_if_closed()
        async with self._in_flight:
            await self._pace()
            yield

    def sustained(self, *, charged: bool) -> float:
        """Requests a minute that can be kept up for ever, if all of them are charged or none."""
        pace, limit = 60 / self._interval, self.waits.hourly_limit
        if not charged or limit is None:
            return pace
        return min(pace, limit * self._budget_percent / 100 / 60)

    @property
    def budget(self) -> int | None:
        """What this program may use up of the window; None where there is no limit."""
        limit = self.waits.hourly_limit
        return None if limit is None else limit * self._budget_percent // 100

    async def _pace(self) -> None:
        self._raise_if_closed()
        now = self._monotonic()
        turn = max(self._next_turn, now)
        self._next_turn = turn + self._interval
        if turn > now:
            await self._sleep(turn - now)
            self._raise_if_closed()

    def _raise_if_closed(self) -> None:
        if limited := self.closed():
            raise limited

    def closed(self) -> Limited | None:
        """Why and until when nothing may be asked; None when the gate is open."""
        until, now = self.waits.closed_until, self._clock()
        if self._shut_out and now < self._shut_out.until <= now + SHUT_OUT:
            return self._shut_out
        # A longer wait was noted before the clock was set back.
        is_closed = until and now < until <= now + WINDOW
        return Limited(self.waits.reason, until) if until and is_closed else None

    def answered(self, headers: Mapping[str, str], *, charged: int) -> None:
        """Take note of an answer that was no refusal, and of what was charged for it.

        The names of the headers are in lower case.
        """
        self.waits = replace(self.waits, refusals=0)
        if (seconds := headers.get("x-poll-interval", "")).isdecimal():
            self.least_interval = min(timedelta(seconds=int(seconds[:9])), LONGEST_WAIT)
        self._count(headers, charged=charged)

    def refused(self, status: int, headers: Mapping[str, str], message: str) -> Limited | None:
        """Take note of a refusal; None if it is not a limit but a missing permission."""
        limit = self._count(headers, charged=True)
        # Not `if limit`: to gidgethub it is false when nothing is left.
        if limit is not None and limit.remaining == 0 and RETRY_AFTER not in headers:
            return Limited(self.waits.reason, self.waits.closed_until or self._clock())
        return self.slowed(status, headers, message)

    def slowed(self, status: int, headers: Mapping[str, str], message: str) -> Limited | None:
        """Likewise, for a refusal whose figures are about another limit than this gate's.

        GitHub names the time, or it is a minute, doubled each time ("secondary rate limit").
        """
        seconds, text = headers.get(RETRY_AFTER, ""), message.lower()
        if seconds.isdecimal() and int(seconds[:9]):
            return self.close("GitHub asks to wait", timedelta(seconds=int(seconds[:9])))
        is_asked_to = RETRY_AFTER in headers or any(word in text for word in SLOW_DOWN)
        if status == TOO_MANY or is_asked_to:
            return self.close("GitHub asks to slow down", self._doubled_wait())
        return None

    def shut_out(self, reason: str) -> ShutOut:
        """Close because the credential is of no use.

        Not one of the `waits`: whoever corrects the credential restarts the program, and should
        not have to wait.
        """
        self._shut_out = ShutOut(reason, self._clock() + SHUT_OUT)
        return self._shut_out

    def warning(self, expires_at: datetime) -> str:
        """The warning about a credential that expires soon, once a day; else empty."""
        said_at, now = self.waits.warned_at, self._clock()
        if said_at and said_at <= now < said_at + DAY:
            return ""
        if soon := expires_soon(expires_at, now):
            self.waits = replace(self.waits, warned_at=now)
        return soon

    def _doubled_wait(self) -> timedelta:
        until, now = self.waits.closed_until, self._clock()
        if until and now < until:
            return until - now  # an answer that was under way when the gate closed
        refusals = self.waits.refusals + 1
        self.waits = replace(self.waits, refusals=refusals)
        if refusals > PATIENT_REFUSALS:
            return HOUR
        wait: timedelta = FIRST_WAIT * 2 ** (refusals - 1)
        spread = 1 + random.random() / 10  # noqa: S311 - it spreads load and guards nothing
        return min(wait * spread, LONGEST_WAIT)

    def close(self, reason: str, wait: timedelta) -> Limited:
        """Let nobody pass for so long."""
        # More than the window's length is due to a clock that differs from GitHub's.
        until = self._clock() + min(wait, WINDOW)
        later = max(until, self.waits.closed_until or until)
        self.waits = replace(self.waits, closed_until=later, reason=reason)
        return Limited(reason, later)

    def _count(self, headers: Mapping[str, str], *, charged: int) -> RateLimit | None:
        limit = _limit(headers)
        if limit is None:
            # An error without figures, or a GitHub Enterprise Server, which by default has none.
            self.waits = replace(self.waits, charged=self.waits.charged + charged)
            return None
        self.remaining, ends_at = limit.remaining, limit.reset_datetime
        before, noted = 0, self.waits.window_ends_at
        if noted and abs(ends_at - noted) < SAME_WINDOW:
            before, ends_at = self.waits.charged, max(ends_at, noted)
        self.waits = replace(
            self.waits,
            window_ends_at=ends_at,
            charged=before + charged,
            hourly_limit=limit.limit,
        )
        if limit.remaining == 0:
            self._close_window(f"GitHub's limit of {limit.limit:,} requests an hour is used up")
        elif self.waits.charged * 100 >= limit.limit * self._budget_percent:
            budget = f"{self._budget_percent} % of {limit.limit:,} requests an hour"
            self._close_window(f"The budget of {budget} is used up")
        return limit

    def _close_window(self, reason: str) -> None:
        ends_at = self.waits.window_ends_at or self._clock()
        left = ends_at + timedelta(seconds=1) - self._clock()
        # Over already, and still used up: the clocks differ, and to go on asking would be a hot
        # loop.
        self.close(reason, left if left > timedelta() else FIRST_WAIT)


def _limit(headers: Mapping[str, str]) -> RateLimit | None:
    try:
        found = RateLimit.from_http(headers)
    except (ValueError, OverflowError, OSError):
        return None
    is_one = found is not None and 0 <= found.limit <= LARGEST_LIMIT
    return found if is_one else None
