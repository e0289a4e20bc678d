"""The query strings that the endpoints take: models that validate and document them."""

import base64
import binascii
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from receiver.event import OrderKey, Status
from receiver.filter import Filter
from receiver.schema import EPOCH, to_microseconds
from receiver.submission import Invalid, Mistake, Name, Time, message_for

LARGEST_PAGE: Final = 500


def _whole_number(value: object) -> object:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 6):  # noqa: PLR2004 - more digits than any limit
            raise PydanticCustomError("whole_number", "must be a whole number")
        return int(value)
    return value


def encode_cursor(key: OrderKey) -> str:
    """The place after an event in the one total order, as opaque text.

    Base64 of digits, dots and a minus never has a character that a URL would have to quote.
    """
    happened_at, finished, event_id = key
    text = f"{to_microseconds(happened_at)}.{finished:d}.{event_id}"
    return base64.b64encode(text.encode()).rstrip(b"=").decode()


def _decode_cursor(value: object) -> object:
    text = str(value)
    try:
        padded = text + "=" * (-len(text) % 4)
        text = base64.b64decode(padded, validate=True).decode("ascii")
        happened_at, finished, event_id = (int(part) for part in text.split("."))
        instant: datetime = EPOCH + timedelta(microseconds=happened_at)
    except (binascii.Error, ValueError, OverflowError):
        raise PydanticCustomError("cursor", "is not a cursor from this endpoint") from None
    if event_id.bit_length() > 63:  # noqa: PLR2004 - the databases' integers
        raise PydanticCustomError("cursor", "is not a cursor from this endpoint")
    return (instant.astimezone(UTC), bool(finished), event_id)


Cursor = Annotated[OrderKey, BeforeValidator(_decode_cursor, json_schema_input_type=str)]


class MatrixQuery(BaseModel):
    """`GET /api/matrix`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Annotated[Name | None, Field(description="Only the row of this service.")] = None
    at: Annotated[
        Time | None, Field(description="As it was at this time (RFC 3339), by `happened_at`.")
    ] = None


class StreamQuery(BaseModel):
    """`GET /api/events/stream`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Annotated[Name | None, Field(description="Only events of this service.")] = None
    environment: Annotated[Name | None, Field(description="Only events of this environment.")] = (
        None
    )
    last_event_id: Annotated[
        str | None,
        Field(
            description="First replay everything after this `id`: the matrix's `last_event_id`, or "
            "the last one you have read."
        ),
    ] = None

    @property
    def filter(self) -> Filter:
        """Which events are wanted."""
        return Filter(_only(self.service), _only(self.environment))


class ListQuery(BaseModel):
    """`GET /api/deployments`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Annotated[Name | None, Field(description="Only events of this service.")] = None
    environment: Annotated[Name | None, Field(description="Only events of this environment.")] = (
        None
    )
    status: Annotated[Status | None, Field(description="Only events with this status.")] = None
    deployment_id: Annotated[
        Name | None, Field(max_length=200, description="Only events of this deployment.")
    ] = None
    since: Annotated[
        Time | None,
        Field(description="Only events that happened at this time (RFC 3339) or later."),
    ] = None
    until: Annotated[
        Time | None, Field(description="Only events that happened before this time.")
    ] = None
    limit: Annotated[
        int,
        Field(ge=1, le=LARGEST_PAGE, description="The size of the page."),
        BeforeValidator(_whole_number),
    ] = 100
    cursor: Annotated[
        Cursor | None,
        Field(
            description="The `next_cursor` of the previous page. Keep the other parameters the "
            "same."
        ),
    ] = None

    @property
    def filter(self) -> Filter:
        """Which events are wanted."""
        return Filter(
            services=_only(self.service),
            environments=_only(self.environment),
            status=self.status,
            deployment_id=self.deployment_id,
            since=self.since,
            until=self.until,
        )


def _only(name: str | None) -> frozenset[str] | None:
    return None if name is None else frozenset({name})


Query = TypeVar("Query", bound=BaseModel)


def parse_query(model: type[Query], query_string: str) -> Query:
    """Read a query string, as it was sent.

    Raises:
        Invalid: A parameter is unknown, given twice, or has a bad value.
    """
    try:
        given = parse_qsl(query_string, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Invalid([Mistake("", "the query string must be in UTF-8")]) from None
    times = Counter(name for name, _ in given)
    twice = sorted(name for name in times if times[name] > 1)
    if twice:
        raise Invalid([Mistake("", f"{name} is given more than once") for name in twice])
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise Invalid(
            [Mistake("", f"{detail['loc'][0]} {message_for(detail)}") for detail in details]
        ) from None
