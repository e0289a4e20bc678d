"""An event as one line of an exported log, and back. Pure."""

from collections.abc import Callable
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from receiver.batch import Append, stored_as
from receiver.event import Event, encode_json
from receiver.submission import (
    PROGRESS_REPORTER,
    TEXT,
    Invalid,
    Mistake,
    Submission,
    Time,
    explain,
)

LARGEST_ID: Final = 2**53 - 1  # JavaScript's largest exact integer
LONGEST_LINE: Final = 128 * 1024  # bytes; twice the largest POST


class Row(Submission):
    """What was sent, and what the receiver added to it."""

    id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    received_at: Time
    progress_reporter: Annotated[str | None, Field(pattern=PROGRESS_REPORTER)] = None
    sent_by: Annotated[str | None, Field(pattern=TEXT)] = None

    def event(self) -> Event:
        """The event in it."""
        append = Append(self, self.progress_reporter, sent_by=self.sent_by)
        return stored_as(append, self.id, self.received_at)


def encode(event: Event) -> bytes:
    """The line, with its newline: everything that is stored of the event."""
    line = event.fields
    if event.sent_by is not None:
        line = b'%b,"sent_by":%b}' % (line.removesuffix(b"}"), encode_json(event.sent_by))
    return line + b"\n"


def decode(line: bytes) -> Event:
    """The event of a line.

    Raises:
        Invalid: It is not one, or breaks a rule of the contract.
    """
    if len(line) > LONGEST_LINE:
        raise Invalid([Mistake("", f"must have at most {LONGEST_LINE} bytes")])
    try:
        return _validate_json(line).event()
    except ValidationError:
        return explain(Row, line).event()


_validate_json: Final[Callable[[bytes], Row]] = TypeAdapter(Row).validator.validate_json
