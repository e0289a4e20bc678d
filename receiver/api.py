"""All routes, and what each does."""

import functools
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from receiver import __version__, openapi
from receiver.access import Grant
from receiver.batch import Append
from receiver.board import Answer, Board
from receiver.database import StoreUnavailable
from receiver.event import Event, encode_json
from receiver.feed import Feed
from receiver.guard import Guard
from receiver.matrix import STAGES
from receiver.metrics import Metrics
from receiver.page import File, accepts_gzip
from receiver.query import ListQuery, MatrixQuery, StreamQuery, encode_cursor, parse_query
from receiver.reading import Reading, tagged
from receiver.server import KEY_NAME, REJECTIONS, expect, read_body
from receiver.store import Store
from receiver.stream import Streams
from receiver.submission import Invalid, check_headers, parse
from receiver.writer import Writer

LARGEST_BODY: Final = 64 * 1024
JSON: Final = "application/json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Parts:
    """What the handlers use; receiver.app builds it."""

    guard: Guard
    store: Store
    reading: Reading
    writer: Writer
    feed: Feed
    board: Board
    streams: Streams
    metrics: Metrics
    files: dict[str, File]
    stalled_minutes: int

    @property
    def is_out(self) -> bool:
        """Whether nothing can be stored now, or the log cannot be read."""
        return self.writer.outage.lasts or self.feed.outage.lasts


PARTS: Final = web.AppKey("parts", Parts)


def routes(files: Iterable[str]) -> list[web.RouteDef]:
    """Every route of the receiver; `files` are the paths of the page's files."""
    return [
        web.post("/api/deployments", post_deployment, expect_handler=expect),
        web.get("/api/deployments", _protected(list_deployments)),
        web.get("/api/deployments/{id}", _protected(get_deployment)),
        web.get("/api/matrix", _protected(get_matrix)),
        web.get("/api/rejections", _protected(list_rejections)),
        web.get("/api/services", _protected(list_services)),
        web.get("/api/environments", _protected(list_environments)),
        web.get("/api/events/stream", get_stream, allow_head=False),  # asks the guard itself
        web.post("/api/session", begin_session),
        web.delete("/api/session", end_session),
        # What follows is the same for every installation of a release, or contains no names.
        web.get("/api/version", get_version),
        web.get("/api/settings", get_settings),
        web.get("/api/docs", get_docs),
        web.get("/openapi.json", get_openapi),
        web.get("/healthz", get_health),
        web.get("/readyz", get_readiness),
        web.get("/metrics", get_metrics),
        web.get("/", get_dashboard),
        *(web.get(path, get_file) for path in files),
    ]


def _protected(handler: Handler) -> Handler:
    @functools.wraps(handler)
    async def protected(request: web.Request) -> web.StreamResponse:
        request.app[PARTS].guard.reader(request)
        return await handler(request)

    return protected


async def post_deployment(request: web.Request) -> web.Response:
    """`POST /api/deployments`: one more row in the log."""
    request[KEY_NAME] = None
    parts = request.app[PARTS]
    grant = parts.guard.writer(request)
    request[KEY_NAME] = grant.name
    parts.guard.count(grant)
    _require_json(request)
    body = await read_body(request, LARGEST_BODY)
    append = _read_append(request, body, grant)
    event = await parts.writer.append(append)
    return web.Response(
        status=201,
        body=event.json,
        headers={"Content-Type": JSON, "Location": f"/api/deployments/{event.id}"},
    )


