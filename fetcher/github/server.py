"""A GitHub server: its addresses, and one exchange with it, with everything that can go wrong.

A credential goes to the configured origin and nowhere else: whatever address a request is for, it
is sent only there, and a redirect leads only there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from gidgethub import sansio

from fetcher.github.errors import Garbled, Offline, Unreachable
from fetcher.github.refusals import cleaned

ACCEPT: Final = "application/vnd.github+json"
API_VERSION: Final = "2022-11-28"
USER_AGENT: Final = "deployment-dashboard-fetcher"
TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10)
HIDDEN: Final = "***"
LARGEST_ANSWER: Final = 32 * 1024 * 1024
ENTERPRISE: Final = "/api/v3"  # https://docs.github.com/en/enterprise-server/rest/quickstart


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """A GitHub server.

    Args:
        session: Its time-out is the longest wait for an answer.
        api_url: The address of its REST API, without a slash at its end.
    """

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        self.graphql_url = graphql_url(api_url)
        self._session = session
        self.api_url = api_url
        self._origin = _origin(api_url)

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address of a path of the REST API."""
        text = "&".join(f"{name}={value}" for name, value in sorted((query or {}).items()))
        return f"{self.api_url}{path}{'?' if text else ''}{text}"

    def redirected(self, url: str, location: str) -> str:
        """Where an answer from `url` leads.

        Raises:
            Garbled: Nowhere, or to another server.
        """
        try:
            target = urljoin(url, location)
            same = _origin(target) == self._origin
        except ValueError:
            raise Garbled("GitHub redirects to an invalid address") from None
        if not same:
            raise Garbled("GitHub redirects to another server, which must not see the token")
        return target

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], document: Any = None
    ) -> Response:
        """Ask once; redirects are answers.

        Args:
            method: GET or POST.
            url: An address on this server.
            headers: Of the request.
            document: Sent as JSON.

        Raises:
            GitHubError: No answer came, or one that can't be an answer.
        """
        if _origin(url) != self._origin:
            raise Garbled("The address belongs to another server, which must not see the token")
        secret = headers.get("authorization", "").partition(" ")[2]
        try:
            async with self._session.request(
                method, url, headers=headers, json=document, allow_redirects=False
            ) as response:
                told = {n.lower(): _told(secret, value) for n, value in response.headers.items()}
                body = await _body(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _in_words(error, secret) from None
        if secret:  # something in between may answer with what it was sent
            body = body.replace(secret.encode(), HIDDEN.encode())
        return Response(response.status, told, body)


def request_headers(*, oauth_token: str | None = None, jwt: str | None = None) -> dict[str, str]:
    """The headers of every request; names in lower case."""
    headers = sansio.create_headers(USER_AGENT, accept=ACCEPT, oauth_token=oauth_token, jwt=jwt)
    return {**headers, "x-github-api-version": API_VERSION}


def graphql_url(api_url: str) -> str:
    """The address of GraphQL beside that of a REST API.

    https://docs.github.com/en/enterprise-server/graphql/guides/forming-calls-with-graphql
    """
    if api_url.endswith(ENTERPRISE):
        return f"{api_url.removesuffix('/v3')}/graphql"
    return f"{api_url}/graphql"


def without(secret: str, text: str) -> str:
    """The text, with the secret hidden."""
    return text.replace(secret, HIDDEN) if secret else text


def _told(secret: str, value: str) -> str:
    # aiohttp has bytes that are no UTF-8 as surrogates, which could be neither kept nor sent back.
    return without(secret, value).encode(errors="replace").decode()


def _in_words(error: Exception, secret: str) -> Unreachable:
    match error:
        case aiohttp.ClientPayloadError():
            return Unreachable("GitHub's answer broke off")
        case aiohttp.ClientHttpProxyError():
            return Offline(f"The proxy of HTTPS_PROXY answers {error.status}")
        case aiohttp.ClientConnectorCertificateError():
            return Offline(f"{error.host}'s certificate is not accepted: {error.certificate_error}")
        case aiohttp.ClientConnectorError():
            reason = error.os_error.strerror or "no connection"
            return Offline(f"{error.host} can't be reached: {reason}")
        case TimeoutError():
            return Unreachable("GitHub does not answer in time")
    reason = cleaned(without(secret, str(error))) or type(error).__name__
    return Unreachable(f"GitHub can't be reached: {reason}")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise Garbled("GitHub's answer is far too long")
    return bytes(body)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()  # with a user or password it is another one
