"""The commands: `deployment-fetcher run`, `once`, `resync`, `plan` and `check`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final

from fetcher.access import open_githubs
from fetcher.arguments import build_parser
from fetcher.check import findings
from fetcher.check.everything import check
from fetcher.clock import system_clock
from fetcher.config import Mistakes, Settings, load
from fetcher.daemon import Daemon, open_work
from fetcher.deliver.delivery import SHORTEST_WAIT_TO_LOOK
from fetcher.explain import table
from fetcher.explain.repositories import Asking, explain_selected
from fetcher.logs import Discreet, DiscreetJson
from fetcher.monitoring.listener import ListenError, listening
from fetcher.monitoring.systemd import keep_watch, notify
from fetcher.monitoring.vitals import Vitals
from fetcher.once import TRY_LATER, once
from fetcher.progress import AboveTheBar, Progress
from fetcher.resync import resync
from fetcher.selection import select
from fetcher.state import StateError, StateInUse, StateLost, StateRemoved
from fetcher.work import Work

log = logging.getLogger("fetcher")

Command = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]

CONFIG_ERROR: Final = 78  # EX_CONFIG
FAILED: Final = 1


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.stderr is None:  # closed, as by `2>&-`: what is said to it is lost
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    arguments = build_parser().parse_args()
    try:
        settings = load(getattr(arguments, "config", None))
        _require(settings, arguments)
    except Mistakes as mistakes:
        for line in mistakes.lines:
            print(line, file=sys.stderr)  # noqa: T201 - to whoever starts it, before there is a log
        sys.exit(CONFIG_ERROR)
    formatter = {"text": Discreet, "json": DiscreetJson}[settings.log_format](settings.secrets())
    draws = sys.stderr.isatty() and settings.log_format == "text"
    arguments.progress = Progress(sys.stderr if draws else None)
    _log_to_stderr(formatter, arguments.progress)
    sys.exit(asyncio.run(_until_signalled(settings, arguments)))


def _log_to_stderr(formatter: logging.Formatter, progress: Progress) -> None:
    handler = AboveTheBar(progress)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for library in ("alembic", "apscheduler"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _require(settings: Settings, arguments: argparse.Namespace) -> None:
    mistakes = []
    if not settings.repositories:
        mistakes.append(
            "fetcher.repositories (FETCHER_REPOSITORIES): name at least one repository, owner/name"
        )
    if settings.api_key is None and arguments.command != "plan":
        mistakes.append("fetcher.api_key (FETCHER_API_KEY): set it to one of the receiver's keys")
    if mistakes:
        raise Mistakes(mistakes)


async def _until_signalled(settings: Settings, arguments: argparse.Namespace) -> int:
    """The command's exit code, also when a signal ends it: for `run` that is how it should end."""
    task = asyncio.create_task(COMMANDS[arguments.command](settings, arguments))
    signals: list[int] = []

    def stop(number: int) -> None:
        signals.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        return int(await task)
    except asyncio.CancelledError:
        return 0 if arguments.command == "run" else 128 + signals[0]


async def _run(settings: Settings, _arguments: argparse.Namespace) -> int:
    vitals = Vitals(system_clock, timedelta(seconds=settings.poll_seconds))
    try:
        async with listening(settings.listen, vitals):
            watch = asyncio.create_task(keep_watch(vitals.hangs))
            try:
                return await _work_for_ever(settings, vitals)
            finally:
                notify("STOPPING=1")
                watch.cancel()
    except ListenError as error:
        log.error("%s", error)
        return FAILED


async def _work_for_ever(settings: Settings, vitals: Vitals) -> int:
    def stand_by(reason: str) -> None:
        vitals.stands_by(reason)
        log.info("%s. Standing by until it is free.", reason.removesuffix("."))
        notify("READY=1")

    while True:
        try:
            async with open_work(settings, vitals, standby=stand_by) as work:
                await _work_on(work, settings)
        except StateLost as error:
            vitals.stands_by(str(error))
            log.error("%s", error)  # and stand by: whoever has it now may lose it, too
            if isinstance(error, StateRemoved):
                await _outlast_requests(settings)
        except StateError as error:
            return _unusable(error)


async def _outlast_requests(settings: Settings) -> None:
    """Wait until the receiver must be done with what was sent to it, of which no mark is left."""
    seconds = max(settings.receiver_timeout_seconds, SHORTEST_WAIT_TO_LOOK.total_seconds())
    log.info("It will be opened again in %d s, once no request can be under way.", seconds)
    await asyncio.sleep(seconds)


async def _work_on(work: Work, settings: Settings) -> None:
    log.info("Events go to %s", settings.receiver_url)
    notify("READY=1")
    try:
        await Daemon(work, settings.poll_seconds).run()
    finally:
        log.info("Stopped")


async def _once(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        async with open_work(settings, Vitals(system_clock)) as work:
            return await once(work, progress=arguments.progress)
    except StateError as error:
        return _unusable(error)


async def _resync(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        async with open_work(settings, Vitals(system_clock)) as work:
            return await resync(work, arguments.since, arguments.progress)
    except StateError as error:
        return _unusable(error)


def _unusable(error: StateError) -> int:
    log.error("%s", error)
    return TRY_LATER if isinstance(error, StateInUse) else FAILED


async def _plan(settings: Settings, arguments: argparse.Namespace) -> int:
    async with open_githubs(settings) as githubs:
        asking = Asking(
            githubs=githubs,
            rules=settings.rules,
            cycle=timedelta(seconds=settings.poll_seconds),
            clock=system_clock,
        )
        found = await explain_selected(asking, select(settings.repositories), arguments.progress)
    shown = _show(table.as_json(found) if arguments.json else table.as_table(found))
    for sentence in table.useless(found.explanations, settings.rules):
        log.warning("%s", sentence)
    is_wrong = any(each.lane == "error" for each in found.explanations)
    return FAILED if is_wrong or not shown else 0


async def _check(settings: Settings, arguments: argparse.Namespace) -> int:
    logging.getLogger("fetcher.github").setLevel(logging.ERROR)  # the findings say the rest
    found = await check(settings, arguments.progress)
    shown = _show(findings.as_json(found) if arguments.json else findings.as_lines(found))
    is_wrong = any(finding.level == "error" for finding in found)
    return FAILED if is_wrong or not shown else 0


def _show(text: str) -> bool:
    """Print what was asked for; False if it can't be written.

    Whoever reads it may have seen enough, as `head` does.
    """
    try:
        print(text, flush=True)  # noqa: T201 - it is what was asked for
    except OSError as error:
        # Python flushes once more when it ends: https://docs.python.org/3/library/signal.html
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            log.error("standard output: %s", error.strerror)
            return False
    return True


COMMANDS: Final[Mapping[str, Command]] = {
    "run": _run,
    "once": _once,
    "resync": _resync,
    "plan": _plan,
    "check": _check,
}

if __name__ == "__main__":
    main()
