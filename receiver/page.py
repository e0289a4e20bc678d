"""The browser's files, held in memory: the dashboard, the page of the API, their assets."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from aiohttp import ETag, web

STATIC: Final = Path(__file__).parent / "static"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# An asset's name contains its digest; a page is asked for again each time.
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"


@dataclass(frozen=True)
class File:
    """One file, ready to send."""

    body: bytes
    content_type: str
    etag: str
    cache_control: str

    @cached_property
    def compressed(self) -> bytes:
        """The body in gzip."""
        return gzip.compress(self.body, mtime=0)

    def answer(self, request: web.Request) -> web.Response:
        """The answer to a request for it."""
        headers = {**HEADERS, "Cache-Control": self.cache_control, "Vary": "Accept-Encoding"}
        response = web.Response(headers=headers)
        response.etag = ETag(self.etag, is_weak=True)  # the same whether compressed or not
        if self.etag in {tag.value for tag in request.if_none_match or ()}:
            response.set_status(304)
            return response
        response.content_type = self.content_type
        if accepts_gzip(request):
            response.headers["Content-Encoding"] = "gzip"
        response.body = self.compressed if accepts_gzip(request) else self.body
        return response


def accepts_gzip(request: web.Request) -> bool:
    """Whether the client said that it takes gzip (RFC 9110, 12.5.3)."""
    accepted: dict[str, bool] = {}
    for coding in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";")
        accepted[name] = not re.fullmatch(r"q=0(\.0*)?", weight)
    return accepted.get("gzip", accepted.get("*", False))


def load(folder: Path = STATIC) -> dict[str, File]:
    """The files of the built page by URL path; empty if it was not built."""
    return {
        f"/{path.relative_to(folder).as_posix()}": _file(path, folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _file(path: Path, folder: Path) -> File:
    body = path.read_bytes()
    return File(
        body=body,
        content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        etag=hashlib.sha256(body).hexdigest()[:16],
        cache_control=FOREVER if path.parent != folder else ASK_AGAIN,
    )
