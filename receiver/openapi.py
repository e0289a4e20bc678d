"""/openapi.json: the contract for machines, made from the models that validate."""

from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from receiver import __version__
from receiver.event import encode_json
from receiver.guard import COOKIE, HEADER
from receiver.query import ListQuery, MatrixQuery, StreamQuery
from receiver.submission import Submission

Schema = dict[str, Any]

ID: Final[Schema] = {"type": "integer", "minimum": 1, "description": "Grows in commit order."}
STORED_NAME: Final[Schema] = {
    "type": "string",
    "description": "What the log has, where the settings show another name.",
}
BY_NAMES: Final[Schema] = {
    "X-Names": {
        "description": "Tells the names of the settings from others; absent where there are none.",
        "schema": {"type": "string"},
    }
}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
NAMES: Final[Schema] = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"type": "string"}}},
}
PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "One entry for each mistake, all at once.",
            "items": {
                "type": "object",
                "required": ["pointer", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901; empty: the whole."},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
MATRIX: Final[Schema] = {
    "type": "object",
    "required": ["generated_at", "last_event_id", "environments", "rows"],
    "properties": {
        "generated_at": TIME,
        "last_event_id": {"type": "integer", "description": "Where a stream continues; 0: empty."},
        "environments": {
            "type": "array",
            "items": {"type": "string"},
            "description": "In promotion order.",
        },
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["service", "slots"],
                "properties": {
                    "service": {"type": "string"},
                    "slots": {
                        "type": "object",
                        "description": "By environment.",
                        "additionalProperties": {"$ref": "#/components/schemas/Slot"},
                    },
                },
            },
        },
    },
}
SLOT: Final[Schema] = {
    "type": "object",
    "required": ["current"],
    "properties": {
        "current": {"$ref": "#/components/schemas/Event"},
        "last_successful": {"$ref": "#/components/schemas/Event"},
        "prev_failed": {"const": True},
    },
}
PAGE: Final[Schema] = {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        "next_cursor": {"type": ["string", "null"]},
    },
}
REJECTIONS: Final[Schema] = {
    "type": "object",
    "description": "The last 100 of this receiver since its start.",
    "required": ["items"],
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["rejected_at", "status", "detail", "errors"],
                "properties": {
                    "rejected_at": TIME,
                    "key_name": {"type": "string", "description": "Of the key it came with."},
                    "status": {"type": "integer"},
                    "detail": PROBLEM["properties"]["detail"],
                    "errors": PROBLEM["properties"]["errors"],
                },
            },
        },
    },
}
POST_HEADERS: Final[list[Schema]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body within 24 hours get the first answer again.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    {
        "name": "X-Progress-Reporter",
        "in": "header",
        "description": "Which program sends it.",
        "schema": {"type": "string", "pattern": "^[a-z0-9./-]{1,128}$"},
    },
]
SECURITY_SCHEMES: Final[Schema] = {
    "key": {"type": "apiKey", "in": "header", "name": HEADER},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's, got by `POST /api/session`.",
    },
}
# The first for a receiver without read keys.
TO_READ: Final[list[Schema]] = [{}, {"key": []}, {"session": []}]


@cache
def document() -> bytes:
    """The OpenAPI 3.1 document as JSON."""
    return encode_json(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Deployment Dashboard",
                "version": __version__,
                "description": "Which version of which service is where.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "paths": _paths(),
            "components": {
                "schemas": _schemas(),
                "securitySchemes": SECURITY_SCHEMES,
            },
        }
    )


def _paths() -> Schema:
    return {
        path: {method: {"tags": [tag], **operation} for method, operation in operations.items()}
        for tag, paths in _tagged().items()
        for path, operations in paths.items()
    }


def _tagged() -> dict[str, dict[str, Schema]]:
    by_id = {
        **_read("One event", "Event", refusals=(404,)),
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": ID}],
    }
    return {
        "deployments": {
            "/api/deployments": {
                "post": _post(),
                "get": _read("A page of events, newest first", "Page", ListQuery),
            },
            "/api/deployments/{id}": {"get": by_id},
            "/api/events/stream": {"get": _stream()},
        },
        "matrix": {
            "/api/matrix": {"get": _matrix()},
            "/api/services": {"get": _read("Every service, by name", "Names")},
            "/api/environments": {"get": _read("Every environment, in promotion order", "Names")},
        },
        "operation": {
            "/healthz": {"get": _get("The process answers", {"type": "object"})},
            "/readyz": {"get": _get("Ready to take and answer", {"type": "object"})},
            "/metrics": {"get": _text("For Prometheus", "text/plain")},
            "/api/rejections": {"get": _read("The posts refused last, newest first", "Rejections")},
            "/api/version": {"get": _get("The running release", {"type": "object"})},
            "/openapi.json": {"get": _get("This document", {"type": "object"})},
        },
        "session": {"/api/session": {"post": _sign_in(), "delete": _sign_out()}},
        "pages": {
            "/": {"get": _text("The dashboard", "text/html")},
            "/api/settings": {
                "get": _get("The settings that the dashboard follows", {"type": "object"})
            },
            "/api/docs": {"get": _text("This document as a page", "text/html")},
        },
    }


