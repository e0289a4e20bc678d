"""Group commit: one writer turns whatever is queued into one durable transaction.

While a transaction commits, the next requests queue up behind it, so the disk is asked
to be durable once for many of them. Each caller is answered after the commit.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from receiver.batch import Append, Batch, KeyReused
from receiver.database import StoreUnavailable
from receiver.event import Event
from receiver.store import Store

log = logging.getLogger(__name__)

LARGEST_BATCH: Final = 500
FORGET_EVERY: Final = timedelta(minutes=10)

Waiting = tuple[Append, asyncio.Future[Event]]


class Writer:
    """The only writer of the log.

    Args:
        store: Where the events go.
        clock: The current time, aware and UTC.
        committed: Called after each commit with what it answers.
    """

    def __init__(
        self, store: Store, clock: Callable[[], datetime], committed: Callable[[Batch], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._committed = committed
        self._queue: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._forget_at = clock()

    async def append(self, append: Append) -> Event:
        """Put one event into the log; returns when it is on disk.

        Raises:
            KeyReused: Its Idempotency-Key came before, with another body.
            StoreUnavailable: It was not stored, or nobody can say.
        """
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._queue.append((append, future))
        self._arrived.set()
        return await future

    async def run(self) -> None:
        """Write until cancelled; whoever waits then is told."""
        try:
            while True:
                await self._arrived.wait()
                await self._write(self._next())
                await self._forget_keys()
        finally:
            _fail(self._queue, StoreUnavailable("the writer stopped"))

    def _next(self) -> list[Waiting]:
        waiting, self._queue = self._queue[:LARGEST_BATCH], self._queue[LARGEST_BATCH:]
        if not self._queue:
            self._arrived.clear()
        return waiting

    async def _write(self, waiting: list[Waiting]) -> None:
        try:
            batch = await self._store.append([append for append, _ in waiting], self._clock())
        except StoreUnavailable as error:
            log.error("could not store %d events: %s", len(waiting), error)
            _fail(waiting, error)
        except BaseException as error:
            _fail(waiting, StoreUnavailable("the writer stopped"))
            if isinstance(error, asyncio.CancelledError):
                raise
            log.exception("could not store %d events", len(waiting))
        else:
            self._committed(batch)
            _answer(waiting, batch.answers)

    async def _forget_keys(self) -> None:
        now = self._clock()
        if now < self._forget_at:
            return
        self._forget_at = now + FORGET_EVERY
        try:
            await self._store.forget_keys(now)
        except StoreUnavailable as error:
            log.warning("could not forget old idempotency keys: %s", error)


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
