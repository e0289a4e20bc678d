"""Listening: aiohttp's server, with even its own plain-text answers turned into problems."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, web

from receiver.metrics import Metrics
from receiver.problems import answer_to, problem
from receiver.rejections import Rejections

log = logging.getLogger(__name__)

LARGEST_HEADER: Final = 64 * 1024
BODY_SECONDS: Final = 20.0  # from the headers to the end of the body
IDLE_SECONDS: Final = 75.0  # to the end of the next headers; longer than proxies keep a connection
LINGER_SECONDS: Final = 5.0  # the rest of a refused body is read, so that the answer is, too
SHUTDOWN_SECONDS: Final = 0.5  # aiohttp waits this long for handlers, cancels, waits again
FIRST_ERROR: Final = 400
BACKLOG: Final = 1024


METRICS: Final = web.AppKey("metrics", Metrics)
REJECTIONS: Final = web.AppKey("rejections", Rejections)
# Only of a posted deployment: the name of its key, None until that is known.
KEY_NAME: Final = web.RequestKey[str | None]("key_name")


class Connection(web.RequestHandler):
    """A connection that answers every error with a problem, and counts it.

    Not in a middleware, because this also covers what aiohttp itself refuses: requests that it
    cannot parse, which its own answer and log line would quote, and with them perhaps a key.
    """

    __slots__ = ("metrics", "rejections")
    metrics: Metrics
    rejections: Rejections

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - quotes the request
    ) -> web.StreamResponse:
        """The answer after an exception."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer_to(request, exc)
        log.info("refused a malformed request from %s: %s", request.remote, type(exc).__name__)
        answer = problem(status, "/", "The request is not valid HTTP.")
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer."""
        if resp.status >= FIRST_ERROR:
            if isinstance(resp, web.HTTPException):
                resp = answer_to(request, resp)
            self.metrics.refused(request.method, resp.status)
            if request.method == "POST":
                log.info("refused a POST from %s: %d", request.remote, resp.status)
            body = resp.body if isinstance(resp, web.Response) else None
            if KEY_NAME in request and isinstance(body, bytes):
                self.rejections.add(request[KEY_NAME], body)
        return await super().finish_response(request, resp, start_time)


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Listen; yields the port. On the way out every accepted request is answered first.

    Raises:
        OSError: The address cannot be listened on.
    """
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: _connection(runner, loop), host, port, backlog=BACKLOG
        )
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
    finally:
        await runner.cleanup()


def _connection(runner: web.AppRunner, loop: asyncio.AbstractEventLoop) -> Connection:
    if runner.server is None:
        raise ConnectionError("shutting down")
    connection = Connection(
        runner.server,
        loop=loop,
        access_log=None,  # type: ignore[arg-type] # as web.run_app takes it
        auto_decompress=False,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGER_SECONDS,
        max_line_size=LARGEST_HEADER,
        max_field_size=LARGEST_HEADER,
    )
    connection.metrics = runner.app[METRICS]
    connection.rejections = runner.app[REJECTIONS]
    return connection


async def expect(_request: web.Request) -> None:
    """Leave `Expect` to `read_body`, which answers it once the request is worth a body.

    Other expectations are ignored, as RFC 9110, 10.1.1, allows.
    """


async def read_body(request: web.Request, largest: int) -> bytes:
    """The body of a request; a client that waits for `100 Continue` gets it.

    Raises:
        web.HTTPRequestEntityTooLarge: It has more than `largest` bytes.
        web.HTTPRequestTimeout: It did not end in time.
    """
    if request.content.is_eof():  # it came with the headers, as a small body does
        return await request.read()
    announced = request.content_length or 0
    if announced > largest:
        raise web.HTTPRequestEntityTooLarge(largest, announced)
    continues = request.headers.get("Expect", "").lower() == "100-continue"
    if continues and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="The body did not arrive in time.") from None
