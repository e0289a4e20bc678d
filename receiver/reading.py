"""The log as readers see it: by the names of the settings, where they are others than the log's."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from receiver.event import Event, OrderKey
from receiver.filter import Filter
from receiver.matrix import Slot, SlotKey
from receiver.names import Names
from receiver.store import Store

# More names are not asked for one by one: databases bound the parameters of a statement.
MOST_NAMES: Final = 10_000
HEADER: Final = "X-Names"
LARGEST_STEP: Final = 8_000


class Reading:
    """What readers are answered from the log. Every method raises StoreUnavailable when it cannot.

    The database narrows down what is read, by stored names; what of it is shown, and as what, is
    decided here. So a page is whole whatever is hidden, and its cursor, which has no name in it,
    means the same under any names.

    Attributes:
        names: Those in effect.
    """

    def __init__(self, store: Store, names: Names) -> None:
        self.names = names
        self._store = store

    async def matrix(self, at: datetime) -> tuple[int, dict[SlotKey, Slot]]:
        """The newest event's id, and the slots of what happened until an instant, inclusive."""
        names = self.names
        position, stored = await self._store.matrix(at)
        # Thousands of slots: others go on meanwhile.
        return position, await asyncio.to_thread(names.slots, stored)

    async def get(self, event_id: int) -> Event | None:
        """One event, also one that is hidden: it is asked for by its own id; or None."""
        stored = await self._store.get(event_id)
        return stored and (self.names.event(stored) or stored)

    async def after(
        self, position: int, until: int, limit: int, only: Filter
    ) -> tuple[Sequence[Event], int]:
        """Events with a larger id than `position`, in id order, and up to which id these are all.

        At most `limit` events are read, none of them after `until`: an event may come meanwhile
        in a slot that is new, and has not been looked up.
        """
        names = self.names
        wanted = await self._stored(only, names)
        stored = [] if wanted is None else await self._store.after(position, limit, wanted, until)
        reached = stored[-1].id if len(stored) == limit else until
        return _shown(stored, only, names), reached

    async def page(self, only: Filter, before: OrderKey | None, limit: int) -> Sequence[Event]:
        """Events newest first by the one total order, after the one with key `before`."""
        names = self.names
        wanted = await self._stored(only, names)
        found: list[Event] = []
        step = limit
        while wanted is not None and len(found) < limit:
            stored = await self._store.page(wanted, before, step)
            found += _shown(stored, only, names)
            if len(stored) < step:
                break
            before = stored[-1].order_key
            step = min(2 * step, LARGEST_STEP)
        return found[:limit]

    async def _stored(self, only: Filter, names: Names) -> Filter | None:
        """What to read for these, by stored names: them and perhaps more; None for nothing."""
        if not names or (only.services is None and only.environments is None):
            return only
        if only.deployment_id is not None:
            return replace(only, services=None, environments=None)
        # Where no entry changes a service, its slots are found by the key of their table.
        unchanged = Filter(
            services=None if names.changes(0) else only.services,
            environments=None if names.changes(1) else only.environments,
        )
        listed = await self._store.slots(unchanged)
        slots = [stored for stored in listed if _is_of(stored, only, names)]
        if not slots:
            return None
        services, environments = (_few({slot[part] for slot in slots}) for part in (0, 1))
        return replace(
            only,
            services=only.services and services,
            environments=only.environments and environments,
        )


def _is_of(stored: SlotKey, only: Filter, names: Names) -> bool:
    shown = names.slot(stored)
    return shown is not None and only.has(*shown)


def _shown(stored: Sequence[Event], only: Filter, names: Names) -> Sequence[Event]:
    if not names:
        return stored
    if only.deployment_id is not None:  # as for an event that is asked for by its id
        shown: Sequence[Event] = [names.event(event) or event for event in stored]
    else:
        shown = names.events(stored)
    return [event for event in shown if only.matches(event)]


def tagged(names: str) -> dict[str, str]:
    """The header that tells a reader by which names it is answered, of their tag."""
    return {HEADER: names} if names else {}


def _few(names: set[str]) -> frozenset[str] | None:
    return frozenset(names) if len(names) <= MOST_NAMES else None
