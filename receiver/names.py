"""What readers are shown in place of the names in the log. Pure.

    [[receiver.names]]
    match = { environment = "pr-*" }
    show = { environment = "preview" }

    [[receiver.names]]
    match = { service = "legacy-*" }
    hide = true

The service and the environment of a slot are decided separately, each by the first matching entry
that has a say in it: by showing another name for it, or by hiding what it matches there.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from receiver.event import Event
from receiver.matrix import Slot, SlotKey, fold
from receiver.submission import Name

PARTS: Final = ("service", "environment")  # of a SlotKey


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Glob = Annotated[str, Field(min_length=1)]
Globs = Annotated[tuple[Glob, ...], BeforeValidator(_one_or_several), Field(min_length=1)]


class _OfASlot(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _is_of_something(self) -> "_OfASlot":
        if not self.model_fields_set:
            raise ValueError("must name service, environment or both")
        return self


class Match(_OfASlot):
    """Globs (`*`, `?`, `[ab]`) of stored names, one or several; what is left out matches all."""

    service: Globs = ("*",)
    environment: Globs = ("*",)

    def fits(self, slot: SlotKey) -> bool:
        """Whether the slot is one of these."""
        globs = (self.service, self.environment)
        return all(
            any(fnmatchcase(name, glob) for glob in several)
            for name, several in zip(slot, globs, strict=True)
        )


class Show(_OfASlot):
    """The names to show instead; empty for what is shown as it is stored."""

    service: Name = ""
    environment: Name = ""

    @property
    def names(self) -> SlotKey:
        """Both, as the parts of a slot."""
        return self.service, self.environment


class Entry(BaseModel):
    """One of `[[receiver.names]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: Match
    show: Show | None = None
    hide: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Entry":
        if self.hide == (self.show is not None):
            raise ValueError("must say what to `show` instead, or `hide = true`")
        return self

    def speaks_of(self, part: int) -> bool:
        """Whether it decides this part of the slots that it matches."""
        return PARTS[part] in (self.show or self.match).model_fields_set


class Names:
    """The entries, in their order. Without any, everything is shown as it is stored.

    Attributes:
        tag: Identifies these entries; empty without any.
    """

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._entries = entries
        self._shown: dict[SlotKey, SlotKey | None] = {}  # by stored slot, as far as asked for
        self._deciding: set[int] = set()
        self.tag = _digest(entries) if entries else ""

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    @property
    def idle(self) -> list[str]:
        """The entries that have decided nothing so far, each by its place and what it matches."""
        return [
            f"receiver.names[{place}] ({_words(entry.match)})"
            for place, entry in enumerate(self._entries, 1)
            if place not in self._deciding
        ]

    def changes(self, part: int) -> bool:
        """Whether an entry shows another name for this part of a slot."""
        return any(entry.show and entry.show.names[part] for entry in self._entries)

    def slot(self, stored: SlotKey) -> SlotKey | None:
        """Where the events of a stored slot are shown; None where they are hidden."""
        if stored not in self._shown:
            self._shown[stored] = self._place(stored)
        return self._shown[stored]

    def event(self, stored: Event) -> Event | None:
        """The event as it is shown; None where it is hidden."""
        if not self._entries:
            return stored
        shown = self.slot((stored.service, stored.environment))
        return None if shown is None else _renamed(stored, *shown)

    def events(self, stored: Sequence[Event]) -> Sequence[Event]:
        """Those that are shown, as they are."""
        if not self._entries:
            return stored
        return [shown for event in stored if (shown := self.event(event)) is not None]

    def slots(self, stored: dict[SlotKey, Slot]) -> dict[SlotKey, Slot]:
        """The matrix as it is shown: the fold of all events, each under its shown names.

        A slot is three maxima of its events, and the maxima of several slots together are among
        theirs.
        """
        if not self._entries:
            return stored
        folded: dict[SlotKey, Slot] = {}
        for slot in stored.values():
            for event in self.events(slot.events):
                fold(folded, event)
        return folded

    def _place(self, stored: SlotKey) -> SlotKey | None:
        service, environment = self._decide(0, stored), self._decide(1, stored)
        if service is None or environment is None:
            return None
        return service, environment

    def _decide(self, part: int, stored: SlotKey) -> str | None:
        for place, entry in enumerate(self._entries, 1):
            if entry.speaks_of(part) and entry.match.fits(stored):
                self._deciding.add(place)
                return entry.show.names[part] if entry.show else None
        return stored[part]


def _renamed(stored: Event, service: str, environment: str) -> Event:
    told: dict[str, str] = {}
    if service != stored.service:
        told |= {"service": service, "stored_service": stored.service}
    if environment != stored.environment:
        told |= {"environment": environment, "stored_environment": stored.environment}
    return replace(stored, **told) if told else stored  # type: ignore[arg-type] # all are texts


def _words(match: Match) -> str:
    given = match.model_dump(exclude_unset=True)
    return ", ".join(f"{part} {' or '.join(globs)}" for part, globs in given.items())


def _digest(entries: Iterable[Entry]) -> str:
    text = "\n".join(entry.model_dump_json() for entry in entries)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
