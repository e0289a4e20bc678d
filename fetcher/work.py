"""The two things that the fetcher does: passes over repositories, and rounds of delivery.

One repository's failure, whatever it is, ends its own pass and nothing else.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from fetcher import observations
from fetcher.clock import Clock
from fetcher.deliver import Delivered, Delivery
from fetcher.github.errors import Limited, Offline
from fetcher.github.githubs import GitHubs
from fetcher.poll import LONGEST_PAUSE, Passed, Poller
from fetcher.troubles import Troubles

log = logging.getLogger(__name__)

PASSES_AT_ONCE: Final = 8  # GitHub asks for few, and at its pace more would not be faster
GITHUB: Final = "GitHub"
READING: Final = "Reading"


class Work:
    """Passes and rounds, and what is said about them.

    Attributes:
        repositories: What there is to read.
        found: Set when a pass put events into the outbox; for whoever delivers.
    """

    def __init__(
        self,
        repositories: Sequence[str],
        engine: AsyncEngine,
        githubs: GitHubs,
        poller: Poller,
        delivery: Delivery,
        clock: Clock,
    ) -> None:
        self.repositories = repositories
        self.githubs = githubs
        self.clock = clock
        self.found = asyncio.Event()
        self.troubles = Troubles(clock)
        self._engine = engine
        self._poller = poller
        self._delivery = delivery
        self._places = asyncio.Semaphore(PASSES_AT_ONCE)

    async def unpaused(self) -> list[str]:
        """The repositories that are not left alone after a failure; what that was, is said."""
        async with self._engine.begin() as connection:
            pauses = await observations.pauses(connection)
        now = self.clock()
        # A longer pause was noted before the clock was set back.
        paused = {n: p for n, p in pauses.items() if now < p.until <= now + LONGEST_PAUSE}
        for name in paused.keys() & set(self.repositories):
            self.troubles.has(name, paused[name].error)
        return [name for name in self.repositories if name not in paused]

    async def read(self, name: str) -> Exception | None:
        """Passes over one repository until nothing is left of what is due now.

        Returns:
            What cut it short; it was said.
        """
        due_at, passed = self.clock(), None
        while passed is None or passed.more:
            async with self._places:  # given up between passes, to the next in the queue
                try:
                    passed = await self._poller.read(name, due_at)
                except Exception as error:  # noqa: BLE001 - ours or the disk's: the others go on
                    self.troubles.has(name, f"{type(error).__name__}: {error}", error)
                    return error
            self._report(name, passed)
        return passed.error

    def _report(self, name: str, passed: Passed) -> None:
        if passed.events:
            more = ", and more to read" if passed.more else ""
            log.info("%s: %s%s", name, _count(passed.events, "new event"), more)
            self.found.set()
        match passed.error:
            case None:
                self.troubles.over(name)
                self.troubles.over(GITHUB)
            case Offline():  # said once, whatever the number of repositories
                self.troubles.has(GITHUB, str(passed.error))
            case Limited():
                self.closed(name)
            case _:
                self.troubles.has(name, str(passed.error))
        if not self.closed(name):
            self.troubles.over(self._reading(name))

    def closed(self, name: str) -> Limited | None:
        """What forbids to ask about a repository at the moment; it was said."""
        if limited := self.githubs.for_repository(name).gate.closed():
            self.troubles.has(self._reading(name), str(limited))
        return limited

    def _reading(self, name: str) -> str:
        return f"{READING} with {self.githubs.for_repository(name).credential.name}"

    async def deliver(self) -> Delivered:
        """One round of delivery."""
        delivered = await self._delivery.deliver_due()
        if delivered.delivered:
            log.info("%s delivered", _count(delivered.delivered, "event"))
        return delivered


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