def _require_json(request: web.Request) -> None:
    if request.content_type != JSON:
        raise web.HTTPUnsupportedMediaType(text=f"Send the header Content-Type: {JSON}.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="Send the body without Content-Encoding.")


def _read_append(request: web.Request, body: bytes, grant: Grant) -> Append:
    """What the request asks to append; raises Invalid with every mistake in headers and body."""
    reporter = request.headers.get("X-Progress-Reporter")
    key = request.headers.get("Idempotency-Key")
    mistakes = check_headers(reporter, key)
    try:
        submission = parse(body)
    except Invalid as error:
        raise Invalid([*mistakes, *error.mistakes]) from None
    if mistakes:
        raise Invalid(mistakes)
    if not grant.allows(submission.service, submission.environment):
        raise web.HTTPForbidden(
            text=f"The key {grant.name} may not write {submission.service} "
            f"in {submission.environment}."
        )
    idempotency = None if key is None else (key, hashlib.sha256(body).digest())
    return Append(submission, reporter, idempotency, grant.name)


async def list_deployments(request: web.Request) -> web.Response:
    """`GET /api/deployments`: a page of events, newest first."""
    query = parse_query(ListQuery, request.rel_url.raw_query_string)
    events = await request.app[PARTS].reading.page(query.filter, query.cursor, query.limit + 1)
    page = events[: query.limit]
    next_cursor = encode_cursor(page[-1].order_key) if len(events) > len(page) else None
    items = b",".join(event.json for event in page)
    body = b'{"items":[%b],"next_cursor":%b}' % (items, encode_json(next_cursor))
    return _json(body)


async def get_deployment(request: web.Request) -> web.Response:
    """`GET /api/deployments/{id}`: one event."""
    number = request.match_info["id"]
    event: Event | None = None
    if number.isascii() and number.isdigit() and len(number) <= 18:  # noqa: PLR2004 - fits 64 bits
        event = await request.app[PARTS].reading.get(int(number))
    if event is None:
        raise web.HTTPNotFound(text="There is no event with this id.")
    return _json(event.json)


async def get_matrix(request: web.Request) -> web.Response:
    """`GET /api/matrix`: what is where, or was."""
    query = parse_query(MatrixQuery, request.rel_url.raw_query_string)
    return await _conditional(
        request, await request.app[PARTS].board.matrix(query.service, query.at)
    )


async def _conditional(request: web.Request, answer: Answer) -> web.Response:
    headers = {"ETag": answer.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    headers |= tagged(answer.names)
    # Weak comparison, as If-None-Match asks for (RFC 9110, 13.1.2).
    known = {tag.value for tag in request.if_none_match or ()}
    if known & {"*", answer.etag.removeprefix("W/").strip('"')}:
        return web.Response(status=304, headers=headers)
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=await answer.compressed(), content_type=JSON, headers=headers)
    return web.Response(body=answer.body, content_type=JSON, headers=headers)


async def list_services(request: web.Request) -> web.Response:
    """`GET /api/services`: every service, by name."""
    parts = request.app[PARTS]
    await parts.feed.caught_up()
    return _json(encode_json({"items": parts.board.services()}))


async def list_environments(request: web.Request) -> web.Response:
    """`GET /api/environments`: every environment, in promotion order."""
    parts = request.app[PARTS]
    await parts.feed.caught_up()
    return _json(encode_json({"items": parts.board.environments()}))


async def list_rejections(request: web.Request) -> web.Response:
    """`GET /api/rejections`: the deployments that this receiver refused last, newest first."""
    return _json(request.app[REJECTIONS].json)


async def get_stream(request: web.Request) -> web.StreamResponse:
    """`GET /api/events/stream`: events as they are stored."""
    parts = request.app[PARTS]
    until = parts.guard.reader(request)
    query = parse_query(StreamQuery, request.rel_url.raw_query_string)
    # A browser that reconnects sends the header, to the same address as at first.
    last_event_id = request.headers.get("Last-Event-ID") or query.last_event_id
    return await parts.streams.serve(request, query.filter, last_event_id, until)


async def begin_session(request: web.Request) -> web.Response:
    """`POST /api/session`: a cookie for a read key."""
    # The key comes in a header of its own, which no page of another site can make a browser send.
    return request.app[PARTS].guard.sign_in(request)


async def end_session(request: web.Request) -> web.Response:
    """`DELETE /api/session`: the browser forgets the cookie."""
    return request.app[PARTS].guard.sign_out()


async def get_version(_request: web.Request) -> web.Response:
    """`GET /api/version`: the running release."""
    return _json(encode_json({"version": __version__}))


async def get_settings(request: web.Request) -> web.Response:
    """`GET /api/settings`: what the dashboard needs to know of the receiver's settings."""
    parts = request.app[PARTS]
    settings = {
        "stalled_minutes": parts.stalled_minutes,
        "read_protected": parts.guard.protects_reading,
        "stages": STAGES,
    }
    return _json(encode_json(settings))


async def get_openapi(_request: web.Request) -> web.Response:
    """`GET /openapi.json`: this contract for machines."""
    return _json(openapi.document())


async def get_health(_request: web.Request) -> web.Response:
    """`GET /healthz`: the process answers."""
    return _json(encode_json({"status": "ok"}))


async def get_readiness(request: web.Request) -> web.Response:
    """`GET /readyz`: the database stores and answers, and the feed is up to date."""
    parts = request.app[PARTS]
    if parts.is_out:
        raise StoreUnavailable
    await parts.store.last_id()
    await parts.feed.caught_up()
    return _json(encode_json({"status": "ready"}))


async def get_metrics(request: web.Request) -> web.Response:
    """`GET /metrics`: for Prometheus."""
    parts = request.app[PARTS]
    parts.metrics.last_event_id.set(parts.feed.position)
    parts.metrics.slots.set(len(parts.feed.slots))
    parts.metrics.outage.set(parts.is_out)
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(body=parts.metrics.render(), headers=headers)


async def get_dashboard(request: web.Request) -> web.Response:
    """`GET /`: the dashboard."""
    return _file(request, "/index.html")


async def get_docs(request: web.Request) -> web.Response:
    """`GET /api/docs`: /openapi.json as a page."""
    return _file(request, "/docs.html")


async def get_file(request: web.Request) -> web.Response:
    """A file of the page."""
    return _file(request, request.path)


def _file(request: web.Request, path: str) -> web.Response:
    files = request.app[PARTS].files
    if not files:
        raise web.HTTPServiceUnavailable(text="The page was not built: run `make page`.")
    return files[path].answer(request)


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=JSON, headers={"Cache-Control": "no-store"})
