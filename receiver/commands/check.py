"""`deployment-receiver check`: whether a database is whole, and holds a log of this release."""

import logging
import warnings
from collections.abc import AsyncIterator

from receiver.archive import Archive
from receiver.commands.findings import (
    CONTRACT,
    FILE,
    FINISHED,
    MATRIX,
    SLOTS,
    UNREADABLE,
    Findings,
)
from receiver.commands.progress import progress
from receiver.database import StoreUnavailable, open_for_reading
from receiver.event import Event
from receiver.matrix import Slot, SlotKey, fold
from receiver.ndjson import decode, encode
from receiver.plural import counted
from receiver.rows import UNREADABLE_VALUES
from receiver.store import Store
from receiver.submission import Invalid

log = logging.getLogger(__name__)


async def check_log(database_url: str) -> Findings:
    """Read all of it; a receiver may be running on it.

    Raises:
        StoreUnavailable: It cannot be read, or has another release's schema.
    """
    async with open_for_reading(database_url) as database:
        work = _Check(Archive(database), Store(database))
        log.info("checking the database")
        await work.file()
        if not work.findings:  # in a damaged file the rest would be guesswork
            await work.log()
        return work.findings


class _Check:
    def __init__(self, archive: Archive, store: Store) -> None:
        self.findings = Findings()
        self._archive = archive
        self._store = store

    async def file(self) -> None:
        for line in await self._archive.damage():
            self.findings.add(FILE, line)

    async def log(self) -> None:
        """Read every event, fold it, and compare what comes out with what is looked up."""
        listed = await self._store.slots()
        last_id, looked_up = await self._looked_up()
        folded: dict[SlotKey, Slot] = {}
        with progress("Reading") as shown, warnings.catch_warnings():
            # About values that an event cannot have; decode reports them in the contract's words.
            warnings.simplefilter("ignore")
            async for page in self._pages(last_id):
                for event in page:
                    fold(folded, event)
                    self._judge(event)
                shown.step(page[-1].id / last_id, counted(self.findings.events, "event"))
        self.findings.slots = len(folded)
        # New slots may come meanwhile: they are not in the first list, but they are in this one.
        for key in folded.keys() - await self._store.slots():
            self.findings.add(SLOTS, f"{_named(key)} is missing")
        for key in listed - folded.keys():
            self.findings.add(SLOTS, f"{_named(key)} has no event")
        for key in looked_up.keys() & folded.keys():
            if looked_up[key] != folded[key]:
                self.findings.add(MATRIX, f"{_named(key)} does not match its events")

    async def _looked_up(self) -> tuple[int, dict[SlotKey, Slot]]:
        try:
            return await self._store.matrix()
        except (StoreUnavailable, *UNREADABLE_VALUES) as error:
            self.findings.add(MATRIX, f"it cannot be looked up: {error}")
            return await self._store.last_id(), {}

    async def _pages(self, until: int) -> AsyncIterator[list[Event]]:
        after = 0
        while ids := await self._archive.ids(after, until):
            for event_id in await self._archive.misfiled(after, ids[-1]):
                self.findings.add(FINISHED, f"event {event_id}")
            try:
                page = await self._archive.page(after, ids[-1])
            except StoreUnavailable:
                page = [event async for event in self._readable(ids)]
            self.findings.events += len(ids)
            if page:
                yield page
            after = ids[-1]

    async def _readable(self, ids: list[int]) -> AsyncIterator[Event]:
        for event_id in ids:
            try:
                for event in await self._archive.page(event_id - 1, event_id):
                    yield event
            except StoreUnavailable as error:
                self.findings.add(UNREADABLE, f"event {event_id}: {error}")

    def _judge(self, event: Event) -> None:
        try:
            same = decode(encode(event)) == event
        except Invalid as error:
            self.findings.add(CONTRACT, f"event {event.id}: {error.text}")
        else:
            if not same:
                self.findings.add(CONTRACT, f"event {event.id}: an absent field is kept as empty")


def _named(key: SlotKey) -> str:
    service, environment = key
    return f"{service} in {environment}"