def _post() -> Schema:
    stored = {
        **_content("Event", "The event is on disk."),
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
    return {
        "summary": "Append an event to the log",
        "security": [{"key": []}],
        "parameters": POST_HEADERS,
        "requestBody": {"required": True, **_json("Submission")},
        "responses": {"201": stored, **_problems(401, 403, 408, 413, 415, 422, 429, 503)},
    }


def _matrix() -> Schema:
    operation = _read("What is where", "Matrix", MatrixQuery)
    operation["responses"]["304"] = {"description": "Unchanged since the ETag given."}
    operation["responses"]["200"]["headers"] = BY_NAMES
    return operation


def _stream() -> Schema:
    resume = {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "As `last_event_id`, and before it.",
        "schema": {"type": "string"},
    }
    operation = _text("Events as they are stored, as server-sent events", "text/event-stream")
    operation["parameters"] = [*_parameters(StreamQuery), resume]
    operation["responses"] |= _problems(401, 422, 429)
    operation["responses"]["200"]["headers"] = BY_NAMES
    return operation | {"security": TO_READ}


def _sign_in() -> Schema:
    begun = {
        "description": "The cookie, for as long as `receiver.session_days` says.",
        "headers": {"Set-Cookie": {"schema": {"type": "string"}}},
    }
    return {
        "summary": "Get a session for a read key",
        "security": [{"key": []}],
        "responses": {"204": begun, **_problems(401, 404, 429, 503)},
    }


def _sign_out() -> Schema:
    ended = {"description": "The browser forgets its session."}
    return {"summary": "End a session", "responses": {"204": ended, **_problems(503)}}


def _read(
    summary: str,
    schema: str,
    query: type[BaseModel] | None = None,
    refusals: tuple[int, ...] = (),
) -> Schema:
    """What a receiver with read keys answers only to who shows one, or a session."""
    operation = _get(summary, schema, query, (*refusals, 401, 429))
    return operation | {"security": TO_READ}


def _get(
    summary: str,
    schema: str | Schema,
    query: type[BaseModel] | None = None,
    refusals: tuple[int, ...] = (),
) -> Schema:
    refusals += (422,) if query else ()
    return {
        "summary": summary,
        "parameters": _parameters(query) if query else [],
        "responses": {"200": _content(schema, summary + "."), **_problems(*refusals, 503)},
    }


def _text(summary: str, content_type: str) -> Schema:
    content = {content_type: {"schema": {"type": "string"}}}
    responses = {"200": {"description": summary + ".", "content": content}, **_problems(503)}
    return {"summary": summary, "responses": responses}


def _parameters(query: type[BaseModel]) -> list[Schema]:
    properties = query.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description"),
            "schema": _present(schema),
        }
        for name, schema in properties.items()
    ]


def _present(schema: Schema) -> Schema:
    """A parameter's schema without the null that stands for its absence."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    return kinds[0] if kinds else {key: schema[key] for key in schema if key != "title"}


def _problems(*codes: int) -> Schema:
    answer = {
        "description": "A problem.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    return {str(code): answer for code in codes}


def _content(schema: str | Schema, description: str) -> Schema:
    return {"description": description, **_json(schema)}


def _json(schema: str | Schema) -> Schema:
    reference = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    return {"content": {"application/json": {"schema": reference}}}


def _schemas() -> Schema:
    return {
        "Submission": Submission.model_json_schema(),
        "Event": _event(),
        "Slot": SLOT,
        "Matrix": MATRIX,
        "Page": PAGE,
        "Names": NAMES,
        "Problem": PROBLEM,
        "Rejections": REJECTIONS,
    }


def _event() -> Schema:
    """What was sent, absent fields left out, and what the receiver added."""
    sent = Submission.model_json_schema()
    properties = {name: _present(schema) for name, schema in sent["properties"].items()}
    reporter = {"type": "string", "description": "Which program sent it."}
    return {
        "type": "object",
        "required": ["id", *sent["required"], "received_at"],
        "properties": {
            "id": ID,
            **properties,
            "received_at": TIME,
            "progress_reporter": reporter,
            "stored_service": STORED_NAME,
            "stored_environment": STORED_NAME,
            "clock_skew": {
                "const": True,
                "description": "Dated more than 5 minutes ahead of its arrival.",
            },
        },
    }
