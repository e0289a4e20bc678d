"""Server-sent events: every stored event once, in id order, from where the reader left off.

A stream replays the log, page by page, up to the feed's position, and from there is told by
the feed. Nothing waits between its last page and its subscription: no gap, no duplicate.
"""

import asyncio
import logging
import re
import socket
from datetime import datetime
from typing import Final

from aiohttp import HttpVersion11, web

from receiver.clock import Clock
from receiver.database import StoreUnavailable
from receiver.feed import Feed, Frame, News, frame_of
from receiver.filter import EVERYTHING, Filter
from receiver.metrics import Metrics
from receiver.reading import Reading, tagged
from receiver.store import Store

log = logging.getLogger(__name__)

PAGE: Final = 500
KEEPALIVE_SECONDS: Final = 15
LARGEST_BACKLOG: Final = 1 << 20  # bytes that a reader may be behind; then it has to resume
# The kernel buffers no more bytes than these. Left alone, it takes megabytes for a reader that has
# stopped reading, out of sight and beyond the bound on memory.
KERNEL_BACKLOG: Final = 1 << 17
SLOW_SECONDS: Final = 30  # that a reader may take for one page of a replay
HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx passes each event on at once
}
OPENING: Final = Frame(b"retry: 2000\n\n")
KEEPALIVE: Final = Frame(b":\n\n")
POSITION: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class Stream:
    """One open stream.

    Attributes:
        position: Every wanted event up to this id has been sent.
        live: Whether the feed tells it of new events; before that it replays.
        too_slow: Whether it was ended because its reader did not keep up.
        until: When its reader's session ends; None for one without an end.
    """

    def __init__(
        self,
        request: web.Request,
        only: Filter,
        position: int,
        until: datetime | None,
        names: str,
    ) -> None:
        self.position = position
        self.live = False
        self.too_slow = False
        self.until = until
        self.only = only
        self.ended = asyncio.Event()
        self.response = web.StreamResponse(headers=HEADERS | tagged(names))
        self._request = request
        self._chunked = request.version >= HttpVersion11

    async def begin(self) -> None:
        """Send the headers."""
        if (transport := self._request.transport) is not None:
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BACKLOG)
        await self.response.prepare(self._request)
        await self.send(OPENING)

    async def resync(self, position: int) -> None:
        """Say that events are missing before this position, and go on from there."""
        await self.send(_resync(position))
        self.position = position

    def rename(self, position: int) -> None:
        """Say that names have changed, and go on after this position."""
        if self.live:
            self.write(_resync(position))
            self.position = position
        else:
            self.abort()  # its reader resumes, and sees the new names

    async def send(self, frame: Frame) -> None:
        """Send a frame and wait for the reader to take it.

        Raises:
            ConnectionError: The reader has gone.
            TimeoutError: It takes nothing.
        """
        async with asyncio.timeout(SLOW_SECONDS):
            await self.response.write(frame.data)

    def publish(self, news: News) -> None:
        """Send what of the news is wanted and not yet sent."""
        if news.events[0].id > self.position and self.only == EVERYTHING:
            self.write(news.frame)
        else:
            for event, frame in zip(news.events, news.frames, strict=True):
                if event.id > self.position and self.only.matches(event):
                    self.write(frame)
        self.position = max(self.position, news.events[-1].id)

    def write(self, frame: Frame) -> None:
        """Send a frame without waiting; ends the stream when too much is unsent.

        It goes past aiohttp's writer, straight to the connection: that costs one call for
        each stream where waking a task for each would take several times as long.
        """
        transport = self._request.transport
        if transport is None or transport.is_closing():
            return
        transport.write(frame.chunk if self._chunked else frame.data)
        if transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self.too_slow = True
            self.abort()

    def abort(self) -> None:
        """End it at once, with whatever is unsent."""
        self.ended.set()
        if self._request.transport is not None:
            self._request.transport.abort()


def _resync(position: int) -> Frame:
    # With an id, so that a reader whose position was refused does not send it again.
    return Frame(b"id: %d\nevent: resync\ndata: {}\n\n" % position)


class Streams:
    """All open streams: opens them, keeps them alive, ends them."""

    def __init__(
        self,
        store: Store,
        reading: Reading,
        feed: Feed,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._store = store
        self._reading = reading
        self._feed = feed
        self._metrics = metrics
        self._clock = clock
        self._open: set[Stream] = set()

    async def serve(
        self,
        request: web.Request,
        only: Filter,
        last_event_id: str | None,
        until: datetime | None = None,
    ) -> web.StreamResponse:
        """Answer a request with a stream; returns when it has ended, soon after `until`."""
        newest = await self._feed.caught_up()
        position = await self._position(last_event_id)
        start = newest if position is None else position
        stream = Stream(request, only, start, until, self._reading.names.tag)
        self._open.add(stream)
        self._metrics.streams.inc()
        try:
            await stream.begin()
            if last_event_id is not None and position is None:
                await stream.resync(newest)
            await self._replay(stream)
            await stream.ended.wait()
        except (ConnectionError, TimeoutError, StoreUnavailable):
            stream.abort()  # the reader resumes where it was
        except Exception:
            log.exception("a stream failed")  # its answer has begun: there is no other to give
            stream.abort()
        finally:
            self._feed.unsubscribe(stream)
            self._open.discard(stream)
            self._metrics.streams.dec()
            self._metrics.slow_streams.inc(stream.too_slow)
        return stream.response

    async def _position(self, last_event_id: str | None) -> int | None:
        """The position to resume from, or None where there is none that can be served."""
        if last_event_id is None or not POSITION.fullmatch(last_event_id):
            return None
        position = int(last_event_id)
        # A position ahead of this receiver may come from another one on the same log.
        if position > self._feed.position and position > await self._store.last_id():
            return None
        return position

    async def _replay(self, stream: Stream) -> None:
        while stream.position < self._feed.position and not stream.ended.is_set():
            newest = self._feed.position
            events, reached = await self._reading.after(stream.position, newest, PAGE, stream.only)
            if stream.position < await self._store.removed_to():
                await stream.resync(newest)
                continue
            if events:
                await stream.send(Frame(b"".join(frame_of(event).data for event in events)))
            stream.position = reached
        stream.live = True
        self._feed.subscribe(stream)

    async def keep_alive(self) -> None:
        """Send a comment on every stream every 15 seconds, or end it with its session."""
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            now = self._clock()
            for stream in tuple(self._open):
                if stream.until is not None and stream.until <= now:
                    self._end(stream)
                elif stream.live:
                    stream.write(KEEPALIVE)

    def rename(self) -> None:
        """Tell every reader that names have changed, as of the feed's position."""
        for stream in tuple(self._open):
            stream.rename(self._feed.position)

    def end(self) -> None:
        """End every stream: live ones cleanly, replaying ones at once."""
        for stream in tuple(self._open):
            self._end(stream)

    def _end(self, stream: Stream) -> None:
        if stream.live:
            stream.ended.set()
        else:
            stream.abort()
