"""The schemas of what is sent and answered, each with an example."""

from typing import Any, Final

from receiver.submission import Submission

Schema = dict[str, Any]

REQUIRED: Final[Schema] = {
    "deployment_id": "run-77",
    "service": "checkout",
    "environment": "prod",
    "status": "success",
    "happened_at": "2026-11-20T12:05:00Z",
}
OPTIONAL: Final[Schema] = {
    "version": "2.4.0",
    "run_url": "https://ci.example.com/runs/77",
    "run_number": 77,
    "actor": "sam",
    "ref": "refs/heads/main",
    "sha": "3f8a1c0d9e2b7465a8c1f0e3d2b4a69788c5e1f0",
    "parent_deployments": ["run-76"],
}
SENT: Final[Schema] = REQUIRED | OPTIONAL
STORED: Final[Schema] = {
    "id": 2,
    **REQUIRED,
    "received_at": "2026-11-20T12:05:01.283104Z",
    **OPTIONAL,
}

TIME: Final[Schema] = {"type": "string", "format": "date-time"}
ID: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "description": "Its place in the log; increases in the order in which events were stored.",
}
STORED_NAME: Final[Schema] = {
    "type": "string",
    "description": "The name in the log, if the settings show another.",
}
ERRORS: Final[Schema] = {
    "type": "array",
    "description": "Only with 422: one entry for each mistake, all at once.",
    "items": {
        "type": "object",
        "required": ["pointer", "message"],
        "properties": {
            "pointer": {
                "type": "string",
                "description": "Where (RFC 6901, such as `/run_number`); empty for the whole.",
            },
            "message": {"type": "string", "description": "What is wrong there."},
        },
    },
}
DETAIL: Final[Schema] = {"type": "string", "description": "A sentence that says what is wrong."}
PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "`about:blank`: the status says it all."},
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer", "description": "The status."},
        "detail": DETAIL,
        "instance": {"type": "string", "description": "The path of the request."},
        "errors": ERRORS,
    },
}
SLOT: Final[Schema] = {
    "type": "object",
    "description": "One service in one environment.",
    "required": ["current"],
    "properties": {
        "current": {"$ref": "#/components/schemas/Event"},
        "last_successful": {
            "$ref": "#/components/schemas/Event",
            "description": "Only if `current` is not a success: the last one, if there is any.",
        },
        "prev_failed": {
            "const": True,
            "description": "Only if `current` is in progress and the finished event before failed.",
        },
    },
}
MATRIX: Final[Schema] = {
    "type": "object",
    "required": ["generated_at", "last_event_id", "environments", "rows"],
    "properties": {
        "generated_at": TIME | {"description": "The time of this state."},
        "last_event_id": {
            "type": "integer",
            "description": "The newest event included; the stream continues from there. "
            "`0` for an empty log.",
        },
        "environments": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The columns, in promotion order.",
        },
        "rows": {
            "type": "array",
            "description": "Sorted by service.",
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
    "examples": [
        {
            "generated_at": "2026-11-20T12:05:01.283104Z",
            "last_event_id": 2,
            "environments": ["prod"],
            "rows": [{"service": "checkout", "slots": {"prod": {"current": STORED}}}],
        }
    ],
}
PAGE: Final[Schema] = {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        "next_cursor": {
            "type": ["string", "null"],
            "description": "The `cursor` of the next page; null on the last one.",
        },
    },
    "examples": [{"items": [STORED], "next_cursor": "MTc5NTE3NjMwMDAwMDAwMC4xLjI"}],
}
NAMES: Final[Schema] = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"type": "string"}}},
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
                    "key_name": {
                        "type": "string",
                        "description": "The name of its key, if that was a known one.",
                    },
                    "status": PROBLEM["properties"]["status"],
                    "detail": DETAIL,
                    "errors": ERRORS,
                },
            },
        },
    },
    "examples": [
        {
            "items": [
                {
                    "rejected_at": "2026-11-20T12:05:01.283104Z",
                    "key_name": "ci",
                    "status": 422,
                    "detail": "The request breaks the contract in 1 place.",
                    "errors": [{"pointer": "/environment", "message": "must not be empty"}],
                }
            ]
        }
    ],
}
SETTINGS: Final[Schema] = {
    "type": "object",
    "required": ["stalled_minutes", "read_protected", "stages"],
    "properties": {
        "stalled_minutes": {
            "type": "integer",
            "description": "After which a deployment in progress counts as stalled.",
        },
        "read_protected": {"type": "boolean", "description": "Whether reading requires a key."},
        "stages": {
            "type": "array",
            "description": "The common spellings of each stage, in promotion order.",
            "items": {"type": "array", "items": {"type": "string"}},
        },
    },
    "examples": [
        {
            "stalled_minutes": 60,
            "read_protected": False,
            "stages": [["test", "tst", "testing"], ["prod", "production", "prd", "live"]],
        }
    ],
}


def schemas() -> Schema:
    """All that have a name, by name."""
    return {
        "Submission": Submission.model_json_schema() | {"examples": [SENT]},
        "Event": _event(),
        "Slot": SLOT,
        "Matrix": MATRIX,
        "Page": PAGE,
        "Names": NAMES,
        "Problem": PROBLEM,
        "Rejections": REJECTIONS,
    }


def present(schema: Schema) -> Schema:
    """The schema of a field or parameter without the null that stands for its absence."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    return kinds[0] if kinds else {key: schema[key] for key in schema if key != "title"}


def _event() -> Schema:
    """What was sent, absent fields left out, and what the receiver added."""
    sent = Submission.model_json_schema()
    return {
        "type": "object",
        "required": ["id", *sent["required"], "received_at"],
        "properties": {
            "id": ID,
            **{
                name: present(schema) | {"description": schema["description"]}
                for name, schema in sent["properties"].items()
            },
            "received_at": TIME
            | {"description": "When the receiver stored it, by the receiver's clock."},
            "progress_reporter": {
                "type": "string",
                "description": "Which program sent it, if it said so.",
            },
            "stored_service": STORED_NAME,
            "stored_environment": STORED_NAME,
            "clock_skew": {
                "const": True,
                "description": "Only if it is dated more than 5 minutes after its arrival.",
            },
        },
        "examples": [STORED],
    }
