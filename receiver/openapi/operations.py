"""What each endpoint takes and answers."""

from typing import Final

from pydantic import BaseModel

from receiver.openapi.refusals import IN_THE_BODY, IN_THE_QUERY, reasons, refusal
from receiver.openapi.schemas import ID, SETTINGS, Schema, present
from receiver.query import ListQuery, MatrixQuery, StreamQuery

TAGS: Final = {
    "deployments": "The log: append to it, read it, follow it.",
    "matrix": "What is where.",
    "operation": "For those who run the receiver. Only the rejections may require a key.",
    "session": "For browsers, if reading requires a key.",
    "pages": "The dashboard and what it needs. None of these requires a key.",
}
TEXT: Final[Schema] = {"schema": {"type": "string"}}
LOCATION: Final[Schema] = {"Location": {"description": "Where to read the event.", **TEXT}}
X_NAMES: Final[Schema] = {
    "X-Names": {
        "description": "Identifies the settings that rename or hide anything; absent without any. "
        "When it changes, read the matrix again.",
        **TEXT,
    }
}
ETAG: Final[Schema] = {"ETag": {"description": "For `If-None-Match`.", **TEXT}}
POST_HEADERS: Final[list[Schema]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes repeating safe: the same key and the same body within 24 hours get "
        "the first answer again, and no row is added. With another body it is 422.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    },
    {
        "name": "X-Progress-Reporter",
        "in": "header",
        "description": "The sending program.",
        "schema": {"type": "string", "pattern": "^[a-z0-9./-]{1,128}$"},
    },
]
IF_NONE_MATCH: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an earlier answer: `304` if nothing has changed since.",
    **TEXT,
}
LAST_EVENT_ID: Final[Schema] = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The same as `last_event_id`, over which it takes precedence. Browsers send it "
    "when they reconnect.",
    **TEXT,
}
STREAM: Final = """\
retry: 2000

id: 2
event: deployment
data: {"id":2,"deployment_id":"run-77","service":"checkout","environment":"prod", ... }

"""
ID_IN_PATH: Final[Schema] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The `id` of the event.",
    "schema": ID,
}
# The first for a receiver without read keys.
TO_READ: Final[list[Schema]] = [{}, {"key": []}, {"session": []}]


def paths() -> Schema:
    """The operations by path and method."""
    return {
        path: {
            method: {"tags": [tag], **operation, "responses": _responses(path, operation)}
            for method, operation in operations.items()
        }
        for tag, tagged in _tagged().items()
        for path, operations in tagged.items()
    }


def _responses(path: str, operation: Schema) -> Schema:
    """Its answers; of those that refuse, the operation has only the reason."""
    mistake = IN_THE_BODY if "requestBody" in operation else IN_THE_QUERY
    return {
        code: refusal(path, int(code), answer, mistake) if isinstance(answer, str) else answer
        for code, answer in operation["responses"].items()
    }


def _tagged() -> dict[str, dict[str, Schema]]:
    return {
        "deployments": {
            "/api/deployments": {"post": _post(), "get": _list()},
            "/api/deployments/{id}": {"get": _one()},
            "/api/events/stream": {"get": _stream()},
        },
        "matrix": {
            "/api/matrix": {"get": _matrix()},
            "/api/services": {"get": _names("Every service, by name", "checkout", "search")},
            "/api/environments": {
                "get": _names("Every environment, in promotion order", "dev", "staging", "prod")
            },
        },
        "operation": {
            "/healthz": {"get": _get("The process is alive", _one_string("status", "ok"))},
            "/readyz": {"get": _ready()},
            "/metrics": {"get": _text("For Prometheus", "text/plain")},
            "/api/rejections": {"get": _rejections()},
            "/api/version": {"get": _get("The running release", _one_string("version"))},
            "/openapi.json": {"get": _get("This document", {"type": "object"})},
        },
        "session": {"/api/session": {"post": _sign_in(), "delete": _sign_out()}},
        "pages": {
            "/": {"get": _page("The dashboard")},
            "/api/settings": {"get": _get("What the dashboard needs to know", SETTINGS)},
            "/api/docs": {"get": _page("This document as a page")},
        },
    }


def _post() -> Schema:
    stored = _content("Event", "It is on disk; this is the event as stored.")
    return {
        "summary": "Append an event to the log",
        "description": "After a lost answer, 408, 429 or 503, send the same again with the same "
        "`Idempotency-Key`; any other refusal would only be repeated.",
        "security": [{"key": []}],
        "parameters": POST_HEADERS,
        "requestBody": {"required": True, **_json("Submission")},
        "responses": {
            "201": stored | {"headers": LOCATION},
            **reasons(401, 403, 408, 413, 415, 422),
            "429": "The key's limit is used up.",
            "503": "The database can't store it right now, and nothing was acknowledged.",
        },
    }


