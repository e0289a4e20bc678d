"""GitHub's REST API, as one credential sees it: one GET, its retries, what its answer means.

Links to next pages are not followed; pages are counted up from the address that was asked.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

import gidgethub
from gidgethub import sansio
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from fetcher.clock import Sleep
from fetcher.github import refusals
from fetcher.github.credentials import Credential
from fetcher.github.errors import (
    Elsewhere,
    Forbidden,
    Garbled,
    Missing,
    Scopeless,
    SingleSignOn,
    Unreachable,
    Unusable,
    Withheld,
)
from fetcher.github.gate import Gate
from fetcher.github.server import Response, Server, request_headers

log = logging.getLogger(__name__)

TRIES: Final = 3
REDIRECTS: Final = frozenset({301, 302, 307, 308})
MOST_REDIRECTS: Final = 3
# A token that has ended is renewed at once; a new one is known to all of GitHub after some seconds.
# https://github.com/octokit/auth-app.js/issues/65
UNTIL_A_TOKEN_IS_KNOWN: Final = (0, 2, 4)
GONE: Final = frozenset({404, 410, 451})
REFUSED: Final = frozenset({403, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    """GitHub's answer to a GET.

    Attributes:
        data: The JSON; None if it is unchanged since the ETag.
        modified: False if it is unchanged since the ETag.
        more: There is a next page.
        headers: Their names are in lower case.
        redirected: It came from elsewhere: what was asked for has moved.
    """

    data: Any
    etag: str | None
    modified: bool
    more: bool
    headers: Mapping[str, str]
    redirected: bool = False


class GitHub:
    """GitHub, as one credential sees it.

    Attributes:
        gate: For REST, and for the pace of both APIs.
        graphql_gate: For GraphQL, which has a limit of its own.
    """

    def __init__(
        self,
        server: Server,
        credential: Credential,
        gate: Gate,
        graphql_gate: Gate,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.server = server
        self.credential = credential
        self.gate = gate
        self.graphql_gate = graphql_gate
        self._sleep = sleep
        self._renewing = asyncio.Lock()

    @property
    def gates(self) -> Mapping[str, Gate]:
        """Both gates, each by a fingerprint of whose limit of which API it keeps."""
        fingerprint = self.credential.fingerprint
        return {fingerprint: self.gate, f"{fingerprint}/graphql": self.graphql_gate}

    @property
    def sustained(self) -> float:
        """Requests a minute that can be kept up for ever; without a token even a 304 is charged."""
        return self.gate.sustained(charged=self.credential.is_anonymous)

    async def get(self, path: str, query: Mapping[str, str], etag: str | None = None) -> Reply:
        """Ask; with the ETag of an answer that is still held, only for what changed since.

        Raises:
            GitHubError: There is no answer; which of them says what the caller can do.
        """
        # Only faults that may pass are tried again, and each try waits for its turn at the gate.
        trying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential_jitter(multiplier=0.5, max=5),
            retry=retry_if_exception_type(Unreachable),
            sleep=self._sleep,
            reraise=True,
        )
        return await trying(self._try, self.server.address(path, query), etag)

    async def _try(self, url: str, etag: str | None) -> Reply:
        for redirects in range(MOST_REDIRECTS + 1):
            response = await self.ask("GET", url, {"if-none-match": etag} if etag else {})
            if response.status not in REDIRECTS:
                return replace(self._decipher(response), redirected=redirects > 0)
            self.gate.answered(response.headers, charged=True)
            url = self.server.redirected(url, response.headers.get("location", ""))
        raise Garbled("GitHub redirects endlessly")

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], document: Any = None
    ) -> Response:
        """One request, at its turn, with the credential; what it is charged is not counted yet.

        Raises:
            GitHubError: No answer came, or none may be asked for.
        """
        response, token = await self._ask_once(method, url, headers, document)
        for seconds in UNTIL_A_TOKEN_IS_KNOWN:
            if response.status != HTTPStatus.UNAUTHORIZED or not self.credential.refused(token):
                break
            await self._sleep(seconds)
            response, token = await self._ask_once(method, url, headers, document)
        if response.status == HTTPStatus.UNAUTHORIZED:
            who, message = self.credential.name, refusals.message_of(response.body)
            raise self.gate.shut_out(refusals.unknown_credential(who, message))
        return response

    async def _ask_once(
        self, method: str, url: str, headers: Mapping[str, str], document: Any
    ) -> tuple[Response, str | None]:
        async with self.gate.turn():
            token = await self._token()
            whole = {**request_headers(oauth_token=token), **headers}
            response = await self.server.exchange(method, url, whole, document)
        self._warn_of_expiry(response.headers)
        return response, token

    def _warn_of_expiry(self, headers: Mapping[str, str]) -> None:
        expires_at = refusals.expires_at(headers)
        if expires_at and (soon := self.gate.warning(expires_at)):
            log.warning("GitHub: %s %s; create a new one in time", self.credential.name, soon)

    async def _token(self) -> str | None:
        async with self._renewing:  # one asks on behalf of all that wait
            if limited := self.gate.closed():
                raise limited
            try:
                return await self.credential.token()
            except Withheld as error:
                limited = self.gate.slowed(error.status, error.headers, error.message)
                raise limited or self.gate.shut_out(str(error)) from None
            except Unusable as error:
                raise self.gate.shut_out(str(error)) from None

    def _decipher(self, response: Response) -> Reply:
        status, headers = response.status, response.headers
        if status == HTTPStatus.NOT_MODIFIED:
            self.gate.answered(headers, charged=self.credential.is_anonymous)
            return Reply(None, headers.get("etag"), modified=False, more=False, headers=headers)
        try:
            data, _, following = sansio.decipher_response(status, headers, response.body)
            if b"\\ud" in response.body.lower():
                data = _in_utf_8(data)
        except gidgethub.HTTPException as error:
            raise self._failure(status, headers, refusals.cleaned(error)) from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # What gidgethub meets when the answer is not JSON, or not of GitHub's shape.
            raise self._failure(status, headers, "no message") from None
        if isinstance(data, str) and not _is_json(headers):
            raise self._failure(status, headers, "a page")
        self.gate.answered(headers, charged=True)
        more = following is not None
        return Reply(data, headers.get("etag"), modified=True, more=more, headers=headers)

    def _failure(self, status: int, headers: Mapping[str, str], message: str) -> Exception:
        if status in REFUSED:
            return self._refusal(status, headers, message)
        self.gate.answered(headers, charged=True)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unreachable(f"GitHub answers {status}")
        if not _is_json(headers):
            return Elsewhere(f"{self.server.api_url} does not answer as GitHub's API ({status})")
        if status in GONE:
            return Missing(refusals.not_found(self.credential.name))
        if status == HTTPStatus.OK:
            return Garbled("GitHub's answer is not JSON")
        return Garbled(f"GitHub answers {status}: {message}")

    def _refusal(self, status: int, headers: Mapping[str, str], message: str) -> Exception:
        if refusals.is_suspended(message):
            return self.gate.shut_out(f"{self.credential.name}: {message}")
        if limited := self.gate.refused(status, headers, message):
            return limited
        return _kind(headers)(refusals.missing_permission(self.credential.name, headers, message))


def _kind(headers: Mapping[str, str]) -> type[Forbidden]:
    """What kind of a permission is missing; only classic tokens have scopes."""
    if "x-github-sso" in headers:
        return SingleSignOn
    return Scopeless if "x-oauth-scopes" in headers else Forbidden


def _in_utf_8(data: Any) -> Any:
    """JSON without halves of surrogate pairs, which nobody could store or pass on."""
    return json.loads(json.dumps(data, ensure_ascii=False).encode(errors="replace"))


def _is_json(headers: Mapping[str, str]) -> bool:
    return "json" in headers.get("content-type", "")
