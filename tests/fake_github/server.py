"""The fake on loopback: tokens, the rate limit, ETags and faults around what the routes answer."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from http import HTTPStatus

from aiohttp import web

from tests.fake_github import routes
from tests.fake_github.accounts import Token
from tests.fake_github.apps import app_of
from tests.fake_github.replies import RefusedError, Reply
from tests.fake_github.state import FakeGitHub
from tests.fake_github.traffic import Fault, Request


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
    app.router.add_post("/{path:.*}", server.handle)
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
            body=await request.read(),
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
        token = self.fake.nobody
        try:
            token = identified(self.fake, logged)
            self._admit(logged, token)
            reply = proper_reply(self.fake, logged, token)
        except RefusedError as refused:
            reply = refused.reply
        response = faulty(fault) if fault else conditional(logged, reply)
        if response.status == HTTPStatus.NOT_MODIFIED and token.text and logged.charged:
            token.account.rate.refund()
            logged.charged = False
        response.headers["X-GitHub-Request-Id"] = f"FA4E:{len(self.fake.requests):06X}"
        if not fault:
            response.headers.update(headers_for(self.fake, logged, token))
        return response

    def _admit(self, logged: Request, token: Token) -> None:
        if logged.path == "/rate_limit" or not self.fake.rate_limited:
            return
        now, most = self.fake.now(), self.fake.points_a_minute
        if most is not None and token.account.hurries(now, most):
            raise RefusedError(
                403, "You have exceeded a secondary rate limit.", {"Retry-After": "60"}
            )
        if logged.path in routes.GRAPHQL:
            return  # its own limit is charged by what a query costs
        logged.charged = token.account.rate.charge(now)
        if not logged.charged:
            raise RefusedError(403, "API rate limit exceeded for user ID 1.")

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


def identified(fake: FakeGitHub, logged: Request) -> Token:
    """Who asks."""
    text = logged.headers.get("authorization", "").partition(" ")[2]
    if re.fullmatch(routes.OF_APPS, logged.path):
        app = app_of(fake, text)
        return Token(text=text, account=app.account, app=app)
    if not text:
        return fake.nobody
    token = fake.tokens.get(text)
    if token is None or (token.expires_at and token.expires_at <= fake.clock()):
        raise RefusedError(401, "Bad credentials")
    if token.installation and token.installation not in fake.installations:
        raise RefusedError(401, "Bad credentials")
    if token.installation and token.installation.suspended_at:
        raise RefusedError(403, "This installation has been suspended")
    return token


def proper_reply(fake: FakeGitHub, logged: Request, token: Token) -> Reply:
    """What GitHub would answer."""
    if logged.method == "GET":
        return routes.get(fake, logged.path, logged.query, token)
    try:
        body = json.loads(logged.body or b"{}")
    except ValueError:
        raise RefusedError(400, "Problems parsing JSON") from None
    return routes.post(fake, logged.path, body, token)


def headers_for(fake: FakeGitHub, logged: Request, token: Token) -> Mapping[str, str]:
    """What GitHub says of the limits and of the token beside every answer."""
    headers = {}
    if fake.rate_limited:
        graphql = logged.path in routes.GRAPHQL
        rate = token.account.graphql_rate if graphql else token.account.rate
        figures = {"resource": "graphql" if graphql else "core", **rate.figures(fake.now())}
        headers = {f"X-RateLimit-{name.title()}": str(value) for name, value in figures.items()}
    if fake.poll_interval is not None:
        headers["X-Poll-Interval"] = str(fake.poll_interval)
    if token.expires_at and not token.installation:
        expiry = token.expires_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        headers["GitHub-Authentication-Token-Expiration"] = expiry
    if token.scopes is not None:
        headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
        by_deployment = "/deployments" in logged.path
        headers["X-Accepted-OAuth-Scopes"] = "repo, repo_deployment" if by_deployment else "repo"
    return headers


def faulty(fault: Fault) -> web.Response:
    """The answer that was planned instead of the proper one."""
    return web.Response(status=fault.status, body=fault.body or None, headers=fault.headers)


def conditional(logged: Request, reply: Reply) -> web.Response:
    """The answer with its ETag, or 304 when the client holds just that."""
    body = json.dumps(reply.document).encode()
    headers = {**reply.headers, "Cache-Control": "private, max-age=60, s-maxage=60"}
    if reply.status == HTTPStatus.OK and logged.method == "GET":
        headers["ETag"] = etag = entity_tag(logged.headers, body)
        if holds(logged.headers, etag, headers.get("Last-Modified")):
            return web.Response(status=304, headers=headers)
    return web.Response(
        status=reply.status, body=body, headers=headers, content_type="application/json"
    )


def holds(asked: Mapping[str, str], etag: str, last_modified: str | None) -> bool:
    """Whether the client has just this; an ETag counts before a time."""
    if "if-none-match" in asked:
        return etag in asked["if-none-match"]
    return last_modified is not None and asked.get("if-modified-since") == last_modified


def entity_tag(headers: Mapping[str, str], body: bytes) -> str:
    """GitHub's ETags are weak, and differ by Accept and by token as well as by body."""
    key = f"{headers.get('accept', '')}:{headers.get('authorization', '')}:".encode()
    return f'W/"{hashlib.sha256(key + body).hexdigest()}"'
