"""What a request must show to write or to read, and how it is refused otherwise."""

import logging
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from aiohttp import web

from receiver.access import Grant, Keys, fingerprint, sha256
from receiver.clock import Clock
from receiver.plural import counted
from receiver.rate import Guesses
from receiver.session import Sessions

log = logging.getLogger(__name__)

HEADER: Final = "X-Api-Key"
COOKIE: Final = "deployments_session"
CHALLENGE: Final = {"WWW-Authenticate": 'ApiKey realm="deployments"'}
LONGEST_ADDRESS: Final = 45  # of an IPv6 address as text


class Guard:
    """Lets requests pass, or raises the answer.

    Whoever may write may also read. Without read keys, anyone may read.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._writers = Keys()
        self._readers = Keys()
        self._guesses = Guesses()

    def change(
        self, writers: Iterable[tuple[str, Grant]], readers: Iterable[tuple[str, Grant]]
    ) -> None:
        """From now on these keys count, and no others."""
        readers = list(readers)
        self._writers = Keys(writers)
        self._readers = Keys(readers)
        self._sessions.change(fingerprint(key) for key, _ in readers)

    @property
    def protects_reading(self) -> bool:
        """Whether reading needs a key."""
        return bool(self._readers)

    def writer(self, request: web.Request) -> Grant:
        """The grant of the key that a request to write shows.

        Raises:
            web.HTTPUnauthorized: The key is missing or wrong.
        """
        grant = self._writers.grant_of(request.headers.get(HEADER))
        if grant is None:
            raise _unauthorized()
        return grant

    def count(self, writer: Grant) -> None:
        """Count a request to write.

        Raises:
            web.HTTPTooManyRequests: Its key comes too often.
        """
        self._count(self._writers, writer)

    def reader(self, request: web.Request) -> datetime | None:
        """Until when a request to read may be answered; None for no limit.

        Raises:
            web.HTTPUnauthorized: It shows neither a key nor a session.
            web.HTTPTooManyRequests: Its key comes too often, or too many wrong ones have come.
        """
        if not self._readers:
            return None
        if HEADER in request.headers:
            self._show(request, "The key in X-Api-Key is not known.", self._readers, self._writers)
            return None
        ends_at = self._sessions.ends_at(request.cookies.get(COOKIE, ""))
        if ends_at is None or ends_at <= self._clock():
            raise _unauthorized("Reading requires a key: send it in X-Api-Key, or sign in at /.")
        return ends_at

    def sign_in(self, request: web.Request) -> web.Response:
        """Answer a read key with a session.

        Raises:
            web.HTTPNotFound: Reading needs no key.
            web.HTTPUnauthorized: It is not a read key.
            web.HTTPTooManyRequests: As for `reader`.
        """
        if not self._readers:
            raise web.HTTPNotFound(text="Reading requires no key.")
        grant = self._show(request, "This is not a read key of this dashboard.", self._readers)
        log.info("%s signed in with the read key %s", request.remote, grant.name)
        answer = web.Response(status=204)
        answer.set_cookie(
            COOKIE,
            self._sessions.begin(sha256(request.headers[HEADER]), self._clock()),
            max_age=int(self._sessions.life.total_seconds()),
            httponly=True,
            samesite="Strict",
            # The browser's own word; a proxy's would have to be trusted.
            secure=request.headers.get("Origin", "").startswith("https:"),
        )
        return answer

    def sign_out(self) -> web.Response:
        """Answer so that the browser forgets its session."""
        answer = web.Response(status=204)
        answer.del_cookie(COOKIE, httponly=True, samesite="Strict")
        return answer

    def _show(self, request: web.Request, refusal: str, *several: Keys) -> Grant:
        """The grant of the request's key, which must be one of these."""
        key = request.headers.get(HEADER)
        client, now = _client(request), self._clock()
        _hold_back(self._guesses.wait(client, now), "Too many wrong keys came from this address.")
        for keys in several:
            if key is not None and (grant := keys.grant_of(key)):
                self._count(keys, grant)
                return grant
        if key is not None:
            self._guesses.wrong(client, now)
        raise _unauthorized(refusal)

    def _count(self, keys: Keys, grant: Grant) -> None:
        if grant.requests_per_minute is not None:
            most = counted(grant.requests_per_minute, "request")
            limit = f"The key {grant.name} may send {most} a minute."
            _hold_back(keys.take(grant, self._clock()), limit)


def _client(request: web.Request) -> str:
    """Whom wrong keys count against: the address, and the one that the last proxy passes on.

    A client that makes up the second part is held back less, but holds back nobody else.
    """
    forwarded = request.headers.getall("X-Forwarded-For", [""])[-1]
    return f"{request.remote} {forwarded.rpartition(',')[2].strip()[:LONGEST_ADDRESS]}"


def _hold_back(seconds: float, reason: str) -> None:
    if seconds:
        wait = math.ceil(seconds)
        text = f"{reason} Try again in {counted(wait, 'second')}."
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(wait)}, text=text)


def _unauthorized(reason: str | None = None) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(headers=CHALLENGE, text=reason)
