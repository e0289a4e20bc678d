"""An event: one change of state of one deployment, as the log keeps it and readers get it."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter
from pydantic_core import to_json

from receiver.frozen import frozen

Status = Literal["in-progress", "success", "failure"]

OrderKey = tuple[datetime, bool, int]

CLOCK_SKEW: Final = timedelta(minutes=5)


@frozen()
class Event:
    """A stored event. Times are aware and UTC; an absent optional field is None.

    Attributes:
        id: Position in the log; grows in commit order.
        received_at: When the receiver took it, by the receiver's clock.
        progress_reporter: Which program sent it, when it said so.
        sent_by: The name of the API key that it came with: for operators, and not shown to readers.
        stored_service: What the log has, where readers are shown another service.
        stored_environment: Likewise.
    """

    id: int
    deployment_id: str
    service: str
    environment: str
    status: Status
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
    sent_by: Annotated[str | None, Field(exclude=True)] = None
    stored_service: str | None = None
    stored_environment: str | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is final (`success` or `failure`)."""
        return self.status != "in-progress"

    @property
    def order_key(self) -> OrderKey:
        """What the one total order compares: of two events the larger key is the later one."""
        return (self.happened_at, self.finished, self.id)

    @property
    def fields(self) -> bytes:
        """What is stored, and no more, as JSON in UTF-8: but for `sent_by`."""
        return _encoder.to_json(self, exclude_none=True)

    @cached_property
    def json(self) -> bytes:
        """The event as a reader gets it, in UTF-8: absent fields left out, times with `Z`.

        Equal events give equal bytes. One dated more than 5 minutes ahead of its arrival, which
        is its sender's clock gone wrong, is marked: it hides what happens until then.
        """
        if self.happened_at - self.received_at > CLOCK_SKEW:
            return self.fields[:-1] + b',"clock_skew":true}'
        return self.fields


_encoder = TypeAdapter(Event).serializer


def encode_json(value: object) -> bytes:
    """Compact JSON in UTF-8; a time as RFC 3339 with `Z`, six decimals when it has a fraction."""
    return to_json(value)
