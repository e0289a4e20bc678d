"""A command as a person starts it in a terminal: its output is read, and Ctrl-C ends it."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.program import clean_environment

ROOT = Path(__file__).resolve().parent.parent.parent


class Command:
    """A running command; it leads a process group, as in a terminal."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        self.process = process
        self.errors = errors
        self.output = ""

    async def says(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Wait for a line on stdout that holds the pattern."""
        assert self.process.stdout
        async with asyncio.timeout(seconds):
            while line := (await self.process.stdout.readline()).decode():
                self.output += line
                if found := re.search(pattern, line):
                    return found
        raise AssertionError(f"ended without {pattern}: {self.output}{self.errors.read_text()}")

    async def ends(self, seconds: float = 60) -> int:
        """Wait for the end; the exit code."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    def press_ctrl_c(self) -> None:
        """What the terminal does: SIGINT to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)


@asynccontextmanager
async def started(
    *command: str, folder: Path, settings: Mapping[str, str]
) -> AsyncIterator[Command]:
    """Start a command in the project's root, with these settings and none of the developer's."""
    errors = folder / "stderr.txt"
    with errors.open("w") as file:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**clean_environment(), **settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield Command(process, errors)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def is_open(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
