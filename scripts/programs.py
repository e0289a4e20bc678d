"""Run this project's programs side by side: start, watch, and stop them together."""

import asyncio
import ctypes
import signal
import socket
import sys
from collections.abc import Awaitable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

ROOT: Final = Path(__file__).resolve().parent.parent
GRACE_SECONDS: Final = 1.5  # everything has to be over 2 s after Ctrl-C
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG: Final = 1  # prctl(2)
LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class StoppedError(Exception):
    """Someone asked for everything to stop."""


class EndedError(Exception):
    """A program ended that should not have."""


class Programs:
    """The programs that run now; leaving the context stops them.

    Each has a process group of its own, so that a Ctrl-C reaches this process alone and each
    program is told to stop once, by SIGTERM.
    """

    def __init__(self) -> None:
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            if process.returncode is None:
                process.terminate()
        waits = [asyncio.create_task(p.wait()) for p in self._running.values()]
        if waits and (await asyncio.wait(waits, timeout=GRACE_SECONDS))[1]:
            for process in self._running.values():
                if process.returncode is None:
                    process.kill()
            await asyncio.wait(waits)

    async def start(
        self,
        name: str,
        *arguments: str,
        environment: Mapping[str, str],
        folder: Path,
        log: IO[bytes] | None = None,
    ) -> None:
        """Start `python -m …` in a folder, with just this environment; logs here, or to a file."""
        self._running[name] = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=log,
            process_group=0,
            preexec_fn=_die_with_parent if LIBC else None,
        )

    async def meanwhile(self, work: Awaitable[object]) -> None:
        """Wait for the work, unless the programs end or are asked to stop before.

        Raises:
            StoppedError: By Ctrl-C or a signal.
            EndedError: Says which program ended, and how.
        """
        ends = {asyncio.ensure_future(p.wait()): name for name, p in self._running.items()}
        stop, done = asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(work)
        try:
            await asyncio.wait({done, stop, *ends}, return_when=asyncio.FIRST_COMPLETED)
            for ended, name in ends.items():
                if ended.done() and not stop.done():
                    raise EndedError(f"The {name} ended: {_ending(ended.result())}")
            if stop.done():
                raise StoppedError
            done.result()
        finally:
            for task in (done, stop, *ends):
                task.cancel()


def _die_with_parent() -> None:
    """Have Linux stop a program when this process is killed and can't do it any more.

    Runs between fork and exec, where nothing may be imported or locked.
    """
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


async def ready(host: str, port: int) -> None:
    """Wait until the receiver at this address says that it is ready."""
    while not await _is_ready(host, port):  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.05)


async def _is_ready(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status


def obstacle(host: str, port: int) -> str | None:
    """Why no server could be found listening there, None when one could."""
    if port == 0:
        return "a port has to be named here"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family):
            return None
    except OSError as error:
        return error.strerror
