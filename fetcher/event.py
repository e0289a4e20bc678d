"""An event: one change of state of one deployment, as it is told to the receiver."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

Status = Literal["in-progress", "success", "failure"]

# The HTTP contract's limits, in characters.
LONGEST_NAME: Final = 255
LONGEST_VERSION: Final = 256
LONGEST_RUN_URL: Final = 2048
LONGEST_ACTOR: Final = 256
LONGEST_REF: Final = 512
LONGEST_SHA: Final = 128
LONGEST_DEPLOYMENT_ID: Final = 200
MOST_PARENTS: Final = 32
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
NUL_OR_SURROGATE: Final = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is POSTed; None or () is absent.

    Attributes:
        happened_at: Aware; sent in whole seconds, as GitHub's times are.
        again: The deployment had this status before, left it and came back to it.
    """

    deployment_id: str
    service: str
    environment: str
    status: Status
    happened_at: datetime
    version: str | None = None
    run_url: str | None = None
    run_number: int | None = None
    actor: str | None = None
    ref: str | None = None
    sha: str | None = None
    parent_deployments: tuple[str, ...] = ()
    again: bool = False

    @property
    def key(self) -> str:
        """The event's identity in 64 hex digits: the outbox's key and the Idempotency-Key.

        The time is not part of it: a deployment has one event for each status, however often
        GitHub reports it. Only events that come `again` are told apart by their time.
        """
        names = (self.deployment_id, self.status, self.service, self.environment)
        return make_key(*names, self.happened_at if self.again else None)

    def fitted(self) -> "Event":
        """The event within the contract's limits, so that a long ref is no reason to refuse it.

        Names lose control characters and the space at their ends, and are cut, as are `version`,
        `actor` and `ref`. What is worthless in part is left out when it does not fit: a
        `run_url`, a `sha`, a `run_number`, a parent; so are parents beyond the contract's number.
        The deployment id stays as it is, because the receiver is asked by it.
        """
        return replace(
            self,
            service=_name(self.service),
            environment=_name(self.environment),
            happened_at=self.happened_at.astimezone(UTC).replace(microsecond=0),
            version=_cut(self.version, LONGEST_VERSION),
            run_url=_whole(self.run_url, LONGEST_RUN_URL),
            run_number=_integer(self.run_number),
            actor=_cut(self.actor, LONGEST_ACTOR),
            ref=_cut(self.ref, LONGEST_REF),
            sha=_whole(self.sha, LONGEST_SHA),
            parent_deployments=_parents(self.parent_deployments),
        )

    def body(self) -> bytes:
        """The JSON of the POST, of the event as `fitted`; equal events give equal bytes."""
        event = self.fitted()
        fields = {
            "deployment_id": event.deployment_id,
            "service": event.service,
            "environment": event.environment,
            "status": event.status,
            "happened_at": format_time(event.happened_at),
            "version": event.version,
            "run_url": event.run_url,
            "run_number": event.run_number,
            "actor": event.actor,
            "ref": event.ref,
            "sha": event.sha,
            "parent_deployments": list(event.parent_deployments) or None,
        }
        told = {name: value for name, value in fields.items() if value is not None}
        return _encoded(told)


def make_key(
    deployment_id: str, status: str, service: str, environment: str, again_at: datetime | None
) -> str:
    """The key of the event with these parts."""
    parts = [deployment_id, status, service, environment]
    if again_at is not None:
        parts.append(format_time(again_at))
    # No name holds a NUL, so different parts never join to the same text.
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()


def renamed(body: bytes, service: str) -> bytes:
    """The same JSON with the service by another name."""
    return _encoded(json.loads(body) | {"service": service})


def format_time(instant: datetime) -> str:
    """RFC 3339 in UTC to the second: 2026-01-31T12:00:00Z."""
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="seconds") + "Z"


def _encoded(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _name(name: str) -> str:
    return CONTROL.sub(" ", _text(name)).strip()[:LONGEST_NAME].strip()


def _text(value: str) -> str:
    return NUL_OR_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)


def _cut(value: str | None, longest: int) -> str | None:
    return _text(value)[:longest] or None if value else None


def _whole(value: str | None, longest: int) -> str | None:
    text = _text(value or "")
    return text if 0 < len(text) <= longest else None


def _integer(value: int | None) -> int | None:
    return value if value is not None and -(2**63) <= value < 2**63 else None


def _parents(ids: tuple[str, ...]) -> tuple[str, ...]:
    fitting = (parent for parent in ids if _whole(parent, LONGEST_DEPLOYMENT_ID) == parent)
    return tuple(fitting)[:MOST_PARENTS]
