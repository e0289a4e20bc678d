"""The POSTs refused last, so that whoever misses something on the board can see why.

They are in memory: those of this receiver, since its start. They hold neither a key nor a body,
only what the refusal said, cut short where a sender chose its length.
"""

import json
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from receiver.clock import Clock
from receiver.event import encode_json

KEPT: Final = 100
MOST_ERRORS: Final = 20
LONGEST_TEXT: Final = 300


@dataclass(frozen=True)
class Rejection:
    """A refused post.

    Attributes:
        key_name: The name of its key; None if that was missing or wrong.
        errors: As in the problem that was answered; empty if it had none.
    """

    rejected_at: datetime
    key_name: str | None
    status: int
    detail: str
    errors: list[dict[str, str]]


class Rejections:
    """The last 100, newest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Rejection] = deque(maxlen=KEPT)

    def add(self, key_name: str | None, answer: bytes) -> None:
        """Keep what a post was answered: a problem as JSON."""
        problem = json.loads(answer)
        errors = [
            {name: _short(text) for name, text in error.items()}
            for error in problem.get("errors", [])[:MOST_ERRORS]
        ]
        detail = _short(problem["detail"])
        rejection = Rejection(self._clock(), key_name, problem["status"], detail, errors)
        self._kept.appendleft(rejection)

    @property
    def json(self) -> bytes:
        """All of them, as `GET /api/rejections` answers them."""
        return encode_json({"items": [_present(asdict(rejection)) for rejection in self._kept]})


def _short(text: str) -> str:
    # A pointer may name a field that is not valid Unicode.
    valid = text.encode(errors="replace").decode()
    return valid if len(valid) <= LONGEST_TEXT else valid[:LONGEST_TEXT] + "…"


def _present(rejection: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rejection.items() if value is not None}
