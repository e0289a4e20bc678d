"""A signal ends a command at once; what it began is undone on the way out."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], NoReturn] | signal.Handlers


class Stopped(SystemExit):
    """A signal came; the exit code is the one that shells use for it."""


def stop_on_signals() -> None:
    """Raise Stopped in the main thread on the first signal; the next one kills."""
    _handle(_stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    die_on_signals()
    raise Stopped(128 + number)


def die_on_signals() -> None:
    """Let signals kill: for what only reads, and leaves nothing to undo."""
    _handle(signal.SIG_DFL)


def _handle(handler: Handler) -> None:
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, handler)