def _list() -> Schema:
    operation = _read("A page of events, newest first", "Page", ListQuery)
    return operation | {
        "description": "Ordered by `happened_at`, then `in-progress` before finished, then by `id`."
        " With a cursor, pages neither skip nor repeat anything, even if events arrive in between."
    }


def _one() -> Schema:
    operation = _read("One event", "Event")
    operation["responses"]["404"] = "There is no event with this id."
    return operation | {"parameters": [ID_IN_PATH]}


def _matrix() -> Schema:
    operation = _read("What is where", "Matrix", MatrixQuery)
    operation["parameters"].append(IF_NONE_MATCH)
    _tag(operation, ETAG | X_NAMES)
    return operation | {
        "description": "The current event of each service in each environment: the last one by "
        "`happened_at`, then `in-progress` before finished, then by `id`."
    }


def _names(summary: str, *example: str) -> Schema:
    operation = _read(summary, "Names")
    operation["responses"]["200"]["content"]["application/json"]["example"] = {"items": example}
    return operation


def _stream() -> Schema:
    operation = _text("Events as they are stored", "text/event-stream")
    operation["responses"]["200"]["content"]["text/event-stream"]["example"] = STREAM
    operation["responses"]["200"]["headers"] = X_NAMES
    operation["responses"] |= reasons(401, 422, 429)
    return operation | {
        "description": "As server-sent events, each once, in the order of `id`. To get everything "
        "without gaps or duplicates, read the matrix, then the stream from its `last_event_id`. "
        "`event: resync` means that events are missing: read the matrix again.",
        "parameters": [*_parameters(StreamQuery), LAST_EVENT_ID],
        "security": TO_READ,
    }


def _ready() -> Schema:
    operation = _get("The receiver can store and read", _one_string("status", "ready"))
    operation["responses"]["503"] = "The database can't be used, or what is read is behind it."
    return operation


def _rejections() -> Schema:
    return _read("The posts refused last, newest first", "Rejections") | {
        "description": "Look here when something does not show up. Entries contain no keys and no "
        "bodies."
    }


def _sign_in() -> Schema:
    begun = {
        "description": "A session cookie, valid for `receiver.session_days`.",
        "headers": {"Set-Cookie": {"description": "The session.", **TEXT}},
    }
    refusals = reasons(429, 503) | {
        "401": "This is not a read key.",
        "404": "Reading requires no key.",
    }
    return {
        "summary": "Sign in with a read key",
        "security": [{"key": []}],
        "responses": {"204": begun, **refusals},
    }


def _sign_out() -> Schema:
    ended = {"description": "The browser forgets the cookie."}
    return {"summary": "Sign out", "responses": {"204": ended, **reasons(503)}}


def _read(summary: str, schema: str, query: type[BaseModel] | None = None) -> Schema:
    """A receiver with read keys answers this only to those who show a key or have a session."""
    operation = _get(summary, schema, query)
    operation["responses"] |= reasons(401, 429)
    return operation | {"security": TO_READ}


def _get(summary: str, schema: str | Schema, query: type[BaseModel] | None = None) -> Schema:
    codes = (422, 503) if query else (503,)
    return {
        "summary": summary,
        "parameters": _parameters(query) if query else [],
        "responses": {"200": _content(schema, summary + "."), **reasons(*codes)},
    }


def _text(summary: str, content_type: str) -> Schema:
    answer = {"description": summary + ".", "content": {content_type: TEXT.copy()}}
    return {"summary": summary, "responses": {"200": answer, **reasons(503)}}


def _page(summary: str) -> Schema:
    operation = _text(summary, "text/html")
    _tag(operation, ETAG)
    return operation


def _tag(operation: Schema, headers: Schema) -> None:
    """What has a tag is answered with 304 to those who have it already."""
    operation["responses"]["200"]["headers"] = headers
    operation["responses"]["304"] = {"description": "Nothing has changed.", "headers": headers}


def _parameters(query: type[BaseModel]) -> list[Schema]:
    properties = query.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description"),
            "schema": present(schema),
        }
        for name, schema in properties.items()
    ]


def _one_string(member: str, value: str | None = None) -> Schema:
    """An object with one member, a string, which may always be the same."""
    schema = {"type": "string"} if value is None else {"const": value}
    return {"type": "object", "required": [member], "properties": {member: schema}}


def _content(schema: str | Schema, description: str) -> Schema:
    return {"description": description, **_json(schema)}


def _json(schema: str | Schema) -> Schema:
    reference = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    return {"content": {"application/json": {"schema": reference}}}
