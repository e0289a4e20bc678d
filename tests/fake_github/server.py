"""The fake on loopback: tokens, the rate limit, ETags and faults around what the routes answer."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from tests.fake_github import routes
from tests.fake_github.replies import RefusedError, Reply
from tests.fake_github.state import FakeGitHub
from tests.fake_github.traffic import Fault, RateLimit, Request


@asynccontextmanager
async def serve(fake: FakeGitHub, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback while the context lasts; yields the base URL, `http://127.0.0.1:PORT`."""
    server = Server(fake)
    app = web.Application()
    app.router.add_get(
        "/{owner:(?!repositories/)[^/]+}/{repository}/{page:(?:actions/runs|applications)/.+}",
        page_for_people,
    )
    app.router.add_get("/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        fake.api_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield fake.api_url
    finally:
        server.closing.set()
        await runner.cleanup()


async def page_for_people(request: web.Request) -> web.Response:
    """Where the links to runs and logs lead when `server_url` is the fake itself."""
    return web.Response(text=f"{request.path}\n\nThis is make-believe: there is no log.\n")


class Server:
    """The thin shell around the routes."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake
        self.closing = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Log the request, then answer it, properly or as planned."""
        logged = Request(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            at=self.fake.clock(),
        )
        self.fake.requests.append(logged)
        fault = next((p.fault for p in self.fake.faults if p.take(request.path)), None)
        if fault and fault.transport != "answer":
            return await self._break(request, fault)
        if fault and fault.after:
            await fault.after.wait()
        response = self._response(logged, None if fault and fault.after else fault)
        logged.status = response.status
        return response

    def _response(self, logged: Request, fault: Fault | None) -> web.Response:
        authorization = logged.headers.get("authorization", "")
        rate = self.fake.rate if authorization else self.fake.anonymous_rate
        try:
            self._admit(logged, authorization, rate)
            reply = routes.reply(
                self.fake, logged.path, logged.query, authorised=bool(authorization)
            )
        except RefusedError as refused:
            reply = refused.reply
        response = faulty(fault) if fault else conditional(logged, reply)
        if response.status == 304 and authorization and logged.charged:
            rate.refund()
            logged.charged = False
        response.headers["X-GitHub-Request-Id"] = f"FA4E:{len(self.fake.requests):06X}"
        if self.fake.rate_limited and not fault:
            response.headers.update(self._rate_headers(rate))
        return response

    def _admit(self, logged: Request, authorization: str, rate: RateLimit) -> None:
        token = authorization.partition(" ")[2]
        if authorization and token not in self.fake.tokens:
            raise RefusedError(401, "Bad credentials")
        if logged.path == "/rate_limit" or not self.fake.rate_limited:
            return
        logged.charged = rate.charge(self.fake.now())
        if not logged.charged:
            raise RefusedError(403, "API rate limit exceeded for user ID 1.")

    def _rate_headers(self, rate: RateLimit) -> Mapping[str, str]:
        figures = {"resource": "core", **rate.figures(self.fake.now())}
        return {f"X-RateLimit-{name.title()}": str(value) for name, value in figures.items()}

    async def _break(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.transport == "hang":
            await self.closing.wait()
        response = web.StreamResponse(status=fault.status)
        if fault.transport == "truncate":
            response.content_type = "application/json"
            response.content_length = 2 * len(fault.body)
            await response.prepare(request)
            await response.write(fault.body)
        if request.transport:
            request.transport.close()
        return response


def faulty(fault: Fault) -> web.Response:
    """The answer that was planned instead of the proper one."""
    return web.Response(status=fault.status, body=fault.body or None, headers=fault.headers)


def conditional(logged: Request, reply: Reply) -> web.Response:
    """The answer with its ETag, or 304 when the client holds just that."""
    body = json.dumps(reply.document).encode()
    headers = {**reply.headers, "Cache-Control": "private, max-age=60, s-maxage=60"}
    if reply.status == 200:
        headers["ETag"] = etag = entity_tag(logged.headers, body)
        if etag in logged.headers.get("if-none-match", ""):
            return web.Response(status=304, headers=headers)
    return web.Response(
        status=reply.status, body=body, headers=headers, content_type="application/json"
    )


def entity_tag(headers: Mapping[str, str], body: bytes) -> str:
    """GitHub's ETags are weak, and differ by Accept and by token as well as by body."""
    key = f"{headers.get('accept', '')}:{headers.get('authorization', '')}:".encode()
    return f'W/"{hashlib.sha256(key + body).hexdigest()}"'
