"""The matrix as it is answered: JSON built once for each change, not for each request."""

import asyncio
import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from receiver.clock import Clock
from receiver.event import encode_json
from receiver.feed import Feed
from receiver.matrix import Slot, SlotKey, promotion_order
from receiver.reading import Reading


class Answer:
    """One state of the matrix, ready to send.

    Attributes:
        names: The tag of the names in effect.
    """

    def __init__(self, etag: str, names: str, body: bytes | bytearray) -> None:
        self.etag = etag
        self.names = names
        self.body = body
        self._packed: bytes | None = None
        self._packing = asyncio.Lock()

    async def compressed(self) -> bytes:
        """The body in gzip: made once, and megabytes of it while others go on."""
        async with self._packing:
            if self._packed is None:
                self._packed = await asyncio.to_thread(gzip.compress, self.body, 5, mtime=0)
            return self._packed


class Board:
    """What the feed knows, in the shapes that readers ask for."""

    def __init__(
        self,
        reading: Reading,
        feed: Feed,
        environment_order: Sequence[str],
        clock: Clock,
    ) -> None:
        self._reading = reading
        self._feed = feed
        self._order = environment_order
        self._clock = clock
        self._whole: tuple[tuple[int, str], Answer] | None = None

    def services(self) -> list[str]:
        """Every service, by name."""
        return _services(self._feed.slots)

    def environments(self) -> list[str]:
        """Every environment, in promotion order."""
        return self._ordered({name for _, name in self._feed.slots})

    async def matrix(self, service: str | None = None, at: datetime | None = None) -> Answer:
        """The matrix, or one service's row of it, with everything this receiver acknowledged.

        Args:
            service: Whose row.
            at: As of when; else as it is now, which is in memory.

        Raises:
            StoreUnavailable: The log could not be read in time.
        """
        services = None if service is None else [service]
        if at is not None:
            names = self._reading.names.tag
            position, slots = await self._reading.matrix(at)
            # Thousands of events that are encoded for this answer alone: others go on meanwhile.
            return await asyncio.to_thread(self._build, position, names, slots, services)
        position = await self._feed.caught_up()
        names = self._reading.names.tag
        if services is not None:
            return self._build(position, names, self._feed.slots, services)
        if self._whole is None or self._whole[0] != (position, names):
            self._whole = ((position, names), self._build(position, names, self._feed.slots))
        return self._whole[1]

    def _build(
        self,
        position: int,
        names: str,
        slots: Mapping[SlotKey, Slot],
        services: Sequence[str] | None = None,
    ) -> Answer:
        rows = _rows(slots, _services(slots) if services is None else services)
        environments = self._ordered({name for slots in rows.values() for name in slots})
        places = {name: place for place, name in enumerate(environments)}
        # Ten thousand slots are megabytes: kept in memory only once.
        body = bytearray(b'{"generated_at":%b,' % encode_json(self._clock()))
        begin = len(body)
        body += b'"last_event_id":%d,"environments":%b,"rows":[' % (
            position,
            encode_json(environments),
        )
        separator = b""
        for service, found in rows.items():
            body += separator + _row(service, found, places)
            separator = b","
        body += b"]}"
        # Of all but the time it was made at; another log's matrix has another tag.
        tag = hashlib.sha256(memoryview(body)[begin:]).hexdigest()[:24]
        return Answer(f'W/"{tag}"', names, body)

    def _ordered(self, environments: Iterable[str]) -> list[str]:
        return promotion_order(environments, self._order)


def _row(service: str, slots: Mapping[str, Slot], places: Mapping[str, int]) -> bytes:
    encoded = (
        b"%b:%b" % (encode_json(name), slots[name].json)
        for name in sorted(slots, key=places.__getitem__)
    )
    return b'{"service":%b,"slots":{%b}}' % (encode_json(service), b",".join(encoded))


def _services(slots: Iterable[SlotKey]) -> list[str]:
    return sorted({service for service, _ in slots})


def _rows(slots: Mapping[SlotKey, Slot], services: Iterable[str]) -> dict[str, dict[str, Slot]]:
    rows: dict[str, dict[str, Slot]] = {service: {} for service in services}
    for (service, environment), slot in slots.items():
        if service in rows:
            rows[service][environment] = slot
    return {service: found for service, found in rows.items() if found}
