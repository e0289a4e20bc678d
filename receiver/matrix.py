"""The matrix: what is where. A pure fold of events into slots, in any order to the same end."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from receiver.event import Event
from receiver.frozen import frozen

SlotKey = tuple[str, str]  # service, environment

# Stages in the order in which a version travels through them, each with its usual spellings.
STAGES: Final = (
    ("dev", "devel", "develop", "development"),
    ("test", "tst", "testing"),
    ("qa", "quality", "qualityassurance"),
    ("staging", "stage", "stg", "stag"),
    ("uat", "acc", "acceptance", "useracceptance", "useracceptancetest"),
    ("preprod", "preproduction", "pre", "ppd"),
    ("prod", "production", "prd", "live"),
)
RANK_OF_STAGE: Final = {name: rank for rank, names in enumerate(STAGES) for name in names}


@frozen(slots=True)
class Slot:
    """The latest events of one service in one environment, by the one total order.

    Each attribute is a maximum, so folding events in any order, or twice, gives the same slot.
    """

    current: Event
    last_success: Event | None = None
    last_finished: Event | None = None

    def with_event(self, event: Event) -> "Slot":
        """The slot after one more event, early or late."""
        success = event if event.status == "success" else None
        if event.order_key > self.current.order_key:  # and so later than the other two
            return Slot(
                current=event,
                last_success=success or self.last_success,
                last_finished=event if event.finished else self.last_finished,
            )
        return Slot(
            current=_later(self.current, event),
            last_success=_later_or_none(self.last_success, success),
            last_finished=_later_or_none(self.last_finished, event if event.finished else None),
        )

    @property
    def events(self) -> list[Event]:
        """What it is made of, each once."""
        maxima = (self.current, self.last_success, self.last_finished)
        return list({event.id: event for event in maxima if event is not None}.values())

    @property
    def prev_failed(self) -> bool:
        """Whether the deployment now in progress follows one that failed."""
        last = self.last_finished
        return not self.current.finished and last is not None and last.status == "failure"

    @property
    def json(self) -> bytes:
        """The slot as `GET /api/matrix` answers it."""
        members = [b'"current":' + self.current.json]
        if self.current.status != "success" and self.last_success is not None:
            members.append(b'"last_successful":' + self.last_success.json)
        if self.prev_failed:
            members.append(b'"prev_failed":true')
        return b"{%b}" % b",".join(members)


def slot_of(event: Event) -> Slot:
    """The slot that has seen this event only."""
    return Slot(
        current=event,
        last_success=event if event.status == "success" else None,
        last_finished=event if event.finished else None,
    )


def _later(one: Event, other: Event) -> Event:
    return other if other.order_key > one.order_key else one


def _later_or_none(one: Event | None, other: Event | None) -> Event | None:
    if one is None or other is None:
        return one or other
    return _later(one, other)


def reduce(events: Iterable[Event]) -> dict[SlotKey, Slot]:
    """The matrix of a whole log: the specification that memory and SQL are held to."""
    slots: dict[SlotKey, Slot] = {}
    for event in events:
        fold(slots, event)
    return slots


def fold(slots: dict[SlotKey, Slot], event: Event) -> None:
    """Take one more event into the matrix."""
    key = (event.service, event.environment)
    seen = slots.get(key)
    slots[key] = slot_of(event) if seen is None else seen.with_event(event)


def promotion_order(environments: Iterable[str], configured: Sequence[str] = ()) -> list[str]:
    """Environments from first to last: the configured, then known stages, then by name."""
    position = {name: index for index, name in enumerate(configured)}

    def key(name: str) -> tuple[int, int, str]:
        if name in position:
            return (0, position[name], name)
        stage = _stage(name)
        return (2, 0, name) if stage is None else (1, stage, name)

    return sorted(environments, key=key)


@cache
def _stage(environment: str) -> int | None:
    return RANK_OF_STAGE.get(re.sub(r"[\s_./-]", "", environment.lower()))
