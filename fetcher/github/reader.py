"""Conditional reading: what GitHub says, asked for only where it may have changed.

An answer is kept with its ETag as a snapshot. A 304 gives the snapshot back, so nobody above can
tell the difference, and an ETag never stands for something that was not kept.
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from fetcher.github.answers import Answer, many, parse, parse_list
from fetcher.github.client import GitHub, Reply
from fetcher.github.errors import Garbled
from fetcher.github.server import ACCEPT

A = TypeVar("A", bound=Answer)
PAGE: Final = {"per_page": "100"}
MOST_PAGES: Final = 400  # GitHub itself ends near 40,000 items


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An answer that was given.

    Attributes:
        etag: The answer's; for a list, that of one of its pages.
        body: Its objects as JSON, as they were parsed.
        whole: Of a list: no page comes after this one.
    """

    etag: str
    body: bytes
    whole: bool


Lookup = Callable[[str], Awaitable[Snapshot | None]]


async def nothing_kept(_key: str) -> None:
    """For reading without a memory."""


class Reader:
    """One pass's view of GitHub.

    Attributes:
        fresh: The new snapshots, by key: to be kept together with what was made of them.
        redirected: Something has moved.
    """

    def __init__(self, github: GitHub, lookup: Lookup = nothing_kept) -> None:
        self.fresh: dict[str, Snapshot] = {}
        self._github = github
        self._lookup = lookup
        self.redirected = False
        self._moved: tuple[str, str] | None = None

    @property
    def repeats_are_free(self) -> bool:
        """Whether it costs nothing to be told that nothing has changed."""
        return not self._github.credential.is_anonymous

    def redirect(self, name: str, full_name: str | None) -> None:
        """Ask for what is in a repository under another name, if there is one."""
        self._moved = (f"/repos/{name}/", f"/repos/{full_name}/") if full_name else None

    async def _ask(self, path: str, asked: Mapping[str, str], etag: str | None = None) -> Reply:
        reply = await self._github.get(path, asked, etag)
        self.redirected |= reply.redirected
        return reply

    def _now(self, path: str) -> str:
        return path.replace(*self._moved, 1) if self._moved else path

    async def one(
        self,
        path: str,
        model: type[A],
        *,
        query: Mapping[str, str] | None = None,
        again: bool = True,
    ) -> A:
        """The object at a path; `again=False` is content with the last answer, if there is one.

        Raises:
            GitHubError: It was not given.
        """
        path, asked = self._now(path), query or {}
        key = self._key(path, asked, model)
        kept = await self._kept(key)
        if kept and (not again or key in self.fresh):
            return _restored(kept, model)[0]
        reply = await self._ask(path, asked, kept.etag if kept else None)
        if not reply.modified:
            return _restored(kept, model)[0]
        found = parse(model, reply.data)
        self._keep(key, reply, model, (found,), whole=True)
        return found

    async def all(
        self,
        path: str,
        model: type[A],
        *,
        field: str | None = None,
        query: Mapping[str, str] | None = None,
        reaches: Callable[[A], bool] | None = None,
        enough: Callable[[A], bool] | None = None,
    ) -> tuple[A, ...]:
        """The objects of a list, each once, page by page.

        Args:
            path: The list's.
            model: What its objects are.
            field: Where in the answer the list is; None if it is the answer.
            query: Beside the page.
            reaches: For a list with the newest first: this object is old enough, so no page after
                its own is asked for. A list read so is asked for conditionally by its first page,
                another one by each of its pages.
            enough: Of a list read to its end: where the last answer has such an object it is good
                enough, and nothing is asked.

        Raises:
            GitHubError: Some page was not given.
        """
        path, asked = self._now(path), {**PAGE, **(query or {})}
        if reaches:
            return await self._newest(path, model, field, asked, reaches)
        if enough and any(map(enough, before := await self._before(path, model, asked))):
            return before
        found: dict[int, A] = {}
        for page in range(1, MOST_PAGES + 1):
            items, more = await self._page(path, model, field, _paged(asked, page))
            new = {item.id: item for item in items if item.id not in found}
            found.update(new)
            if not (new and more):
                break
        return tuple(found.values())

    async def last(self, path: str, model: type[A]) -> tuple[A, ...]:
        """The objects of a list as they were last read, without asking; none if never."""
        return await self._before(self._now(path), model, PAGE)

    async def _before(self, path: str, model: type[A], asked: Mapping[str, str]) -> tuple[A, ...]:
        """The objects of all pages as they were when they were last read."""
        found: dict[int, A] = {}
        for page in range(1, MOST_PAGES + 1):
            kept = await self._kept(self._key(path, _paged(asked, page), model))
            if kept is None:
                break
            found |= {item.id: item for item in _restored(kept, model)}
            if kept.whole:
                break
        return tuple(found.values())

    async def _page(
        self, path: str, model: type[A], field: str | None, asked: Mapping[str, str]
    ) -> tuple[tuple[A, ...], bool]:
        """The objects of one page, and whether there may be another page."""
        key = self._key(path, asked, model)
        kept = await self._kept(key)
        reply = await self._ask(path, asked, kept.etag if kept else None)
        if not reply.modified:
            return _restored(kept, model), bool(kept and not kept.whole)
        items = parse_list(model, reply.data, field)
        # A full page stays unchanged, too, when the first page after it comes into being.
        more = reply.more or len(items) >= int(asked["per_page"])
        self._keep(key, reply, model, items, whole=not more)
        return items, more

    async def _newest(
        self,
        path: str,
        model: type[A],
        field: str | None,
        asked: Mapping[str, str],
        reaches: Callable[[A], bool],
    ) -> tuple[A, ...]:
        key = self._key(path, asked, model)
        kept = await self._kept(key)
        if kept and not kept.whole and not any(map(reaches, _restored(kept, model))):
            kept = None  # an unchanged first page would say nothing of the pages that are wanted
        first = reply = await self._ask(path, asked, kept.etag if kept else None)
        if not first.modified:
            return _restored(kept, model)
        items = shown = parse_list(model, first.data, field)
        found = {item.id: item for item in items}
        for page in range(2, MOST_PAGES + 1):
            if not reply.more or any(map(reaches, items)):
                break
            reply = await self._ask(path, _paged(asked, page))
            items = parse_list(model, reply.data, field)
            new = {item.id: item for item in items if item.id not in found}
            if not new:
                break
            found |= new
        # The ETag is the first page's: it does not tell whether the others change.
        self._keep(key, first, model, shown, whole=not first.more)
        return tuple(found.values())

    def _key(self, path: str, query: Mapping[str, str], model: type[Answer]) -> str:
        # What is seen depends on the credential, and GitHub's ETags on the token: of a token that
        # was renewed they match nothing, so it is asked anew and takes the old one's place.
        # A snapshot of a model as it was is not found.
        address = self._github.server.address(path, query)
        parts = (self._github.credential.fingerprint, ACCEPT, address, *model.model_fields)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    async def _kept(self, key: str) -> Snapshot | None:
        return self.fresh.get(key) or await self._lookup(key)

    def _keep(
        self, key: str, reply: Reply, model: type[A], found: tuple[A, ...], *, whole: bool
    ) -> None:
        if reply.etag:
            self.fresh[key] = Snapshot(reply.etag, many(model).dump_json(found), whole)


def _paged(asked: Mapping[str, str], page: int) -> Mapping[str, str]:
    return {**asked, "page": str(page)} if page > 1 else asked


def _restored(kept: Snapshot | None, model: type[A]) -> tuple[A, ...]:
    if kept is None:
        raise Garbled("GitHub answers 304 to an unconditional request")
    return many(model).validate_json(kept.body)
