"""A proxy without sticky sessions before several receivers: each connection goes to the next."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from typing import Final

from tests.receiver.waiting import eventually

CHUNK: Final = 65_536


class Balancer:
    """Passes bytes on, to whichever receiver takes the connection."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.port = 0
        self._ports = ports
        self._turns = cycle(range(len(ports)))
        self._open: set[asyncio.StreamWriter] = set()

    def is_busy(self) -> bool:
        """Whether a connection is open."""
        return bool(self._open)

    def cut(self) -> None:
        """Cut every connection, in the middle of whatever it is."""
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        try:
            behind, receiver = await self._connect()
        except ConnectionError:
            writer.transport.abort()
            return
        ends = {writer, receiver}
        self._open |= ends
        try:
            await asyncio.gather(_pass_on(reader, receiver), _pass_on(behind, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the next receiver that takes one."""
        first = next(self._turns)
        for port in (*self._ports[first:], *self._ports[:first]):
            with suppress(ConnectionError):
                return await asyncio.open_connection("127.0.0.1", port)
        raise ConnectionError("no receiver takes it")


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
    target.close()


@asynccontextmanager
async def balanced(ports: Sequence[int]) -> AsyncIterator[Balancer]:
    """A balancer before the receivers on these ports."""
    balancer = Balancer(ports)
    async with await asyncio.start_server(balancer.serve, "127.0.0.1", 0) as server:
        balancer.port = server.sockets[0].getsockname()[1]
        yield balancer
        server.close()
        balancer.cut()
        await eventually(lambda: not balancer.is_busy())
