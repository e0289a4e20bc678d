"""Group commit: one writer turns whatever is queued into one durable transaction.

While a transaction commits, the next requests queue up behind it, so the disk is asked
to be durable once for many of them. Each caller is answered after the commit.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from receiver.batch import Append, KeyReused
from receiver.database import StoreUnavailable
from receiver.event import Event
from receiver.store import Store

log = logging.getLogger(__name__)

LARGEST_BATCH: Final = 500
GATHERING_TURNS: Final = 5  # of the event loop, each some 0.1 ms
FORGET_EVERY: Final = timedelta(minutes=10)

Waiting = tuple[Append, asyncio.Future[Event]]


class Writer:
    """The only writer of the log.

    Args:
        store: Where the events go.
        clock: The current time, aware and UTC.
        committed: Called after each commit with the id of the newest event.
    """

    def __init__(
        self, store: Store, clock: Callable[[], datetime], committed: Callable[[int], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._committed = committed
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue()
        self._forget_at = clock()

    async def append(self, append: Append) -> Event:
        """Put one event into the log; returns when it is on disk.

        Raises:
            KeyReused: Its Idempotency-Key came before, with another body.
            StoreUnavailable: It was not stored, or nobody can say.
        """
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((append, future))
        return await future

    async def run(self) -> None:
        """Write until cancelled; whoever waits then is told."""
        try:
            while True:
                await self._write([await self._queue.get()])
                await self._forget_keys()
        finally:
            left = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
            _fail(left, StoreUnavailable("the writer stopped"))

    async def _gather(self, waiting: list[Waiting]) -> None:
        """Let the requests that have already arrived join the batch; waits for none that has not.

        While the writer's thread works, the event loop competes with it for Python's lock:
        one larger batch is written sooner than two smaller ones.
        """
        for _ in range(GATHERING_TURNS):
            await asyncio.sleep(0)
            if not self._queue.qsize():
                return
            while self._queue.qsize() and len(waiting) < LARGEST_BATCH:
                waiting.append(self._queue.get_nowait())

    async def _write(self, waiting: list[Waiting]) -> None:
        try:
            await self._gather(waiting)
            answers = await self._store.append([append for append, _ in waiting], self._clock())
        except StoreUnavailable as error:
            log.error("could not store %d events: %s", len(waiting), error)
            _fail(waiting, error)
        except BaseException as error:
            _fail(waiting, StoreUnavailable("the writer stopped"))
            if isinstance(error, asyncio.CancelledError):
                raise
            log.exception("could not store %d events", len(waiting))
        else:
            stored = [answer.id for answer in answers if isinstance(answer, Event)]
            self._committed(max(stored, default=0))
            _answer(waiting, answers)

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
