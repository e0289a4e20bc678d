"""What a client may send: one model that validates, documents and explains.

Every limit here is the HTTP contract's; /openapi.json is generated from the model.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from receiver.event import Status

CONTROL: Final = r"\x00-\x1f\x7f-\x9f"
NAME: Final = rf"^[^\s{CONTROL}]([^{CONTROL}]*[^\s{CONTROL}])?$"
TEXT: Final = r"^[^\x00]*$"
RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
PROGRESS_REPORTER: Final = r"^[a-z0-9./-]{1,128}$"
IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
LONGEST_INTEGER: Final = 21  # characters; every longer one is beyond 64 bits


class Mistake(NamedTuple):
    """One thing wrong with a request: where (RFC 6901; `""` for the whole) and what."""

    pointer: str
    message: str


class Invalid(Exception):
    """The request breaks the contract; `mistakes` lists everything at once."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(f"{len(mistakes)} mistakes")
        self.mistakes = mistakes

    @property
    def text(self) -> str:
        """All of it in one line, for where there is no problem+json."""
        return "; ".join(f"{pointer} {message}".strip() for pointer, message in self.mistakes)


def parse_time(value: object) -> datetime:
    """Read an RFC 3339 time with `Z` or an offset; what is finer than a microsecond is cut off.

    Raises:
        PydanticCustomError: It is not such a time, or its instant is outside the years 1 to 9999.
    """
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        raise PydanticCustomError(
            "rfc_3339", "must be an RFC 3339 time with Z or an offset, such as 2026-01-31T12:00:00Z"
        )
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("rfc_3339_range", "is a time that does not exist") from None


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def text(longest: int, description: str) -> Any:
    """The rule for an optional string of at most `longest` characters."""
    return Field(max_length=longest, pattern=TEXT, description=description)


Time = Annotated[
    datetime,
    BeforeValidator(parse_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=NAME)]
DeploymentId = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]


class Submission(BaseModel):
    """The body of `POST /api/deployments`.

    In an optional field null, `""` and, for the array, `[]` mean absent, because that is how a
    pipeline's unset variables arrive. `deployment_id`, `service` and `environment` have no control
    characters, and no space at either end. Any other field is an error.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    deployment_id: Annotated[
        Name,
        Field(
            max_length=200,
            description="Groups the events of one logical deployment; not a unique key.",
        ),
    ]
    service: Annotated[Name, Field(description="The row of the matrix.")]
    environment: Annotated[Name, Field(description="The column of the matrix.")]
    status: Annotated[Status, Field(description="The state that the deployment has changed to.")]
    happened_at: Annotated[
        Time,
        Field(description="When it did, by the sender's clock: RFC 3339 with `Z` or an offset."),
    ]
    version: Annotated[str | None, text(256, "What is deployed: a version, tag or digest.")] = None
    run_url: Annotated[
        str | None, text(2048, "The run in the CI/CD tool; shown as a link if it is http or https.")
    ] = None
    run_number: Annotated[
        int | None,
        Field(ge=-(2**63), le=2**63 - 1, description="The number of the run."),
        BeforeValidator(_none_if_empty),
    ] = None
    actor: Annotated[str | None, text(256, "Who started it.")] = None
    ref: Annotated[str | None, text(512, "The git ref, such as `refs/heads/main`.")] = None
    sha: Annotated[str | None, text(128, "The commit.")] = None
    parent_deployments: Annotated[
        list[DeploymentId] | None,
        Field(
            max_length=32,
            description="The `deployment_id`s of those that this deployment follows, known or not.",
        ),
        BeforeValidator(_none_if_empty),
    ] = None


Model = TypeVar("Model", bound=BaseModel)

_validate_json: Final[Callable[[bytes], Submission]] = TypeAdapter(
    Submission
).validator.validate_json


def parse(body: bytes) -> Submission:
    """Read the body of a POST.

    Raises:
        Invalid: It is not JSON in UTF-8, or breaks a rule of the model.
    """
    try:
        return _validate_json(body)
    except ValidationError:
        return explain(Submission, body)


def explain(model: type[Model], body: bytes) -> Model:
    """Read it as pydantic does, but in steps, to find every mistake in it.

    Pydantic's own reader of JSON stops at the first lone surrogate and names no field for it.

    Raises:
        Invalid: It is not JSON in UTF-8, or breaks a rule of the model.
    """
    return _validate(model, _load_object(body))


def _load_object(body: bytes) -> dict[str, Any]:
    try:
        value = _decoder.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise Invalid([Mistake("", f"must be JSON in UTF-8: {_reason(error)}")]) from None
    if not isinstance(value, dict):
        raise Invalid([Mistake("", "must be a JSON object")])
    return value


def _integer(digits: str) -> int:
    # Python refuses to read very long integers; cut, they are still out of every field's range.
    return int(digits[:LONGEST_INTEGER])


def _no_constant(constant: str) -> None:
    # RFC 8259 has no NaN and no Infinity; Python's parser would take them.
    raise ValueError(f"{constant} is not JSON")


_decoder = json.JSONDecoder(parse_int=_integer, parse_constant=_no_constant)


def _reason(error: Exception) -> str:
    """What is wrong with it, without quoting it: the body may hold anything."""
    match error:
        case json.JSONDecodeError(msg=message, lineno=line, colno=column):
            return f"{message.removesuffix(' at')} at line {line}, column {column}"
        case UnicodeDecodeError(start=start):
            return f"byte {start} is not UTF-8"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return str(error)


def _validate(model: type[Model], fields: dict[str, Any]) -> Model:
    names = model.model_fields.keys()
    unknown = sorted(fields.keys() - names)
    mistakes = [Mistake(_pointer(field), "is not a known field") for field in unknown]
    try:
        valid = model.model_validate({field: fields[field] for field in fields.keys() & names})
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise Invalid([*map(_mistake, details), *mistakes]) from None
    if mistakes:
        raise Invalid(mistakes)
    return valid


def _mistake(detail: ErrorDetails) -> Mistake:
    return Mistake(_pointer(*detail["loc"]), message_for(detail))


def _pointer(*parts: str | int) -> str:
    """An RFC 6901 pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


SENTENCES: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a known parameter",
    "string_type": "must be a string",
    "string_unicode": "must not contain a lone surrogate",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "literal_error": "must be {expected}",
    "int_type": "must be an integer",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be an array of strings",
    "too_long": "must have at most {max_length} entries",
}
PATTERNS: Final = {
    TEXT: "must not contain NUL",
    NAME: "must have no control character, and no space at either end",
    PROGRESS_REPORTER: "must be 1 to 128 characters of a-z 0-9 . / -",
}


def message_for(detail: ErrorDetails) -> str:
    """The sentence for one of pydantic's findings, in the words of the contract."""
    context = detail.get("ctx", {})
    if detail["type"] == "string_pattern_mismatch":
        return PATTERNS[context["pattern"]]
    sentence = SENTENCES.get(detail["type"])
    return detail["msg"] if sentence is None else sentence.format(**context)


_REPORTER: Final = re.compile(PROGRESS_REPORTER)


def check_headers(progress_reporter: str | None, idempotency_key: str | None) -> list[Mistake]:
    """The mistakes in the two optional headers of a POST."""
    mistakes = []
    if progress_reporter is not None and not _REPORTER.fullmatch(progress_reporter):
        mistakes.append(Mistake("", f"X-Progress-Reporter {PATTERNS[PROGRESS_REPORTER]}"))
    if idempotency_key is not None and not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        mistakes.append(
            Mistake("", "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces")
        )
    return mistakes
