"""The port on which a running fetcher says whether it works: `fetcher.listen`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from fetcher.monitoring.vitals import Vitals

log = logging.getLogger(__name__)


class ListenError(Exception):
    """The port can't be had; the message says why."""


@asynccontextmanager
async def listening(listen: tuple[str, int] | None, vitals: Vitals) -> AsyncIterator[None]:
    """Answer at host and port until the end; do nothing if there are none.

    Raises:
        ListenError: The port can't be had.
    """
    if listen is None:
        yield
        return
    host, port = listen
    runner = web.AppRunner(make_app(vitals), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ListenError(f"fetcher.listen: {host}:{port}: {error.strerror}") from error
        log.info("Serving health and metrics on port %d", runner.addresses[0][1])
        yield
    finally:
        await runner.cleanup()


def make_app(vitals: Vitals) -> web.Application:
    """The three answers."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_request: web.Request) -> web.Response:
        failings = vitals.failings()
        text = "".join(f"{line}\n" for line in failings) or "ready\n"
        return web.Response(status=503 if failings else 200, text=text)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=vitals.render(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    app = web.Application()
    app.add_routes(
        [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]
    )
    return app
