"""HTTP as bytes on a socket: for requests that a client library would refuse to send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, cast

from multidict import CIMultiDict

from tests.program import Answer
from tests.receiver.api import KEY

DEADLINE_SECONDS: Final = 40  # generous: it passes only when something is broken


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def read_nothing(self) -> None:
        """Be a reader too slow for anything."""
        # A transport of uvloop is no asyncio.Transport, which knows this method, by its class.
        cast("asyncio.Transport", self.writer.transport).pause_reading()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, CIMultiDict[str]]:
        """Read a status line and headers."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = (line.split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split(" ")[1]), CIMultiDict((name, value) for name, value in headers)

    async def answer(self) -> Answer:
        """Read an answer with Content-Length."""
        status, headers = await self.head()
        async with asyncio.timeout(DEADLINE_SECONDS):
            body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
        return Answer(status, headers, body)

    async def rest(self) -> bytes:
        """Everything until the server closes, be it while more of ours is under way."""
        received = bytearray()
        async with asyncio.timeout(DEADLINE_SECONDS):
            with suppress(ConnectionResetError):
                while data := await self.reader.read(1 << 16):
                    received += data
        return bytes(received)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """A connection to the receiver."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def post_head(*headers: str, key: bytes = KEY.encode()) -> bytes:
    """The head of a POST with a key."""
    lines = [
        b"POST /api/deployments HTTP/1.1",
        b"Host: receiver",
        b"X-Api-Key: " + key,
        b"Content-Type: application/json",
        *map(str.encode, headers),
        b"\r\n",
    ]
    return b"\r\n".join(lines)


async def exchange(port: int, request: bytes) -> Answer:
    """Send these bytes on a new connection and read one answer."""
    async with connected(port) as wire:
        await wire.send(request)
        return await wire.answer()
