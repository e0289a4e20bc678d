"""Events to send and to fold."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from receiver.event import Event, Status

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
REQUIRED: Final[dict[str, Any]] = {
    "deployment_id": "run-1",
    "service": "checkout",
    "environment": "prod",
    "status": "success",
    "happened_at": "2026-11-20T12:00:00Z",
}
EVERY_FIELD: Final[dict[str, Any]] = {
    **REQUIRED,
    "version": "sha256:" + "0" * 64,
    "run_url": "https://ci.example/runs/7?a=1&b=ä",
    "run_number": 7,
    "actor": "Zoë 🚀",
    "ref": "refs/heads/main",
    "sha": "c0ffee",
    "parent_deployments": ["run-0", "not yet seen"],
}


def submission(**fields: Any) -> dict[str, Any]:
    """A body with every required field; these fields win."""
    return {**REQUIRED, **fields}


def as_json(value: object) -> bytes:
    """The value as a client writes it; a lone surrogate is escaped."""
    return json.dumps(value).encode()


def event(event_id: int = 1, seconds: float = 0, status: Status = "success", **more: Any) -> Event:
    """A stored event that happened `seconds` after noon."""
    plain: dict[str, Any] = {
        "deployment_id": "run-1",
        "service": "checkout",
        "environment": "prod",
        "received_at": NOON,
    }
    return Event(
        id=event_id,
        status=status,
        happened_at=NOON + timedelta(seconds=seconds),
        **plain | more,
    )


def answered(stored: Event) -> Any:
    """The event as a reader gets it."""
    return json.loads(stored.json)


def submissions(services: tuple[str, ...] = ("a", "b")) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies that often fall into the same slot at the same instant."""
    instants = st.sampled_from(["00Z", "00.000001Z", "01Z", "02Z"])
    return st.fixed_dictionaries(
        {
            "deployment_id": st.sampled_from(["run-1", "run-2"]),
            "service": st.sampled_from(services),
            "environment": st.sampled_from(["dev", "prod"]),
            "status": st.sampled_from(["in-progress", "success", "failure"]),
            "happened_at": instants.map(lambda end: f"2026-11-20T12:00:{end}"),
        }
    )
