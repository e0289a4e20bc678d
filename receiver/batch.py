"""A batch: from accepted POSTs to the events of one transaction, and each POST's answer. Pure."""

from collections.abc import Mapping
from datetime import datetime

from receiver.event import Event
from receiver.frozen import frozen
from receiver.matrix import SlotKey
from receiver.submission import Submission

Keys = Mapping[str, tuple[bytes, Event]]  # by key: the body's digest and what was stored


class KeyReused(Exception):
    """An Idempotency-Key came again with another body."""


@frozen(slots=True)
class Append:
    """One accepted POST on its way into the log.

    Attributes:
        idempotency: The Idempotency-Key and the SHA-256 of the body, when the header was sent.
        sent_by: The name of the API key.
    """

    submission: Submission
    progress_reporter: str | None = None
    idempotency: tuple[str, bytes] | None = None
    sent_by: str | None = None


class Batch:
    """The events of one transaction, and the answer to each append."""

    def __init__(self, last_id: int, received_at: datetime, remembered: Keys) -> None:
        self.last_id = last_id
        self.received_at = received_at
        self.answers: list[Event | KeyReused] = []
        self.events: list[Event] = []
        self.keys: dict[str, tuple[bytes, Event]] = {}
        self._remembered = remembered

    @property
    def slots(self) -> set[SlotKey]:
        """The slots of its events."""
        return {(stored.service, stored.environment) for stored in self.events}

    @property
    def newest(self) -> int:
        """The largest id of its answers; 0 when there is none."""
        return max((a.id for a in self.answers if isinstance(a, Event)), default=0)

    def add(self, append: Append) -> None:
        """Answer it with the next event, or as its key was answered before."""
        self.answers.append(self._answer(append))

    def _answer(self, append: Append) -> Event | KeyReused:
        if append.idempotency is not None:
            key, digest = append.idempotency
            known = self._remembered.get(key) or self.keys.get(key)
            if known is not None:
                return known[1] if known[0] == digest else KeyReused()
        self.last_id += 1
        stored = stored_as(append, self.last_id, self.received_at)
        self.events.append(stored)
        if append.idempotency is not None:
            self.keys[key] = (digest, stored)
        return stored


def stored_as(append: Append, event_id: int, received_at: datetime) -> Event:
    """An append as an event of the log: an empty optional field is absent."""
    sent = append.submission
    parents = sent.parent_deployments
    return Event(
        id=event_id,
        deployment_id=sent.deployment_id,
        service=sent.service,
        environment=sent.environment,
        status=sent.status,
        happened_at=sent.happened_at,
        received_at=received_at,
        version=sent.version or None,
        run_url=sent.run_url or None,
        run_number=sent.run_number,
        actor=sent.actor or None,
        ref=sent.ref or None,
        sha=sent.sha or None,
        parent_deployments=tuple(parents) if parents else None,
        progress_reporter=append.progress_reporter,
        sent_by=append.sent_by,
    )
