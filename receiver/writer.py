"""Group commit: one writer turns whatever is queued into one durable transaction.

While a transaction commits, the next requests queue up behind it, so the disk is asked
to be durable once for many of them. Each caller is answered after the commit.

After a failure the writer tries by itself, each second, whether the database stores again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from receiver.batch import Append, Batch, KeyReused
from receiver.clock import Clock
from receiver.database import StoreUnavailable
from receiver.event import Event
from receiver.outage import Outage
from receiver.plural import counted
from receiver.store import Store

log = logging.getLogger(__name__)

LARGEST_BATCH: Final = 500
FORGET_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 6.0  # more than a transaction that waits for a lock can take

Waiting = tuple[Append, asyncio.Future[Event]]


class Writer:
    """The only writer of the log.

    Args:
        store: Where the events go.
        clock: The current time, aware and UTC.
        committed: Called after each commit with what it answers.

    Attributes:
        outage: Whether nothing can be stored now.
    """

    def __init__(self, store: Store, clock: Clock, committed: Callable[[Batch], None]) -> None:
        self.outage = Outage("store events")
        self._store = store
        self._clock = clock
        self._committed = committed
        self._queue: list[Waiting] = []
        self._writing: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._forget_at = 0.0  # by the loop's clock, which nobody can set

    async def append(self, append: Append) -> Event:
        """Put one event into the log; returns when it is on disk.

        Raises:
            KeyReused: Its Idempotency-Key came before, with another body.
            StoreUnavailable: It was not stored, or nobody can say.
        """
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._idle.clear()
        self._queue.append((append, future))
        self._arrived.set()
        return await future

    async def run(self) -> None:
        """Write until cancelled; whoever still waits then is refused."""
        try:
            while True:
                if await self._anything():
                    await self._write(self._next())
                    await self._forget_keys()
                else:
                    await self._try()
        finally:
            self._refuse(StoreUnavailable("the writer stopped"))

    async def close(self) -> None:
        """Wait until everyone who asked is answered; whoever is not in time is refused."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._idle.wait()
        self._refuse(StoreUnavailable("the receiver stops"))

    async def _anything(self) -> bool:
        """Wait until somebody asks; False when it is time to try whether it works again."""
        if not self._queue:
            self._idle.set()
        try:
            async with asyncio.timeout(RETRY_SECONDS if self.outage.lasts else None):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True

    def _next(self) -> list[Waiting]:
        self._writing, self._queue = self._queue[:LARGEST_BATCH], self._queue[LARGEST_BATCH:]
        if not self._queue:
            self._arrived.clear()
        return self._writing

    async def _write(self, waiting: list[Waiting]) -> None:
        try:
            batch = await self._store.append([append for append, _ in waiting], self._clock())
        except StoreUnavailable as error:
            self._failed(error)
        except Exception:  # a bug: the next POSTs still need a writer
            log.exception("could not store %s", counted(len(waiting), "event"))
            _fail(waiting, StoreUnavailable("the writer failed"))
        else:
            self.outage.over()
            self._committed(batch)
            _answer(waiting, batch.answers)

    async def _try(self) -> None:
        try:
            await self._store.probe(self._clock())
        except StoreUnavailable as error:
            self._failed(error)
        else:
            self.outage.over()

    async def _forget_keys(self) -> None:
        now = asyncio.get_running_loop().time()
        if self.outage.lasts or now < self._forget_at:
            return
        more = False
        try:
            more = await self._store.forget_keys(self._clock())
        except StoreUnavailable as error:
            log.warning("could not forget old idempotency keys: %s", error)
        if not more:
            self._forget_at = now + FORGET_SECONDS

    def _failed(self, error: StoreUnavailable) -> None:
        self.outage.failed(error)
        # Whoever came meanwhile as well: nobody waits longer than one transaction may take.
        self._refuse(error)

    def _refuse(self, error: StoreUnavailable) -> None:
        """Refuse whoever waits, also for the transaction under way."""
        waiting, self._queue = self._writing + self._queue, []
        self._arrived.clear()
        _fail(waiting, error)


def _answer(waiting: list[Waiting], answers: list[Event | KeyReused]) -> None:
    for (_, future), answer in zip(waiting, answers, strict=True):
        if future.done():  # its client has gone
            continue
        if isinstance(answer, KeyReused):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _fail(waiting: list[Waiting], error: StoreUnavailable) -> None:
    for _, future in waiting:
        if not future.done():
            future.set_exception(error)
