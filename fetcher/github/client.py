"""The thin shell around GitHub's REST API: one GET, with everything that can go wrong with it.

The token goes to the configured origin and nowhere else: links to next pages are not followed but
counted up from the address that was asked, and a redirect only within the origin.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import gidgethub
from gidgethub import sansio
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from fetcher.github.errors import (
    Forbidden,
    Garbled,
    Limited,
    Missing,
    Offline,
    Unreachable,
    missing_permission,
)
from fetcher.github.gate import Gate

ACCEPT: Final = "application/vnd.github+json"
API_VERSION: Final = "2022-11-28"
USER_AGENT: Final = "deployment-dashboard-fetcher"
TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10)
TRIES: Final = 3
LARGEST_ANSWER: Final = 32 * 1024 * 1024
REDIRECTS: Final = frozenset({301, 302, 307, 308})
MOST_REDIRECTS: Final = 3
GONE: Final = frozenset({404, 410, 451})
REFUSED: Final = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    """GitHub's answer to a GET.

    Attributes:
        data: The JSON; None when it is as the ETag says.
        modified: False when it is as the ETag says.
        more: There is a next page.
    """

    data: Any
    etag: str | None
    modified: bool
    more: bool


class GitHub:
    """GitHub, as one credential sees it.

    Args:
        session: Its time-out is the longest wait for an answer.
        api_url: Without a slash at its end.
        token: None reads what is public, 60 requests an hour.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        token: str | None,
        gate: Gate,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.gate = gate
        self.fingerprint = hashlib.sha256((token or "").encode()).hexdigest()[:16]
        self._session = session
        self._sleep = sleep
        self._api_url = api_url
        self._authorised = token is not None
        headers = sansio.create_headers(USER_AGENT, accept=ACCEPT, oauth_token=token)
        self._headers = {**headers, "x-github-api-version": API_VERSION}

    def address(self, path: str, query: Mapping[str, str]) -> str:
        """The whole address of a path."""
        text = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
        return f"{self._api_url}{path}{'?' if text else ''}{text}"

    async def get(self, path: str, query: Mapping[str, str], etag: str | None = None) -> Reply:
        """Ask; with the ETag of an answer that is still held, only for what changed since.

        Raises:
            GitHubError: It was not given; which of them says what the caller can do.
        """
        # Only faults that may pass are tried again, and each try waits for its turn at the gate.
        trying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential_jitter(multiplier=0.5, max=5),
            retry=retry_if_exception_type(Unreachable),
            sleep=self._sleep,
            reraise=True,
        )
        return await trying(self._try, self.address(path, query), etag)

    async def _try(self, url: str, etag: str | None) -> Reply:
        headers = {**self._headers, **({"if-none-match": etag} if etag else {})}
        for _ in range(MOST_REDIRECTS + 1):
            status, answered, body = await self._exchange(url, headers)
            if status not in REDIRECTS:
                return self._decipher(status, answered, body)
            self.gate.answered(answered, charged=True)
            url = self._redirected(url, answered.get("location", ""))
        raise Garbled("GitHub redirects without end")

    async def _exchange(
        self, url: str, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            async with (
                self.gate.turn(),
                self._session.get(url, headers=headers, allow_redirects=False) as response,
            ):
                answered = {name.lower(): value for name, value in response.headers.items()}
                return response.status, answered, await _body(response)
        except aiohttp.ClientPayloadError:
            raise Unreachable("GitHub's answer broke off") from None
        except TimeoutError:
            raise Unreachable("GitHub does not answer in time") from None
        except aiohttp.ClientConnectorError as error:
            reason = error.os_error.strerror or "no connection"
            raise Offline(f"{error.host} can't be reached: {reason}") from None
        except aiohttp.ClientError as error:
            raise Unreachable(
                f"GitHub can't be reached: {str(error) or type(error).__name__}"
            ) from None

    def _redirected(self, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
            same = _origin(target) == _origin(self._api_url)
        except ValueError:
            raise Garbled("GitHub redirects to what is no address") from None
        if not same:
            raise Garbled("GitHub redirects to another server, which must not see the token")
        return target

    def _decipher(self, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
        if status == HTTPStatus.NOT_MODIFIED:
            self.gate.answered(headers, charged=not self._authorised)
            return Reply(None, headers.get("etag"), modified=False, more=False)
        try:
            data, _, following = sansio.decipher_response(status, headers, body)
        except gidgethub.HTTPException as error:
            raise self._failure(status, headers, str(error)) from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # What gidgethub meets when the answer is not JSON, or not of GitHub's shape.
            raise self._failure(status, headers, "no message") from None
        self.gate.answered(headers, charged=True)
        return Reply(data, headers.get("etag"), modified=True, more=following is not None)

    def _failure(self, status: int, headers: Mapping[str, str], message: str) -> Exception:
        if status in REFUSED:
            limited: Limited | None = self.gate.refused(status, headers, message)
            return limited or Forbidden(missing_permission(headers, message))
        self.gate.answered(headers, charged=True)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unreachable(f"GitHub answers {status}")
        if status in GONE:
            return Missing("GitHub does not know it, or hides it from the token")
        if status == HTTPStatus.OK:
            return Garbled("GitHub's answer is not JSON")
        return Garbled(f"GitHub answers {status}: {message}")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise Garbled("GitHub's answer is far too long")
    return bytes(body)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
