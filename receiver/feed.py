"""The feed: follows the log, keeps the matrix in memory and hands new events to the streams.

A commit only says that the log grew. The feed then reads what is new, by id, as any other
reader does, so live streams, streams that resume and other receivers all take the same road.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from receiver.database import StoreUnavailable
from receiver.event import Event
from receiver.matrix import Slot, SlotKey, fold
from receiver.names import Names
from receiver.outage import Outage
from receiver.reading import Reading
from receiver.store import Store

PAGE: Final = 1000
LOOK_SECONDS: Final = 1.0
CATCH_UP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Frame:
    """Server-sent events as bytes, encoded once for every stream that sends them."""

    data: bytes

    @cached_property
    def chunk(self) -> bytes:
        """The same bytes as one chunk of an HTTP/1.1 body."""
        return b"%x\r\n%b\r\n" % (len(self.data), self.data)


def frame_of(event: Event) -> Frame:
    """One event as a server-sent event."""
    return Frame(b"id: %d\nevent: deployment\ndata: %b\n\n" % (event.id, event.json))


@dataclass(frozen=True)
class News:
    """Events that are new to the log, in id order: at least one, and as readers see them."""

    events: Sequence[Event]

    @cached_property
    def frames(self) -> list[Frame]:
        """A frame for each event."""
        return [frame_of(event) for event in self.events]

    @cached_property
    def frame(self) -> Frame:
        """All of it as one frame."""
        return Frame(b"".join(frame.data for frame in self.frames))


class Subscriber(Protocol):
    """Whoever is told of new events, in id order, each once."""

    def publish(self, news: News) -> None:
        """Take them; must not wait."""


class LogWentBack(Exception):
    """The log has lost its end: an older backup was restored, or a lagging server took over.

    What is in memory is of a log that no longer exists, so the receiver has to be restarted.
    """


class Feed:
    """The log's tail in memory.

    Attributes:
        position: Id of the newest event that has been read, folded and published.
        slots: The matrix as of `position`, as readers see it.
        outage: Whether the log cannot be read now.

    Args:
        renamed: Called when other names are in effect, for all up to `position` and from now on.
    """

    def __init__(
        self, store: Store, reading: Reading, renamed: Callable[[], None] = lambda: None
    ) -> None:
        self.outage = Outage("read the log")
        self.position = 0
        self.slots: dict[SlotKey, Slot] = {}
        self._store = store
        self._reading = reading
        self._names = reading.names  # those wanted; those of `reading` are in effect
        self._renamed = renamed
        self._log_end = 0
        self._committed = 0
        self._last: Event | None = None  # the event at `position`
        self._moved = asyncio.Condition()
        self._grown = asyncio.Event()
        self._subscribers: set[Subscriber] = set()

    async def load(self) -> None:
        """Start at the end of the log, with its matrix."""
        names = self._names
        position, slots = await self._store.matrix()
        shown = await asyncio.to_thread(names.slots, slots)
        last = await self._store.get(position)
        if position < self.position:
            raise LogWentBack(f"event {self.position} is no longer in it")
        # All at once, so that no answer mixes old and new names.
        self.position, self.slots, self._last = position, shown, last
        self._reading.names = names
        self._log_end = max(self._log_end, position)

    def show_by(self, names: Names) -> None:
        """Show all by these names, if they are others, once the matrix has been read again."""
        if names.tag != self._names.tag:
            self._names = names
            self._grown.set()

    def committed(self, last_id: int) -> None:
        """Hear that this receiver has acknowledged events up to `last_id`."""
        self._committed = max(self._committed, last_id)
        self.grown(last_id)

    def grown(self, last_id: int) -> None:
        """Hear that the log now reaches to `last_id`."""
        self._log_end = max(self._log_end, last_id)
        self._grown.set()

    def subscribe(self, subscriber: Subscriber) -> None:
        """From now on tell it of every event after `position`."""
        self._subscribers.add(subscriber)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Tell it nothing more."""
        self._subscribers.discard(subscriber)

    async def caught_up(self) -> int:
        """Wait until everything this receiver has acknowledged is in; returns the position.

        Raises:
            StoreUnavailable: The log could not be read in time.
        """
        if self.position < self._committed:
            await self._reach(self._committed)
        return self.position

    async def _reach(self, event_id: int) -> None:
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS), self._moved:
                await self._moved.wait_for(lambda: self.position >= event_id)
        except TimeoutError:
            raise StoreUnavailable("the log could not be read in time") from None

    async def run(self) -> None:
        """Follow the log until cancelled.

        Raises:
            LogWentBack: An event that was served is not in it any more.
        """
        while True:
            heard = await self._hear()
            try:
                if self.outage.lasts or not heard:
                    await self._look()
                await self._read_on()
                await self._rename()
                self.outage.over()
            except StoreUnavailable as error:
                self.outage.failed(error)
                await self._recall()

    async def _hear(self) -> bool:
        """Wait to hear that the log grew; not for long, because others may write to it, too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._grown.wait()
        heard = self._grown.is_set()
        self._grown.clear()
        return heard

    async def _look(self) -> None:
        """See how far the log reaches; the event that was its last must still be there."""
        self._log_end = self.position  # what was heard before may be of an end that is lost
        if self._last is not None and await self._store.get(self.position) != self._last:
            raise LogWentBack(f"event {self.position} is no longer the one that was served")
        self._log_end = max(self._log_end, await self._store.last_id())

    async def _read_on(self) -> None:
        while self.position < self._log_end:
            events = await self._store.news(self.position, PAGE)
            if not events:
                raise StoreUnavailable(f"event {self._log_end} is not in it")
            await self._take(events)

    async def _rename(self) -> None:
        if self._names is not self._reading.names:
            await self.load()
            self._renamed()
            async with self._moved:
                self._moved.notify_all()

    async def _recall(self) -> None:
        """Take what this receiver has acknowledged from memory while the log cannot be read."""
        while events := self._store.recent(self.position, PAGE):
            await self._take(events)

    async def _take(self, events: Sequence[Event]) -> None:
        shown = self._reading.names.events(events)
        for event in shown:
            fold(self.slots, event)
        self._last = events[-1]
        self.position = self._last.id
        if shown:
            self._publish(News(shown))
        async with self._moved:
            self._moved.notify_all()

    def _publish(self, news: News) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber.publish(news)
