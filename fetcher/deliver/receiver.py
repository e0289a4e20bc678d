"""The receiver, as the fetcher sees it: POST one event, look up what it holds of a deployment."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import aiohttp
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from yarl import URL

from fetcher.clock import Clock, Sleep
from fetcher.deliver.outcome import (
    URL_SETTING,
    Answer,
    Away,
    Blocked,
    Outcome,
    Refused,
    Stored,
    Unknown,
    judge,
)

# Both mean that no byte of the request left. To be caught before BROKEN, where they belong to
# ClientOSError and TimeoutError, which can also come after the whole request was sent.
NOT_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
BROKEN: Final = (aiohttp.ClientError, TimeoutError, OSError)
PROGRAM: Final = "deployment-fetcher"
PAGE: Final = 500
LONGEST_VERSION: Final = 50
MOST_PAGES: Final = 100


class HeldEvent(NamedTuple):
    """An event that the receiver holds, and where."""

    location: str
    service: str
    environment: str
    status: str
    happened_at: datetime


Held = tuple[HeldEvent, ...]
Page = tuple[list[HeldEvent], str | None]
NoLook = Refused | Away | Blocked


class Receiver:
    """A receiver at a URL. No method raises for what the other side does.

    Attributes:
        url: The receiver's, for people.
        timeout: The longest wait for an answer.

    Args:
        timeout_seconds: Likewise.
        sleep: Waits before a request that could not be sent is tried again at once. Every other
            wait is a time in the database.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        api_key: str,
        timeout_seconds: float,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.url = str(url.with_user(None))
        self.timeout = timedelta(seconds=timeout_seconds)
        self._session = session
        self._deployments = url / "api" / "deployments"
        self._version = url / "api" / "version"
        self._api_key = api_key
        # A slow connection must not use up all of it: then nobody would know that the request was
        # not sent.
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=timeout_seconds / 2)
        self._clock = clock
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(NOT_SENT),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.1, max=1),
            sleep=sleep,
            reraise=True,
        )

    async def post(self, key: str, body: bytes) -> Outcome:
        """Send an event; tried again only while it certainly was not sent."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            answer = await self._ask("POST", headers=headers, data=body)
        except NOT_SENT as error:
            return Away(self._words(error))
        except BROKEN as error:
            return Unknown(self._words(error))
        return self._judge(answer)

    async def look(self, deployment_id: str) -> Held | NoLook:
        """Everything the receiver holds of a deployment, or why that can't be told."""
        held: list[HeldEvent] = []
        query = {"deployment_id": deployment_id, "limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            page = await self._page(query)
            if not isinstance(page, tuple):
                return page
            events, cursor = page
            held += events
            if cursor is None:
                return tuple(held)
            query["cursor"] = cursor
        return Blocked(f"lists one deployment endlessly: check {URL_SETTING}")

    async def version(self) -> str | None:
        """Its version, if it gives one."""
        try:
            async with self._session.get(
                self._version, timeout=self._timeout, allow_redirects=False
            ) as response:
                return str(json.loads(await response.read())["version"])[:LONGEST_VERSION]
        except (*BROKEN, ValueError, LookupError, TypeError, RecursionError):
            return None

    async def _page(self, query: dict[str, str]) -> Page | NoLook:
        try:
            answer = await self._ask("GET", params=query)
        except BROKEN as error:
            return Away(self._words(error))
        if answer.status == HTTPStatus.OK:
            return Away("broke off its answer") if answer.body is None else _read_page(answer.body)
        match self._judge(answer):
            case Stored():
                return _NOT_A_RECEIVER
            case Unknown(reason):
                return Away(reason)
            case outcome:
                return outcome

    async def _ask(self, method: str, **request: Any) -> Answer:
        return await self._retrying(self._ask_once, method, **request)

    async def _ask_once(
        self, method: str, headers: dict[str, str] | None = None, **request: Any
    ) -> Answer:
        common = {"X-Api-Key": self._api_key, "X-Progress-Reporter": PROGRAM, "User-Agent": PROGRAM}
        async with self._session.request(
            method,
            self._deployments,
            headers=common | (headers or {}),
            timeout=self._timeout,
            allow_redirects=False,  # the key would leak
            **request,
        ) as response:
            told = response.headers
            body = await _body(response)
            return Answer(response.status, told.get("Location"), told.get("Retry-After"), body)

    def _judge(self, answer: Answer) -> Outcome:
        outcome = judge(answer, self._clock())
        if isinstance(outcome, Stored):
            return outcome
        return replace(outcome, reason=self._without_key(outcome.reason))

    def _words(self, error: Exception) -> str:
        what = "can't be reached" if isinstance(error, NOT_SENT) else "gave no answer"
        return self._without_key(f"{what}: {str(error) or 'time-out'}")

    def _without_key(self, text: str) -> str:
        # A proxy's error page may show the request it was given.
        return text.replace(self._api_key, "***")


_NOT_A_RECEIVER: Final = Blocked(f"does not answer as a receiver: check {URL_SETTING}")


async def _body(response: aiohttp.ClientResponse) -> bytes | None:
    try:
        return await response.read()
    except BROKEN:
        return None


def _read_page(body: bytes) -> Page | Blocked:
    try:
        page = json.loads(body)
        cursor = page.get("next_cursor")
        return [_held(item) for item in page["items"]], None if cursor is None else str(cursor)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _NOT_A_RECEIVER


def _held(item: dict[str, Any]) -> HeldEvent:
    """Raises KeyError, TypeError or ValueError where the item is no event."""
    return HeldEvent(
        location=f"/api/deployments/{item['id']}",
        # What the receiver shows under another name is stored as it was sent.
        service=item.get("stored_service", item["service"]),
        environment=item.get("stored_environment", item["environment"]),
        status=item["status"],
        happened_at=datetime.fromisoformat(item["happened_at"]),
    )
