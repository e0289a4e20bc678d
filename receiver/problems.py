"""Errors as RFC 9457 problem+json: the one place that turns what was raised into an answer."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from receiver.batch import KeyReused
from receiver.database import StoreUnavailable
from receiver.plural import counted
from receiver.submission import Invalid, Mistake

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS: Final = 5
CONTENT_TYPE: Final = "application/problem+json"
KEPT_HEADERS: Final = ("Allow", "Retry-After", "WWW-Authenticate")
# As RFC 9110 has them; Python before 3.13 knows older ones.
TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}
DETAILS: Final = {
    HTTPStatus.UNAUTHORIZED: "The X-Api-Key header is missing, or its key is not known here.",
    HTTPStatus.NOT_FOUND: "There is nothing here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This method is not allowed here; Allow lists those that are.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 64 KiB.",
    HTTPStatus.EXPECTATION_FAILED: "The expectation in the Expect header cannot be met.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The receiver failed. Its log says more.",
}


def problem(
    status: int,
    instance: str,
    detail: str | None = None,
    *,
    errors: list[Mistake] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A problem answer; `instance` is the path of the request."""
    known = HTTPStatus(status)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(known, known.phrase),
        "status": known.value,
        "detail": detail or DETAILS.get(known, known.description or known.phrase),
        "instance": instance,
    }
    if errors is not None:
        body["errors"] = [mistake._asdict() for mistake in errors]
    # In ASCII: a pointer may name a field that is not valid Unicode.
    encoded = json.dumps(body).encode()
    return web.Response(status=status, body=encoded, content_type=CONTENT_TYPE, headers=headers)


def answer_to(request: web.BaseRequest, error: BaseException | None) -> web.Response:
    """The answer to a request whose handler raised `error`."""
    match error:
        case web.HTTPException():
            return _of_http(request, error)
        case Invalid():
            return _of_invalid(request, error)
        case KeyReused():
            return _of_reused_key(request)
        case StoreUnavailable():
            return _of_unavailable_store(request)
        case _:  # a bug: the client still gets a problem
            path = request.rel_url.raw_path
            log.error("%s %s failed", request.method, path, exc_info=error)
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, path)


def _of_http(request: web.BaseRequest, error: web.HTTPException) -> web.Response:
    kept = {name: error.headers[name] for name in KEPT_HEADERS if name in error.headers}
    # A handler says why in `text`; aiohttp's own is "404: Not Found", which the title says.
    detail = error.text if error.text and not error.text.startswith(str(error.status)) else None
    if error.status in (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.EXPECTATION_FAILED):
        detail = None
    return problem(error.status, request.rel_url.raw_path, detail, headers=kept)


def _of_invalid(request: web.BaseRequest, error: Invalid) -> web.Response:
    detail = f"The request breaks the contract in {counted(len(error.mistakes), 'place')}."
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, request.rel_url.raw_path, detail, errors=error.mistakes
    )


def _of_reused_key(request: web.BaseRequest) -> web.Response:
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        request.rel_url.raw_path,
        "This Idempotency-Key was used with another body within the last 24 hours.",
        errors=[Mistake("", "Idempotency-Key was used with another body")],
    )


def _of_unavailable_store(request: web.BaseRequest) -> web.Response:
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        request.rel_url.raw_path,
        "The database is not available right now. Nothing was acknowledged; try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
