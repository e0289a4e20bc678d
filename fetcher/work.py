"""The two things that the fetcher does: passes over repositories, and rounds of delivery.

One repository's failure, whatever it is, ends its own pass and nothing else.
"""

import asyncio
import logging
from datetime import datetime
from typing import Final

from fetcher.clock import Clock
from fetcher.deliver.delivery import Delivery
from fetcher.deliver.round import Delivered
from fetcher.github.errors import GitHubError, Limited, Missing, Offline
from fetcher.github.githubs import GitHubs
from fetcher.github.remedies import in_words
from fetcher.monitoring.troubles import Troubles
from fetcher.monitoring.vitals import Vitals
from fetcher.plural import counted
from fetcher.poll.poller import Passed, Poller
from fetcher.progress import Step, no_step
from fetcher.schedule.rota import Due, Rota
from fetcher.selection import owner_of
from fetcher.state import StateError, StateLost

log = logging.getLogger(__name__)

PASSES_AT_ONCE: Final = 8  # GitHub asks for few, and at its pace more would not be faster
GITHUB: Final = "GitHub"
READING: Final = "Reading"


class Work:
    """Passes and rounds, and what is said about them.

    Attributes:
        rota: Whose turn it is.
        githubs: GitHub, for every owner.
        clock: The time.
        troubles: What is wrong at the moment, as the log has it.
        found: Set when a pass put events into the outbox; for whoever delivers.
    """

    def __init__(
        self,
        rota: Rota,
        githubs: GitHubs,
        poller: Poller,
        delivery: Delivery,
        clock: Clock,
        vitals: Vitals,
    ) -> None:
        self.rota = rota
        self.githubs = githubs
        self.clock = clock
        self.found = asyncio.Event()
        self.troubles = Troubles(clock)
        self._vitals = vitals
        self._poller = poller
        self._delivery = delivery
        self._places = asyncio.Semaphore(PASSES_AT_ONCE)

    async def due(self) -> Due:
        """The repositories to read now; logs why others are left alone or not known."""
        due = await self.rota.due()
        for name, error in due.paused.items():
            self.troubles.has(name, error)
        for owner, refusal in due.unlisted.items():
            self.troubles.has(f"{owner}/*", in_words(self.githubs.for_owner(owner), owner, refusal))
        for owner in self.rota.roster.owners - due.unlisted.keys():
            self.troubles.over(f"{owner}/*")
        self._vitals.cycle(due.owners, idle=due.is_idle)
        return due

    async def read(self, name: str) -> Exception | None:
        """Make passes over one repository until nothing is left of what is due now.

        Returns:
            What cut it short; it has been logged.
        """
        due_at, passed = self.clock(), None
        while passed is None or passed.more:
            async with self._places:  # given up between passes, to the next in the queue
                if passed is None and not self.closed(name):
                    self.rota.begins(name)
                try:
                    sighting, others = self.rota.sighting(name), self.rota.roster.selected
                    passed = await self._poller.read(name, due_at, sighting, others)
                    if isinstance(passed.error, Missing) and await self.rota.roster.lost(name):
                        return None
                except StateLost as error:
                    return error  # whoever opened the state says so
                except StateError as error:
                    self.troubles.has(name, str(error))
                    return error
                except Exception as error:  # noqa: BLE001 - ours or the disk's: the others go on
                    self.troubles.has(name, f"{type(error).__name__}: {error}", error)
                    return error
            self._report(name, passed)
        return passed.error

    def _report(self, name: str, passed: Passed) -> None:
        self._vitals.passed(owner_of(name), passed.events, passed.error)
        if passed.events:
            more = ", and more to read" if passed.more else ""
            log.info("%s: %s%s", name, counted(passed.events, "new event"), more)
            self.found.set()
        match passed.error:
            case None:
                self.troubles.over(name)
                self.troubles.over(GITHUB)
            case Offline():  # said once, whatever the number of repositories
                self.troubles.has(GITHUB, self._in_words(name, passed.error))
            case Limited():
                self.closed(name)
            case _:
                self.troubles.has(name, self._in_words(name, passed.error))
        if not self.closed(name):
            self.troubles.over(self._reading(name))

    def closed(self, name: str) -> Limited | None:
        """What forbids asking about a repository at the moment; it has been logged."""
        if limited := self.githubs.for_repository(name).gate.closed():
            self.troubles.has(self._reading(name), self._in_words(name, limited))
        return limited

    def _in_words(self, name: str, error: GitHubError) -> str:
        return in_words(self.githubs.for_repository(name), name.partition("/")[0], error)

    def _reading(self, name: str) -> str:
        return f"{READING} with {self.githubs.for_repository(name).credential.name}"

    async def look_back(self, since: datetime) -> tuple[int, int]:
        """Let everything since a time be sent again, and read GitHub where it was not read so far.

        Returns:
            How many events wait once more, and how many repositories are read further back.
        """
        events = await self._delivery.put_back(since)
        return events, await self._poller.reach_back(since)

    async def unread(self) -> int:
        """How many deployments and runs wait to be understood; logs which repositories'."""
        counts = await self._poller.unread(self.rota.roster.selected)
        for name, count in counts.items():
            if count:
                log.error(
                    "%s: GitHub's answers about %s made no sense; asking again within half an hour",
                    name,
                    counted(count, "deployment or run"),
                )
        return sum(counts.values())

    async def waiting(self) -> int:
        """How many events are waiting to be delivered."""
        return await self._delivery.waiting()

    async def deliver(self, step: Step = no_step) -> Delivered:
        """One round of delivery; `step` is called after each event that no longer waits."""
        delivered = await self._delivery.deliver_due(step)
        self._vitals.delivered(delivered)
        if new := delivered.delivered - delivered.found:
            log.info("%s delivered", counted(new, "event"))
        if delivered.found:
            log.info("%s found at the receiver already", counted(delivered.found, "event"))
        return delivered
