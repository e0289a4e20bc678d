"""Server-sent events as a browser would read them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import ClientPayloadError, ClientResponse

DEADLINE_SECONDS: Final = 40  # generous: it passes only when something is broken


@dataclass(frozen=True)
class Message:
    """One dispatched event."""

    id: int
    event: str
    data: Any


@asynccontextmanager
async def _cut_off_is_ended() -> AsyncIterator[None]:
    # A browser makes no difference either; a stream that replays is cut off by a stop.
    try:
        yield
    except ClientPayloadError:
        raise EOFError from None


class EventStream:
    """An open stream."""

    def __init__(self, response: ClientResponse) -> None:
        self.headers = response.headers
        self._content = response.content

    async def block(self) -> dict[str, str]:
        """The fields up to the next empty line; a comment has the name `""`.

        Raises:
            EOFError: The stream has ended.
        """
        fields: dict[str, str] = {}
        async with asyncio.timeout(DEADLINE_SECONDS), _cut_off_is_ended():
            while line := (await self._content.readline()).decode():
                if line == "\n":
                    return fields
                name, _, value = line.removesuffix("\n").partition(":")
                fields[name] = value.removeprefix(" ")
        raise EOFError

    async def message(self) -> Message:
        """The next event; comments and `retry` are passed over."""
        while "data" not in (fields := await self.block()):
            pass
        return Message(int(fields["id"]), fields["event"], json.loads(fields["data"]))

    async def ids(self, count: int) -> list[int]:
        """The ids of the next events."""
        return [(await self.message()).id for _ in range(count)]

    async def ended(self) -> bool:
        """Wait for the end; whether nothing more came before it."""
        try:
            await self.message()
        except EOFError:
            return True
        return False
