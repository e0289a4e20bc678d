"""Errors as RFC 9457 problem+json: the one place that turns what went wrong into an answer."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from receiver.batch import KeyReused
from receiver.database import StoreUnavailable
from receiver.metrics import Metrics
from receiver.submission import Invalid, Mistake

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RETRY_AFTER_SECONDS: Final = 5
CONTENT_TYPE: Final = "application/problem+json"
DETAILS: Final = {
    HTTPStatus.UNAUTHORIZED: "The X-Api-Key header is missing or holds no key known here.",
    HTTPStatus.NOT_FOUND: "There is nothing here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Nothing here answers this method; Allow names what does.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is over 64 KiB.",
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
        "title": known.phrase,
        "status": known.value,
        "detail": detail or DETAILS.get(known, known.description or known.phrase),
        "instance": instance,
    }
    if errors is not None:
        body["errors"] = [mistake._asdict() for mistake in errors]
    # In ASCII: a pointer may name a field that is not valid Unicode.
    encoded = json.dumps(body).encode()
    return web.Response(status=status, body=encoded, content_type=CONTENT_TYPE, headers=headers)


def problem_middleware(metrics: Metrics) -> Middleware:
    """The middleware that answers, and counts, whatever a handler raises."""

    @web.middleware
    async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            answer = _of_http(request, error)
        except Invalid as error:
            answer = _of_invalid(request, error)
        except KeyReused:
            answer = _of_reused_key(request)
        except StoreUnavailable:
            answer = _of_unavailable_store(request)
        except Exception:  # a mistake of the receiver's own: the client still gets a problem
            log.exception("%s %s failed", request.method, request.rel_url.raw_path)
            answer = problem(HTTPStatus.INTERNAL_SERVER_ERROR, request.rel_url.raw_path)
        metrics.problems.labels(request.method, answer.status).inc()
        if request.method == "POST":
            log.info("refused a POST from %s: %d", request.remote, answer.status)
        return answer

    return answer_problems


def _of_http(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    kept = {
        name: error.headers[name] for name in ("Allow", "WWW-Authenticate") if name in error.headers
    }
    # A handler says why in `text`; aiohttp's own is "404: Not Found", which the title says.
    detail = error.text if error.text and not error.text.startswith(str(error.status)) else None
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = None
    return problem(error.status, request.rel_url.raw_path, detail, headers=kept)


def _of_invalid(request: web.Request, error: Invalid) -> web.Response:
    count = len(error.mistakes)
    detail = f"The request breaks the contract in {count} place{'s' if count > 1 else ''}."
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, request.rel_url.raw_path, detail, errors=error.mistakes
    )


def _of_reused_key(request: web.Request) -> web.Response:
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        request.rel_url.raw_path,
        "This Idempotency-Key came within the last 24 hours with another body.",
        errors=[Mistake("", "Idempotency-Key was used with another body")],
    )


def _of_unavailable_store(request: web.Request) -> web.Response:
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        request.rel_url.raw_path,
        "The database cannot do this now. Nothing was acknowledged; try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )
