"""The running fetcher: where the parts are built, and the bells at which they work.

The scheduler only rings; what is due is asked of the state. So a fetcher that was away does what it
missed, and `once` from a timer does what `run` does.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Connection
from yarl import URL

from fetcher import observations, outbox
from fetcher.access import open_githubs
from fetcher.clock import Clock, Sleep, system_clock
from fetcher.config import Settings
from fetcher.deliver.delivery import Delivery
from fetcher.deliver.receiver import Receiver
from fetcher.github.githubs import GitHubs
from fetcher.monitoring.vitals import Vitals
from fetcher.plural import counted
from fetcher.poll.poller import Poller
from fetcher.poll.survey import Policy
from fetcher.schedule.roster import Roster
from fetcher.schedule.rota import Due, Rota
from fetcher.selection import Selection, select
from fetcher.state import Standby, StateError, StateLost, open_state
from fetcher.work import Work

log = logging.getLogger(__name__)

LANES: Final = {
    "deployments": "by their deployments",
    "runs": "by the runs of their workflows",
    "both": "by both",
    "none": "without any yet",
    None: "new",
}
STATE: Final = "The state"
DELIVERY: Final = "Delivery"


@asynccontextmanager
async def open_work(
    settings: Settings,
    vitals: Vitals,
    standby: Standby | None = None,
    clock: Clock = system_clock,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Work]:
    """Open the state, register the repositories and connect the parts.

    Args:
        settings: All of them.
        vitals: Hears of what is done.
        standby: For a state that is not available at the moment, as `open_state` takes it.
        clock: The time.
        sleep: Waits where a wait is not left to the next bell.

    Raises:
        StateError: The state can't be used.
    """
    async with AsyncExitStack() as stack:
        state = await stack.enter_async_context(open_state(settings.state, standby))
        githubs = await stack.enter_async_context(open_githubs(settings, clock, sleep))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        selection = select(settings.repositories)
        await state.run(lambda connection: _remember(connection, githubs, selection))
        policy = Policy(
            id_prefix=settings.github.id_prefix,
            backfill=timedelta(days=settings.backfill_days),
            rules=settings.rules,
        )
        poller = Poller(state, githubs, policy, clock)
        receiver = _receiver(settings, session, clock, sleep)
        delivery = Delivery(state, receiver, clock, vitals.settled)
        cycle = timedelta(seconds=settings.poll_seconds)
        roster = Roster(state, githubs, selection, policy, clock)
        rota = Rota(state, githubs, roster, cycle, clock)
        parked = await state.run(outbox.parked_events)
        vitals.works(githubs.by_owner, Counter(event.owner for event in parked))
        yield Work(rota, githubs, poller, delivery, clock, vitals)


def _remember(connection: Connection, githubs: GitHubs, selection: Selection) -> None:
    """Remind the gates of what they must not forget."""
    for owner in {*selection.owners, *(name.partition("/")[0] for name in selection.named)}:
        for fingerprint, gate in githubs.for_owner(owner).gates.items():
            gate.waits = observations.gate(connection, fingerprint)


def _receiver(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock, sleep: Sleep
) -> Receiver:
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    url, seconds = URL(settings.receiver_url), settings.receiver_timeout_seconds
    return Receiver(session, url, key, seconds, clock, sleep)


class Daemon:
    """Works at its bells until it is cancelled."""

    def __init__(self, work: Work, poll_seconds: int) -> None:
        self._work = work
        self._poll_seconds = poll_seconds
        self._introduced = False
        self._under_way: set[str] = set()
        self._bell = asyncio.Event()
        # Its own executor rings in a thread, where an asyncio.Event must not be set.
        self._scheduler = AsyncIOScheduler(timezone=UTC, executors={"default": DebugExecutor()})

    async def run(self) -> None:
        """Read and deliver."""
        for bell in (self._bell, self._work.found):
            bell.set()
            self._scheduler.add_job(
                bell.set,
                "interval",
                seconds=self._poll_seconds,
                misfire_grace_time=None,  # a late bell is as good, and many at once are one
                coalesce=True,
            )
        self._scheduler.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_at_the_bell(tasks))
                tasks.create_task(self._deliver_at_the_bell())
                tasks.create_task(self._keep_ringing())
        finally:
            self._scheduler.shutdown(wait=False)

    async def _keep_ringing(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            ring_in_time(self._scheduler, self._poll_seconds)

    async def _read_at_the_bell(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            with self._survived(STATE):
                for name in await self._due():
                    self._under_way.add(name)
                    tasks.create_task(self._read(name))

    async def _due(self) -> list[str]:
        """The repositories to read now: none for which the gate to GitHub is closed."""
        due = await self._work.due()
        if due.lanes and not self._introduced:
            log.info("%s", _introduction(due, self._poll_seconds))
            self._introduced = True
        return [
            name
            for name in due.names
            if name not in self._under_way and not self._work.closed(name)
        ]

    async def _read(self, name: str) -> None:
        try:
            await self._work.read(name)
        finally:
            self._under_way.discard(name)

    async def _deliver_at_the_bell(self) -> None:
        while True:
            await self._work.found.wait()
            self._work.found.clear()
            with self._survived(DELIVERY):
                delivered = await self._work.deliver()
                if delivered.next_at:
                    self._scheduler.add_job(
                        self._work.found.set,
                        "date",
                        run_date=delivered.next_at,
                        id=DELIVERY,
                        replace_existing=True,
                        misfire_grace_time=None,
                    )

    @contextmanager
    def _survived(self, subject: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever it is, the next bell tries again
            # A task group that is cancelled while one of its tasks fails raises only the failure.
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError from error
            self._say(subject, error)
        else:
            self._work.troubles.over(subject)

    def _say(self, subject: str, error: Exception) -> None:
        match error:
            case StateLost():
                pass  # whoever opened the state ends all of this
            case StateError():
                self._work.troubles.has(subject, str(error))
            case _:  # whatever it is, the next bell tries again
                self._work.troubles.has(subject, f"{type(error).__name__}: {error}", error)


def _introduction(due: Due, poll_seconds: int) -> str:
    lanes = ", ".join(f"{count:,} {LANES.get(lane, lane)}" for lane, count in due.lanes.items())
    repositories = counted(due.lanes.total(), "repository", "repositories")
    return (
        f"Reading {repositories} ({lanes or 'none'}) every {poll_seconds} s:"
        f" {due.requests_per_hour:,.0f} requests an hour while nothing happens, free with a token"
    )


def ring_in_time(scheduler: AsyncIOScheduler, poll_seconds: int) -> None:
    """Bring forward bells that moved away when the clock was set back: apscheduler goes by time."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        is_bell = isinstance(job.trigger, IntervalTrigger)
        if is_bell and job.next_run_time > now + timedelta(seconds=poll_seconds):
            job.modify(next_run_time=now)
