"""A receiver on loopback that can fail in every way a network and a server can.

It appends a row for each POST, as the contract says, and gives the rows back. What goes wrong is
told beforehand: each POST takes the next of `faults`, and when there is none it works.
"""

import asyncio
import json
import socket
import struct
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from aiohttp import web
from aiohttp.test_utils import TestServer

API_KEY: Final = "a-key-that-must-not-leave"

Fault = Literal[
    "none",
    "drop",
    "commit, drop",
    "commit, reset",
    "hang",
    "commit, hang",
    "hang, commit when released",
    "commit, cut the answer short",
    "500",
    "commit, 502",
    "200",
    "429",
    "503",
    "401",
    "422",
    "308",
]


Phase = Literal["read", "stored"]


class ReceiverDouble:
    """What it was told to do, and what it was sent; `url` is where it listens.

    Attributes:
        honours_keys: Whether it knows Idempotency-Key.
        fails_always_for: How the deployment ids begin for which it answers 500.
        looks_fail_with: The status of every answer to a GET; 200 is one that is cut short.
        on_post: Called with the deployment id when a POST was read, and when it was dealt with.
        on_look: Called with the number of GETs before each of them is answered.
        in_hand: How many POSTs it is busy with.
        together: Where it is set, so many POSTs are waited for before any of them is dealt with.
    """

    def __init__(self) -> None:
        self.url = ""
        self.honours_keys = False
        self.faults: deque[Fault] = deque()
        self.fails_always_for: str | None = None
        self.looks_fail_with: int | None = None
        self.headers_of_faults: dict[str, str] = {}
        self.page_size = 500
        self.on_post: Callable[[Phase, str], object] = lambda _phase, _deployment_id: None
        self.on_look: Callable[[int], object] = lambda _number: None
        self.together: asyncio.Barrier | None = None
        self.in_hand = 0
        self.released = asyncio.Event()
        self.rows: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.refused: list[dict[str, Any]] = []
        self.looks: list[str] = []
        self.paths: set[str] = set()
        self._first: dict[str, tuple[bytes, int]] = {}

    def let_go(self) -> None:
        """Let whatever hangs at this moment have its end."""
        self.released.set()
        self.released = asyncio.Event()

    def stored(self) -> Counter[tuple[str, str]]:
        """How often each (deployment, status) is stored."""
        return Counter((row["deployment_id"], row["status"]) for row in self.rows)

    def store(self, key: str, body: bytes) -> int | None:
        """The id of the row; None where the key was used with another body."""
        if self.honours_keys and key in self._first:
            first, row_id = self._first[key]
            return row_id if first == body else None
        self.rows.append({"id": len(self.rows) + 1, **json.loads(body)})
        self._first[key] = (body, len(self.rows))
        return len(self.rows)

    def wipe(self) -> None:
        """Forget everything, as one whose database was made anew."""
        self.rows.clear()
        self._first.clear()

    async def post(self, request: web.Request) -> web.StreamResponse:
        self.in_hand += 1
        try:
            return await self._post(request)
        finally:
            self.in_hand -= 1

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self.paths.add(request.path)
        if request.headers.get("X-Api-Key") != API_KEY:
            return web.Response(status=401)
        body = await request.read()
        event = json.loads(body)
        if not event:
            return web.Response(status=int(self.faults.popleft()) if self.faults else 422)
        self.posts.append(event)
        self.keys.append(request.headers["Idempotency-Key"])
        self.on_post("read", event["deployment_id"])
        if self.together is not None:
            await self.together.wait()
        fault = self._next_fault(event["deployment_id"])
        if fault == "hang, commit when released":
            await self.released.wait()
        row_id = None
        if fault == "422":
            self.refused.append(event)
        if fault == "none" or "commit" in fault:
            row_id = self.store(request.headers["Idempotency-Key"], body)
            fault = "422" if row_id is None else fault
        self.on_post("stored", event["deployment_id"])
        return await self._answer(request, fault, row_id)

    def _next_fault(self, deployment_id: str) -> Fault:
        if self.fails_always_for and deployment_id.startswith(self.fails_always_for):
            return "500"
        return self.faults.popleft() if self.faults else "none"

    async def _answer(
        self, request: web.Request, fault: Fault, row_id: int | None
    ) -> web.StreamResponse:
        match fault:
            case "none":
                location = {"Location": f"/api/deployments/{row_id}"}
                return web.json_response({"id": row_id}, status=201, headers=location)
            case "drop" | "commit, drop":
                _close(request)
            case "commit, reset":
                _reset(request)
            case "hang" | "commit, hang" | "hang, commit when released":
                await self.released.wait()
            case "commit, cut the answer short":
                return await _cut_short(request, 201)
            case _:
                status = int(fault.removeprefix("commit, "))
                text = f"<h1>{status}</h1> you sent {request.headers['X-Api-Key']}"
                return web.Response(status=status, text=text, headers=self.headers_of_faults)
        return web.Response()

    async def look(self, request: web.Request) -> web.StreamResponse:
        self.paths.add(request.path)
        deployment_id = request.query["deployment_id"]
        self.looks.append(deployment_id)
        self.on_look(len(self.looks))
        if self.looks_fail_with == 200:
            return await _cut_short(request, 200)
        if self.looks_fail_with is not None:
            return web.Response(status=self.looks_fail_with)
        rows = [row for row in self.rows if row["deployment_id"] == deployment_id]
        start = int(request.query.get("cursor", "0"))
        end = start + min(self.page_size, int(request.query["limit"]))
        cursor = str(end) if end < len(rows) else None
        return web.json_response({"items": rows[::-1][start:end], "next_cursor": cursor})


def _close(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.close()


def _reset(request: web.Request) -> None:
    assert request.transport is not None
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def _cut_short(request: web.Request, status: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"id": ')
    _close(request)
    return response


async def version(_request: web.Request) -> web.Response:
    return web.json_response({"version": "1.2.3"})


@asynccontextmanager
async def receiver_double() -> AsyncIterator[ReceiverDouble]:
    """A double that listens until the end."""
    double = ReceiverDouble()
    app = web.Application()
    for path in ("/api/deployments", "/dashboard/api/deployments"):
        app.add_routes([web.post(path, double.post), web.get(path, double.look)])
    app.add_routes([web.get("/api/version", version)])
    async with TestServer(app) as server:
        double.url = str(server.make_url("")).rstrip("/")
        try:
            yield double
        finally:
            double.released.set()
