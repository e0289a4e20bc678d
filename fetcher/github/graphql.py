"""GitHub's GraphQL API, as one credential sees it: one question, and what its answer means.

It has a limit of its own, counted in points; asking too fast is forbidden for both APIs together.
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from fetcher.github.client import GitHub
from fetcher.github.errors import Forbidden, Garbled, GitHubError, Limited, Missing, Unreachable
from fetcher.github.refusals import message_of
from fetcher.github.server import Response

RATE_LIMITED: Final = "RATE_LIMITED"


class GraphQL:
    """Asks questions, at the pace of both APIs together."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._gate = github.graphql_gate

    async def ask(self, query: str) -> Mapping[str, Any]:
        """The answer, with `data`, and with `errors` where part of it could not be had.

        Raises:
            GitHubError: It was not given.
        """
        if limited := self._gate.closed():
            raise limited
        url = self._github.server.graphql_url
        response = await self._github.ask("POST", url, {}, {"query": query})
        if response.status != HTTPStatus.OK:
            raise self._failure(response)
        document = _document(response.body)
        self._count(document, response.headers)
        return document

    def _count(self, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        errors = document.get("errors") or ()
        if any(error.get("type") == RATE_LIMITED for error in errors):
            limited = self._gate.refused(HTTPStatus.TOO_MANY_REQUESTS, headers, RATE_LIMITED)
            raise limited or Garbled("GitHub answers with a limit")
        data = document.get("data")
        found = data.get("rateLimit") if isinstance(data, dict) else None
        figures = found if isinstance(found, dict) else {}
        cost = figures.get("cost")
        self._gate.answered(
            {**headers, **_as_headers(figures)}, charged=cost if isinstance(cost, int) else 1
        )

    def _failure(self, response: Response) -> GitHubError:
        status, headers, message = response.status, response.headers, message_of(response.body)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._gate.answered(headers, charged=1)  # what takes too long is charged nevertheless
            return Unreachable(f"GitHub answers {status}")
        if status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            return Missing(f"GitHub answers {status}")
        if headers.get("x-ratelimit-remaining") == "0" and "retry-after" not in headers:
            limited: Limited | None = self._gate.refused(status, headers, message)
        else:
            limited = self._github.gate.slowed(status, headers, message)  # by both APIs together
        return limited or Forbidden(message)


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Garbled("GitHub's answer is not JSON") from None
    if not isinstance(document, dict) or not ({"data", "errors"} & document.keys()):
        raise Garbled("GitHub's answer is not GraphQL's")
    errors = document.get("errors") or []
    if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
        raise Garbled("GitHub's answer is not GraphQL's")
    return document


def _as_headers(figures: Mapping[str, Any]) -> dict[str, str]:
    """The figures in the answer's body, as the gate reads them from other answers."""
    try:
        resets_at = datetime.fromisoformat(figures["resetAt"])
        return {
            "x-ratelimit-limit": str(figures["limit"]),
            "x-ratelimit-remaining": str(figures["remaining"]),
            "x-ratelimit-reset": str(int(resets_at.timestamp())),
        }
    except (LookupError, ValueError, TypeError):
        return {}
