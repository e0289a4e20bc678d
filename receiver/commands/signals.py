"""SIGINT and SIGTERM end a command at once; what it began is taken back on the way out."""

import signal
from types import FrameType
from typing import Final, NoReturn

STOPS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(SystemExit):
    """A signal came; the exit code is the one that shells have for it."""


def stop_on_signals() -> None:
    """Raise Stopped in the main thread on the first signal; the next one kills."""
    for number in STOPS:
        signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    die_on_signals()
    raise Stopped(128 + number)


def die_on_signals() -> None:
    """Let signals kill: for what only reads, and leaves nothing to take back."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
