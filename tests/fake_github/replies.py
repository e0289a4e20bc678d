"""The shape of an answer: a document, a page of a list, or a refusal."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

Document = dict[str, Any]
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is encoded."""

    status: int
    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dated:
    """A document of which GitHub tells in a header when it changed last."""

    document: Document
    modified_at: datetime

    @property
    def headers(self) -> Mapping[str, str]:
        """The header."""
        return {"Last-Modified": format_datetime(self.modified_at.astimezone(UTC), usegmt=True)}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to page through, first to last; bare, or under `key` beside its total."""

    documents: Sequence[Callable[[], Document]]
    key: str | None = None


class RefusedError(Exception):
    """A request that gets GitHub's error document instead."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    @property
    def reply(self) -> Reply:
        """The refusal as an answer."""
        return Reply(self.status, error(self.status, str(self)), self.headers)


def error(status: int, message: str) -> Document:
    """The document of GitHub's errors."""
    address = "https://docs.github.com/rest"
    return {"message": message, "documentation_url": address, "status": str(status)}


def page(listing: Listing, query: Query, url: str) -> Reply:
    """One page of a list, with the Link header that leads to the others."""
    size, number = page_size(query), page_number(query)
    documents = listing.documents[(number - 1) * size : number * size]
    shown = [document() for document in documents]
    total = len(listing.documents)
    links = [
        f'<{url}?{urlencode({**query, "page": to})}>; rel="{way}"'
        for way, to in ways(number, math.ceil(total / size))
    ]
    document = {"total_count": total, listing.key: shown} if listing.key else shown
    return Reply(200, document, {"Link": ", ".join(links)} if links else {})


def ways(number: int, last: int) -> list[tuple[str, int]]:
    """Where one can go from a page: back, and on."""
    back = [("prev", number - 1)] if number > 1 else []
    on = [("next", number + 1), ("last", last)] if number < last else []
    return back + on + ([("first", 1)] if back else [])


def page_size(query: Query) -> int:
    """How many a page holds: 30 unless asked, never more than 100."""
    return min(max(int(query.get("per_page", "30")), 1), 100)


def page_number(query: Query) -> int:
    """Which page, from 1."""
    return max(int(query.get("page", "1")), 1)
