"""The problems that an operation may answer, each with the reason."""

import json
from http import HTTPStatus
from typing import Any, Final

from receiver.problems import CONTENT_TYPE, problem
from receiver.submission import Mistake

REASONS: Final = {
    401: "The key is missing or wrong.",
    403: "The key may not write this service or environment.",
    408: "The body did not arrive in time.",
    413: "The body is larger than 64 KiB.",
    415: "The body was not sent as JSON.",
    422: "The request breaks the contract; errors lists all mistakes at once.",
    429: "The key's limit is used up, or too many wrong keys came from this address.",
    503: "Not available right now. Try again.",
}
IN_THE_BODY: Final = Mistake("/status", "must be 'in-progress', 'success' or 'failure'")
IN_THE_QUERY: Final = Mistake("", "service is given more than once")
RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "In how many seconds to send the same again.",
        "schema": {"type": "integer"},
    }
}
HEADERS: Final = {
    401: {
        "WWW-Authenticate": {
            "description": "The scheme: a key in `X-Api-Key`.",
            "schema": {"type": "string"},
        }
    },
    429: RETRY_AFTER,
    503: RETRY_AFTER,
}


def reasons(*codes: int) -> dict[str, str]:
    """Why an operation refuses, by status; `refusal` makes answers of these."""
    return {str(code): REASONS[code] for code in codes}


def refusal(path: str, code: int, reason: str, mistake: Mistake) -> dict[str, Any]:
    """The answer of an operation that refuses; the mistake is what a 422 may be about."""
    errors = [mistake] if code == HTTPStatus.UNPROCESSABLE_ENTITY else None
    example = problem(code, path, reason, errors=errors)
    return {
        "description": reason,
        "headers": HEADERS.get(code, {}),
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": json.loads(str(example.text)),
            }
        },
    }
