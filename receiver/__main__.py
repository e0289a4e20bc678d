"""The command line: `deployment-receiver`."""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import uvloop
from sqlalchemy import make_url

from receiver import __version__
from receiver.api import PARTS, Parts
from receiver.app import background, build, change_keys
from receiver.arguments import parse_arguments
from receiver.commands import COMMANDS, Failure
from receiver.config import BadSettings, Settings, load
from receiver.database import StoreUnavailable
from receiver.logs import log_to_stderr
from receiver.names import Names
from receiver.plural import counted
from receiver.server import serve
from receiver.systemd import keep_watch, notify

log = logging.getLogger("receiver")

GARBAGE_THRESHOLD: Final = 20_000  # objects; Python's own is 700
EX_CONFIG: Final = 78  # sysexits.h
EX_UNAVAILABLE: Final = 69
EX_SOFTWARE: Final = 70


def main() -> None:
    """Run the command line and exit with its code."""
    _replace_closed_streams()
    arguments = parse_arguments()
    log_to_stderr()
    command = COMMANDS.get(arguments.command, _run)
    try:
        sys.exit(command(arguments))
    except BadSettings as error:
        sys.stderr.writelines(f"deployment-receiver: {line}\n" for line in error.lines)
        sys.exit(EX_CONFIG)
    except Failure as error:
        sys.stderr.write(f"deployment-receiver: {error}\n")
        sys.exit(error.code)


def _replace_closed_streams() -> None:
    # Python has None for a standard stream that was closed (`>&-`), and the next file to be opened
    # gets its number. These fail when they are read or written, as the closed one would; what is
    # said to a closed standard error is lost.
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _allow_many_streams() -> None:
    # Each is an open file. A shell or a service often starts with a limit of 1024, far below the
    # one that it may raise it to.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _run(arguments: Namespace) -> int:
    settings = load(arguments.config)
    log_to_stderr(settings.log_format)
    _allow_many_streams()
    try:
        # A third more POSTs per second than with asyncio's own loop, in the same run.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run(settings, arguments.config))
    except (OSError, StoreUnavailable) as error:
        return _cannot_start(settings, error)


async def run(settings: Settings, config: Path | None) -> int:
    """Serve until told to stop; SIGHUP reads keys and names again, from the file they came from.

    Returns:
        The exit code.

    Raises:
        OSError: The address cannot be listened on.
        StoreUnavailable: The database cannot be opened.
    """
    loop = asyncio.get_running_loop()
    end: asyncio.Future[int] = loop.create_future()

    def stop(code: int) -> None:
        if not end.done():
            end.set_result(code)

    # Starting may mean a long wait for the database, and leaves nothing to undo. The signals'
    # default action would not do: it does not end the first process of a container.
    _on_stops(loop, os._exit)
    app = build(settings, failed=lambda: stop(EX_SOFTWARE))
    async with serve(app, settings.host, settings.port) as port:
        # What start-up has made lives as long as the process: the collector need not scan it again.
        gc.freeze()
        # Requests leave no cycles behind, so looking for some often would find nothing.
        gc.set_threshold(GARBAGE_THRESHOLD)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{port}"
        _on_stops(loop, stop)
        loop.add_signal_handler(signal.SIGHUP, _reload, app[PARTS], config)
        log.info("receiver %s on %s, %s", __version__, url, _facts(settings, app[PARTS]))
        notify("READY=1")
        async with background(lambda: stop(EX_SOFTWARE), keep_watch(url)):
            code = await end
        notify("STOPPING=1")
        log.info("stopping")
    log.info("stopped")
    return code


def _on_stops(loop: asyncio.AbstractEventLoop, act: Callable[[int], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, act, 0)


def _facts(settings: Settings, parts: Parts) -> str:
    """What an operator wants to be sure of, in a line; keys by name."""
    database = make_url(settings.database_url).render_as_string(hide_password=True)
    kept = counted(settings.retention_days, "day") if settings.retention_days else "forever"
    return (
        f"log in {database} up to event {parts.feed.position}, kept {kept}; "
        f"keys: {_names(settings.keys)}; read keys: {_reading(settings)}"
    )


def _reading(settings: Settings) -> str:
    return _names(settings.reading_keys) or "none, anyone can read"


def _names(keys: Iterable[str]) -> str:
    return ", ".join(sorted(keys))


def _reload(parts: Parts, config: Path | None) -> None:
    try:
        settings = load(config)
    except BadSettings as error:
        for line in error.lines:
            log.error("keys and names were not reloaded: %s", line)
        return
    parts.feed.show_by(Names(settings.names))
    change_keys(parts.guard, settings)
    if parts.guard.protects_reading:
        parts.streams.end()  # whoever may still read reconnects at once
    log.info("the keys are now: %s", _names(settings.keys))
    log.info("the read keys are now: %s", _reading(settings))


def _cannot_start(settings: Settings, error: Exception) -> int:
    if isinstance(error, OSError):
        where = f"{settings.host}:{settings.port}"
        number = error.errno or 0  # a negative one is the resolver's, which has its own messages
        reason = os.strerror(number) if number > 0 else str(error.strerror)
    else:
        where = make_url(settings.database_url).render_as_string(hide_password=True)
        reason = str(error)
    sys.stderr.write(f"deployment-receiver: {where}: {reason}\n")
    return EX_UNAVAILABLE


if __name__ == "__main__":
    main()
