"""A round of delivery: what became of each event, and the result of all of it."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from fetcher.outbox import Entry
from fetcher.progress import Step

log = logging.getLogger(__name__)

Result = Literal["delivered", "found", "parked"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result of one round.

    Attributes:
        delivered: Events that the receiver is now known to have.
        found: Those of them that it had already.
        parked: Events that the receiver refused for their content.
        left: How many events are still to be delivered, by owner.
        blocked: What somebody has to correct before anything is delivered, as a sentence.
        next_at: When the next round has something to do; None if nothing waits.
    """

    delivered: int
    found: int
    parked: int
    left: Mapping[str, int]
    blocked: str | None
    next_at: datetime | None

    @property
    def waiting(self) -> int:
        """How many events are still to be delivered, in all."""
        return sum(self.left.values())


class Settled(NamedTuple):
    """An event that no longer waits.

    Attributes:
        owner: The owner of its repository; empty where that is not known.
        result: How: by a POST, found at the receiver, or refused by it.
        twice: The receiver holds it more than once.
    """

    owner: str
    status: str
    happened_at: datetime
    result: Result
    twice: bool = False


@dataclass(slots=True)
class Round:
    """A round under way; the workers share what is left of its deployments.

    Attributes:
        parked: What the receiver refused, and what it answered.
        stopped: Nothing more is started, because the receiver failed.
    """

    deployments: Iterator[str]
    step: Step
    read: deque[tuple[str, list[Entry]]] = field(default_factory=deque)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    results: Counter[Result] = field(default_factory=Counter)
    parked: list[tuple[Entry, str]] = field(default_factory=list)
    stopped: bool = False

    def say_parked(self) -> None:
        """One line, however many there are: what is wrong is mostly the same."""
        if not self.parked:
            return
        entry, reason = self.parked[0]
        others, more = len(self.parked) - 1, ""
        if others:
            are = "is" if others == 1 else "are"
            more = f". {others:,} more {are} parked with it: see `deployment-fetcher check`"
        log.error(
            "The event %r of %s in %s (%s) is parked: the receiver %s%s",
            entry.status,
            entry.service,
            entry.environment,
            entry.deployment_id,
            reason,
            more,
        )
