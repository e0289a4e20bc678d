"""The composition root: builds the parts, in order, and takes them down in reverse."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from receiver import __version__
from receiver.access import ANY, Grant
from receiver.api import LARGEST_BODY, PARTS, Parts, routes
from receiver.batch import Batch
from receiver.board import Board
from receiver.clock import Clock, system_clock
from receiver.config import Settings
from receiver.database import open_database
from receiver.feed import Feed
from receiver.guard import Guard
from receiver.keys import ApiKey, ReadKey
from receiver.metrics import Metrics
from receiver.names import Names
from receiver.page import File, load
from receiver.reading import Reading
from receiver.rejections import Rejections
from receiver.retention import Retention
from receiver.server import METRICS, REJECTIONS
from receiver.session import Sessions
from receiver.store import Store
from receiver.stream import Streams
from receiver.writer import Writer

log = logging.getLogger(__name__)


def build(
    settings: Settings, clock: Clock = system_clock, failed: Callable[[], None] = lambda: None
) -> web.Application:
    """The application, its database not yet opened.

    Args:
        settings: What an operator may choose.
        clock: The current time, aware and UTC.
        failed: Called when the receiver can no longer do its work and should be restarted.
    """
    files = load()
    metrics = Metrics(__version__)
    app = web.Application(client_max_size=LARGEST_BODY)
    app[METRICS] = metrics
    app[REJECTIONS] = Rejections(clock)
    app.add_routes(routes(files))
    app.cleanup_ctx.append(lambda app: _parts(app, settings, files, metrics, clock, failed))
    app.on_shutdown.append(_stop)
    return app


async def _parts(
    app: web.Application,
    settings: Settings,
    files: dict[str, File],
    metrics: Metrics,
    clock: Clock,
    failed: Callable[[], None],
) -> AsyncIterator[None]:
    async with open_database(settings.database_url) as database:
        store = Store(database)
        reading = Reading(store, Names(settings.names))
        feed = Feed(store, reading, lambda: _renamed(reading.names, streams))
        await feed.load()
        if feed.position:
            _tell_idle(reading.names)
        streams = Streams(store, reading, feed, metrics, clock)

        def committed(batch: Batch) -> None:
            metrics.stored(batch.events)
            feed.committed(batch.newest)

        writer = Writer(store, clock, committed)
        board = Board(reading, feed, settings.environment_order, clock)
        life = timedelta(days=settings.session_days)
        guard = Guard(Sessions(await store.session_secret(), life), clock)
        change_keys(guard, settings)
        app[PARTS] = Parts(
            *(guard, store, reading, writer, feed, board, streams, metrics, files),
            stalled_minutes=settings.stalled_minutes,
        )
        loops = [feed.run(), database.listen(feed.grown), writer.run(), streams.keep_alive()]
        if settings.retention_days:
            loops.append(Retention(database, store, clock, settings.retention_days).run())
        async with background(failed, *loops):
            yield


def _renamed(names: Names, streams: Streams) -> None:
    streams.rename()
    log.info("the names in the settings apply from now on, entries: %d", len(names))
    _tell_idle(names)


def _tell_idle(names: Names) -> None:
    for entry in names.idle:
        log.warning("%s: has no effect on anything in the log", entry)


def change_keys(guard: Guard, settings: Settings) -> None:
    """Put the settings' keys into effect."""
    guard.change(_grants(settings.keys), _grants(settings.reading_keys))


def _grants(keys: Mapping[str, ApiKey] | Mapping[str, ReadKey]) -> Iterator[tuple[str, Grant]]:
    for name, key in keys.items():
        slots = (key.services, key.environments) if isinstance(key, ApiKey) else (ANY, ANY)
        yield key.key.get_secret_value(), Grant(name, *slots, key.requests_per_minute)


@contextlib.asynccontextmanager
async def background(
    failed: Callable[[], None], *loops: Coroutine[Any, Any, None]
) -> AsyncIterator[None]:
    """Run endless loops; call `failed` when one ends, because the receiver needs all of them."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.critical("a background loop ended", exc_info=task.exception())
            failed()

    tasks = [asyncio.create_task(loop) for loop in loops]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stop(app: web.Application) -> None:
    # Otherwise aiohttp waits for every open stream, twice over, before it stops.
    app[PARTS].streams.end()
    # Otherwise it cancels, after half a second, whoever waits for a commit.
    await app[PARTS].writer.close()
