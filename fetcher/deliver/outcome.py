"""What an answer of the receiver, or none, means for the event that was sent to it. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

REDIRECTS: Final = range(300, 400)
CLIENT_ERRORS: Final = range(400, 500)
LONGEST_QUOTE: Final = 500
LONGEST_RETRY_AFTER: Final = timedelta(minutes=10)
URL_SETTING: Final = "fetcher.receiver_url (FETCHER_RECEIVER_URL)"
KEY_SETTING: Final = "fetcher.api_key (FETCHER_API_KEY)"


@dataclass(frozen=True, slots=True)
class Stored:
    """The receiver has the event, at `location` if it said where."""

    location: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver takes no such event, now or later. Not stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """The receiver takes nothing at the moment. Not stored."""

    reason: str
    retry_after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Busy(Away):
    """It answers, and says so itself."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The receiver takes nothing until somebody corrects the settings. Not stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was sent; whether it was stored is not known."""

    reason: str


Outcome = Stored | Refused | Away | Blocked | Unknown


class Answer(NamedTuple):
    """An answer as it came; `body` is None if it broke off."""

    status: int
    location: str | None
    retry_after: str | None
    body: bytes | None


def judge(answer: Answer, now: datetime) -> Outcome:
    """What the answer to a POST means. The status alone decides: a body may be cut short."""
    match answer.status:
        case 201:
            return Stored(answer.location)
        case 400 | 413 | 422:
            return Refused(f"answered {_quoted(answer)}")
        case 429 | 503:
            return Busy(f"answered {_quoted(answer)}", parse_retry_after(answer.retry_after, now))
        case status if status in REDIRECTS or status in CLIENT_ERRORS:
            return Blocked(_what_to_mend(answer))
        case _:
            return Unknown(f"answered {_quoted(answer)}")


def _what_to_mend(answer: Answer) -> str:
    """For answers that every event would get, so that none is parked because of them."""
    if answer.status in (401, 403):
        return f"refuses the API key ({answer.status}): set {KEY_SETTING} to one of its keys"
    if answer.status in REDIRECTS:
        return (
            f"redirects to {answer.location} ({answer.status}), which is not followed because that"
            f" would leak the API key: set {URL_SETTING} to the address itself"
        )
    return f"does not answer as a receiver ({answer.status}): check {URL_SETTING}"


def _quoted(answer: Answer) -> str:
    text = " ".join((answer.body or b"").decode(errors="replace").split())
    printable = "".join(character for character in text if character.isprintable())
    return f"{answer.status} {printable[:LONGEST_QUOTE]}".rstrip()


def parse_retry_after(value: str | None, now: datetime) -> timedelta:
    """The wait that a Retry-After header asks for (RFC 9110, 10.2.3), within bounds; else none."""
    try:
        wait = _wait(value or "", now)
    except (ValueError, OverflowError):
        return timedelta()
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _wait(value: str, now: datetime) -> timedelta:
    if value.strip().isdecimal():
        return timedelta(seconds=int(value))
    date = parsedate_to_datetime(value)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
