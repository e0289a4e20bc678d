"""Recognising events in what the receiver holds of their deployment. Pure."""

from collections.abc import Sequence

from fetcher.deliver.receiver import Held, HeldEvent
from fetcher.outbox import Entry


def as_known(entry: Entry, held: Held) -> Entry:
    """The event under the name of the service in what the receiver holds of the deployment.

    After the state was lost, the service may get another name; the deployment must still be sent
    only once, and its end must go where its beginning went.
    """
    names = [event.service for event in held if event.environment == entry.environment]
    return entry.of(names[0]) if names and entry.service not in names else entry


def find(entry: Entry, held: Held) -> list[HeldEvent]:
    """The event among what the receiver holds of its deployment, by what makes its key.

    It is there more than once if somebody sent it twice, or if a status came back.
    """
    return [event for event in held if _is_same(entry, event)]


def is_twice(found: Sequence[HeldEvent]) -> bool:
    """Whether one event is there twice, as opposed to a status that came back."""
    return len({event.happened_at for event in found}) < len(found)


def _is_same(entry: Entry, event: HeldEvent) -> bool:
    return (
        entry.status == event.status
        and entry.service == event.service
        and entry.environment == event.environment
        and (not entry.again or entry.happened_at == event.happened_at)
    )
