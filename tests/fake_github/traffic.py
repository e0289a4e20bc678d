"""What goes wrong and what is counted: faults, the request log and the rate limit."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal

from tests.fake_github.replies import error


@dataclass(slots=True, kw_only=True)
class Request:
    """One request, logged when it arrives; what became of it is filled in when it is answered."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    at: datetime
    body: bytes = b""
    status: int = 0  # stays 0 when the connection was dropped instead of answered
    charged: bool = False  # it used up one of the hour's requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done with a request instead of answering it properly."""

    status: int = 500
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    transport: Literal["answer", "truncate", "hang", "disconnect"] = "answer"
    after: asyncio.Event | None = None  # the proper answer, but only once this is set


@dataclass(slots=True)
class PlannedFault:
    """A fault for the next `times` requests whose path matches `pattern` (fnmatch)."""

    pattern: str
    fault: Fault
    times: int

    def take(self, path: str) -> bool:
        """Whether this request is one of them; uses one of the times up."""
        if self.times <= 0 or not fnmatchcase(path, self.pattern):
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class RateLimit:
    """GitHub's primary limit: so many requests from the first one until an hour later."""

    limit: int
    used: int = 0
    reset_at: datetime | None = None

    def charge(self, now: datetime, points: int = 1) -> bool:
        """Count one request; False when too little was left."""
        self.roll(now)
        if self.used + points > self.limit:
            return False
        self.used += points
        return True

    def refund(self) -> None:
        """A 304 to an authorised request is free."""
        self.used -= 1

    def figures(self, now: datetime) -> dict[str, int]:
        """Limit, remaining, used, reset (epoch seconds), as headers and /rate_limit tell them."""
        reset_at = self.roll(now)
        return {
            "limit": self.limit,
            "remaining": self.limit - self.used,
            "used": self.used,
            "reset": int(reset_at.timestamp()),
        }

    def roll(self, now: datetime) -> datetime:
        """The end of the window that `now` lies in, begun anew when the last one is over."""
        if self.reset_at is None or now >= self.reset_at:
            self.used, self.reset_at = 0, now + timedelta(hours=1)
        return self.reset_at


def answer(
    status: int, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
) -> Fault:
    """This status; without a body, GitHub's error body."""
    content = body.encode() if isinstance(body, str) else body
    return Fault(
        status=status,
        body=json.dumps(error(status, "Fault")).encode() if content is None else content,
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )


def server_error(status: int = 500) -> Fault:
    """GitHub's own trouble; 502 comes as HTML, as from its load balancer."""
    return answer(status, "<html>Unicorn!</html>", {"Content-Type": "text/html"})


def primary_limit(reset_at: datetime) -> Fault:
    """403 with nothing remaining until `reset_at`."""
    headers = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Used": "5000",
        "X-RateLimit-Reset": str(int(reset_at.timestamp())),
    }
    return answer(403, json.dumps(error(403, "API rate limit exceeded for user ID 1.")), headers)


def secondary_limit(retry_after: int | None = 60, status: int = 403) -> Fault:
    """403 (or 429) for asking too fast; some of them say `Retry-After`, none says what remains."""
    body = error(status, "You have exceeded a secondary rate limit. Please wait a few minutes.")
    return answer(
        status, json.dumps(body), {} if retry_after is None else {"Retry-After": str(retry_after)}
    )


def garbage(body: bytes | str = "\ufffd not JSON at all {{{") -> Fault:
    """200 with a body that is nothing GitHub sends; pass JSON of a wrong shape to be meaner."""
    return answer(200, body)


def truncated() -> Fault:
    """200, half of a body, and the connection is gone."""
    return Fault(status=200, body=b'[{"id": 123, "sha": "abc', transport="truncate")


def hang() -> Fault:
    """No answer, until the client gives up."""
    return Fault(transport="hang")


def disconnect() -> Fault:
    """The connection closes without an answer.

    aiohttp's client asks once more, unseen, when the connection had served before: two times.
    """
    return Fault(transport="disconnect")


def not_modified() -> Fault:
    """304, whether or not it was asked conditionally."""
    return Fault(status=304)


def late(after: asyncio.Event) -> Fault:
    """The proper answer, but only once `after` is set."""
    return Fault(after=after)
