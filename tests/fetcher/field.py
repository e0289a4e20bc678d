"""A fetcher as a process, between a fake GitHub and a receiver that can fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fake_github import FakeGitHub
from tests.fetcher.receiver_double import ReceiverDouble
from tests.program import Program


@dataclass
class Field:
    """What a fetcher's process works between, and with what settings."""

    fake: FakeGitHub
    receiver: ReceiverDouble
    folder: Path
    settings: dict[str, str]

    @asynccontextmanager
    async def fetcher(self, *arguments: str) -> AsyncIterator[Program]:
        """A fetcher's process; killed at the end if it is still there."""
        program = Program("fetcher", *arguments, folder=self.folder, settings=self.settings)
        await asyncio.to_thread(program.start)
        try:
            yield program
        finally:
            await asyncio.to_thread(program.kill)

    async def end(self, *arguments: str) -> tuple[int, list[str]]:
        """The exit code and the output of a fetcher that ends by itself."""
        async with self.fetcher(*arguments) as program:
            return await asyncio.to_thread(program.wait), program.log

    def stored(self) -> int:
        """How many events the receiver has."""
        return len(self.receiver.rows)
