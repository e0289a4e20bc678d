"""Delivery: the outbox's events to the receiver, each of them once.

The receiver appends a row for every POST it takes, so a POST whose answer was lost must not simply
be sent again. Three things together make delivery effectively once:

- Before a POST the receiver is asked what it holds of the deployment. What it holds is delivered,
  whoever sent it: this fetcher, one whose state has been lost since, or a second one.
- Before a POST the event is marked, on disk, as one that may have been sent. If no answer is
  received, it stays so: it waits until the request can no longer be under way, is looked for twice,
  and only then sent again.
- Every POST has the event's key as its Idempotency-Key, for a receiver that honours it.

A deployment's events are sent one after the other, each once the one before it is settled.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from fetcher import outbox
from fetcher.clock import Clock
from fetcher.deliver.held import as_known, find, is_twice
from fetcher.deliver.ledger import Ledger
from fetcher.deliver.outcome import Away, Blocked, Outcome, Refused, Stored, Unknown
from fetcher.deliver.pause import Pause, backoff
from fetcher.deliver.receiver import Held, Receiver
from fetcher.deliver.round import Delivered, Result, Round, Settled
from fetcher.outbox import Entry, Waiting
from fetcher.progress import Step, no_step
from fetcher.state import State

log = logging.getLogger(__name__)

DEPLOYMENTS_AT_ONCE: Final = 4
READ_AT_ONCE: Final = 100  # deployments
SHORTEST_WAIT_TO_LOOK: Final = timedelta(seconds=5)
# Longer than a deployment may live (36 days) and then be run again (30).
KEPT: Final = timedelta(days=100)
BETWEEN_LOOKS: Final = timedelta(seconds=2)


class Delivery:
    """Delivers what the outbox holds to one receiver.

    Args:
        settled: Called with each event that no longer waits.
    """

    def __init__(
        self,
        state: State,
        receiver: Receiver,
        clock: Clock,
        settled: Callable[[Settled], object] = lambda _settled: None,
    ) -> None:
        self._state = state
        self._ledger = Ledger(state)
        self._receiver = receiver
        self._pause = Pause(receiver.url)
        self._timeout = receiver.timeout
        self._clock = clock
        self._settled = settled
        self._one_round = asyncio.Lock()

    async def waiting(self) -> int:
        """How many events wait, due or not."""
        return (await self._state.run(outbox.waiting)).number

    async def deliver_due(self, step: Step = no_step) -> Delivered:
        """One round over everything that is due; it never waits for what is not.

        Args:
            step: Called after each event that no longer waits.

        Raises:
            StateError, SQLAlchemyError: The state can't be read or written; nothing is lost.
        """
        async with self._one_round:
            this = Round(await self._begin(), step)
            try:
                async with asyncio.TaskGroup() as workers:
                    for _ in range(DEPLOYMENTS_AT_ONCE):
                        workers.create_task(self._work(this))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from errors
            finally:
                this.say_parked()
            return await self._end(this)

    async def put_back(self, since: datetime) -> int:
        """Let what was delivered or parked since a time wait as if new; returns how many."""
        async with self._one_round:
            now = self._clock()
            return await self._state.run(lambda connection: outbox.put_back(connection, since, now))

    async def _begin(self) -> Iterator[str]:
        await self._ledger.commit()  # what a round before could not write
        return iter(await self._state.run(self._due))

    def _due(self, connection: Connection) -> Sequence[str]:
        now = self._clock()
        self._pause.load(connection)
        return () if self._pause.is_on(now) else outbox.due_deployments(connection, now)

    async def _end(self, this: Round) -> Delivered:
        await self._ledger.commit()

        def clean_up(connection: Connection) -> Waiting:
            if not this.stopped and this.results:
                self._pause.end(connection)
            outbox.prune(connection, self._clock() - KEPT)
            return outbox.waiting(connection)

        left, next_at = await self._state.run(clean_up)
        if next_at and self._pause.is_on(self._clock()):
            next_at = max(next_at, self._pause.until)
        results, pause = this.results, self._pause
        return Delivered(
            results["delivered"] + results["found"],
            results["found"],
            results["parked"],
            left,
            pause.blocked,
            next_at,
        )

    async def _work(self, this: Round) -> None:
        while not this.stopped and (taken := await self._take(this)):
            await self._deliver(*taken, this)

    async def _take(self, this: Round) -> tuple[str, list[Entry]] | None:
        """The next deployment with its waiting events; None when none is left."""
        async with this.reading:
            if not this.read:
                this.read.extend(await self._read(list(islice(this.deployments, READ_AT_ONCE))))
            return this.read.popleft() if this.read else None

    async def _read(self, deployment_ids: Sequence[str]) -> Iterable[tuple[str, list[Entry]]]:
        if not deployment_ids:
            return ()
        found = await self._state.run(lambda c: outbox.waiting_of(c, deployment_ids))
        return found.items()

    async def _deliver(self, deployment_id: str, entries: Sequence[Entry], this: Round) -> None:
        held = await self._receiver.look(deployment_id)
        if isinstance(held, Away | Blocked):
            await self._stop(held, this)
            return
        for entry in entries:
            if this.stopped or not await self._settle(entry, held, this):
                return

    async def _settle(self, entry: Entry, held: Held | Refused, this: Round) -> bool:
        """Deliver or park it; False if it has to wait, and with it those that come after it."""
        if isinstance(held, Refused):
            return await self._record(entry, held, this)
        entry = as_known(entry, held)
        if found := find(entry, held):
            if twice := is_twice(found):
                log.warning("The receiver has an event twice: %s", [e.location for e in found])
            return self._settle_as("found", entry, found[-1].location, this, twice=twice)
        if entry.unanswered and not entry.looks:
            self._ledger.note(outbox.not_found(entry, self._clock() + BETWEEN_LOOKS))
            return False
        return await self._record(entry, await self._post(entry), this)

    async def _post(self, entry: Entry) -> Outcome:
        # If the process ends from here on, the request may be under way for all of the time-out,
        # and the receiver busy with it after that.
        look_at = self._clock() + self._timeout + self._wait_to_look(entry)
        self._ledger.note(outbox.sending(entry, look_at))
        await self._ledger.commit()
        outcome = await self._receiver.post(entry.key, entry.body)
        if isinstance(outcome, Stored):
            self._pause.took_an_event()
        return await self._is_there(entry, outcome) if isinstance(outcome, Refused) else outcome

    async def _is_there(self, entry: Entry, refused: Refused) -> Outcome:
        """A key that was used with another body is also refused: then the event is there."""
        match await self._receiver.look(entry.deployment_id):
            case Refused():
                return refused
            case Away(reason) | Blocked(reason):
                return Unknown(reason)
            case held:
                found = find(entry, held)
                return Stored(found[-1].location) if found else refused

    async def _record(self, entry: Entry, outcome: Outcome, this: Round) -> bool:
        """Note what became of it; returns whether it is settled.

        A note that is lost with the process does no harm: on disk the event is one that may have
        been sent, so it is looked for.
        """
        now = self._clock()
        match outcome:
            case Stored(location):
                return self._settle_as("delivered", entry, location, this)
            case Refused(reason):
                this.parked.append((entry, reason))
                return self._settle_as("parked", entry, reason, this)
            case Unknown(reason):
                look_at = now + self._wait_to_look(entry)
                self._ledger.note(outbox.unknown(entry, reason, look_at))
            case Away(reason) | Blocked(reason):
                self._ledger.note(outbox.not_stored(entry, reason, now))
        await self._stop(outcome, this)
        return False

    def _settle_as(
        self, result: Result, entry: Entry, detail: str | None, this: Round, *, twice: bool = False
    ) -> bool:
        """Note that it no longer waits; `detail` is where it is, or why it was refused."""
        now = self._clock()
        if result == "parked":
            self._ledger.note(outbox.parked(entry, detail or "", now))
        else:
            self._ledger.note(outbox.delivered(entry, detail, now))
        this.results[result] += 1
        self._settled(Settled(entry.owner, entry.status, entry.happened_at, result, twice))
        this.step()
        return True

    async def _stop(self, failure: Away | Blocked | Unknown, this: Round) -> None:
        if this.stopped:
            return  # what fails together is one failure
        this.stopped = True
        now = self._clock()
        await self._state.run(lambda connection: self._pause.begin(connection, failure, now))

    def _wait_to_look(self, entry: Entry) -> timedelta:
        """Until a receiver that gave no answer must be done with the request."""
        return max(self._timeout, SHORTEST_WAIT_TO_LOOK, backoff(entry.attempts + 1))
