"""An event: one change of state of one deployment, as the log keeps it and readers get it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from pydantic_core import to_json

Status = Literal["in-progress", "success", "failure"]

OrderKey = tuple[datetime, bool, int]


@dataclass(frozen=True)
class Event:
    """A stored event. Times are aware and UTC; an absent optional field is None.

    Attributes:
        id: Position in the log; grows in commit order.
        finished: Whether the status is final (`success` or `failure`).
        received_at: When the receiver took it, by the receiver's clock.
        progress_reporter: Which program sent it, when it said so.
    """

    id: int
    deployment_id: str
    service: str
    environment: str
    status: Status
    finished: bool
    happened_at: datetime
    received_at: datetime
    version: str | None = None
    run_url: str | None = None
    run_number: int | None = None
    actor: str | None = None
    ref: str | None = None
    sha: str | None = None
    parent_deployments: tuple[str, ...] | None = None
    progress_reporter: str | None = None

    @property
    def order_key(self) -> OrderKey:
        """What the one total order compares: of two events the larger key is the later one."""
        return (self.happened_at, self.finished, self.id)

    def to_dict(self) -> dict[str, Any]:
        """The event as a reader sees it: what was sent, then what the receiver added."""
        fields: dict[str, Any] = {
            "id": self.id,
            "deployment_id": self.deployment_id,
            "service": self.service,
            "environment": self.environment,
            "status": self.status,
            "happened_at": format_time(self.happened_at),
            "version": self.version,
            "run_url": self.run_url,
            "run_number": self.run_number,
            "actor": self.actor,
            "ref": self.ref,
            "sha": self.sha,
            "parent_deployments": self.parent_deployments,
            "received_at": format_time(self.received_at),
            "progress_reporter": self.progress_reporter,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @cached_property
    def json(self) -> bytes:
        """`to_dict` as JSON in UTF-8; equal events give equal bytes."""
        return encode_json(self.to_dict())


def format_time(instant: datetime) -> str:
    """RFC 3339 with `Z` of a UTC time; six decimals when there is a fraction, else none."""
    return instant.isoformat().removesuffix("+00:00") + "Z"


def encode_json(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return to_json(value)
