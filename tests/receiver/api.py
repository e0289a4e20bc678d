"""The receiver on a real socket over a real database file, and a client that tidies nothing up."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from receiver.api import PARTS
from receiver.app import build
from receiver.batch import Append
from receiver.config import Settings
from receiver.event import Event
from receiver.server import serve
from receiver.submission import parse
from tests.program import Answer
from tests.receiver.examples import NOON, as_json, submission
from tests.receiver.sse import EventStream

KEY: Final = "correct-horse-battery-staple"
DEADLINE: Final = ClientTimeout(total=60)
EACH_HAS_ITS_OWN: Final = ClientTimeout(total=None)  # deadline: see EventStream


class Clock:
    """A clock that moves only when told."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


@dataclass
class Client:
    """A client of a running receiver. In header names `_` stands for `-`."""

    port: int
    session: ClientSession
    key: str = KEY

    async def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        """One request, with these headers and no others."""
        async with self.session.request(
            method, self.url(path), data=body, headers=_named(headers), allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **headers: str) -> Answer:
        """A GET."""
        return await self.request("GET", path, None, **headers)

    async def read(self, path: str) -> Any:
        """The JSON that a GET answers."""
        answer = await self.get(path)
        assert answer.status == 200, answer
        return answer.json

    async def post(self, body: object, **headers: str) -> Answer:
        """A POST with the key; anything but bytes is sent as JSON."""
        usual = {"X_Api_Key": self.key, "Content_Type": "application/json"}
        sent = body if isinstance(body, bytes) else as_json(body)
        return await self.request("POST", "/api/deployments", sent, **usual | headers)

    async def append(self, **fields: Any) -> Any:
        """Store an event, completed from the example; as it was answered."""
        answer = await self.post(submission(**fields))
        assert answer.status == 201, answer
        return answer.json

    @asynccontextmanager
    async def stream(self, query: str = "", **headers: str) -> AsyncIterator[EventStream]:
        """Open the stream; its headers have arrived."""
        async with self.session.get(
            self.url("/api/events/stream" + query),
            headers=_named(headers),
            timeout=EACH_HAS_ITS_OWN,
        ) as response:
            assert response.status == 200, await response.text()
            yield EventStream(response)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"


@dataclass
class Api(Client):
    """A receiver in this process, and a client of it."""

    app: web.Application = field(kw_only=True)

    async def fill(self, bodies: Sequence[dict[str, Any]]) -> list[Event]:
        """Store many events in one transaction, past HTTP."""
        parts = self.app[PARTS]
        appends = [Append(parse(as_json(body))) for body in bodies]
        batch = await parts.store.append(appends, NOON)
        parts.feed.committed(batch.newest)
        return batch.events


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings with one key and a database in the folder."""
    url = f"sqlite+aiosqlite:///{folder}/log.db"
    return Settings(**{"database_url": url, "api_keys": {"ci": KEY}} | more)


def client() -> ClientSession:
    """A client that adds no header of its own and unpacks nothing."""
    return ClientSession(
        connector=TCPConnector(limit=0),
        timeout=DEADLINE,
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
    )


@asynccontextmanager
async def serving(settings: Settings, clock: Clock) -> AsyncIterator[Api]:
    """Run the receiver."""
    app = build(settings, clock)
    async with client() as session, serve(app, "127.0.0.1", 0) as port:
        yield Api(port, session, app=app)
