"""How far a command has come: a bar on a terminal, a line now and then in a log."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

log = logging.getLogger(__name__)

WIDTH: Final = 30
SECONDS_BETWEEN_LINES: Final = 10
SECONDS_BETWEEN_BARS: Final = 0.1
ERASE: Final = "\r\x1b[K"  # go to the start of the line, and clear it


class Progress:
    """One piece of work.

    Args:
        what: What is being done, such as "Exporting".
        terminal: Where to draw; None for lines in the log instead.
        monotonic: A clock, in seconds.
    """

    def __init__(
        self,
        what: str,
        terminal: TextIO | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._terminal = terminal
        self._monotonic = monotonic
        self._pause = SECONDS_BETWEEN_BARS if terminal else SECONDS_BETWEEN_LINES
        self._next_at = monotonic() + self._pause
        self._drawn = False

    def step(self, share: float | None, done: str) -> None:
        """Report how far it is.

        Args:
            share: 0 to 1; None if nobody knows how much there is.
            done: How much is done, such as "2,000 events".
        """
        now = self._monotonic()
        if now < self._next_at:
            return
        self._next_at = now + self._pause
        if self._terminal is None:
            percent = "" if share is None else f" ({share:.0%})"
            log.info("%s: %s%s", self._what, done, percent)
        else:
            self._terminal.write(f"{ERASE}{self._what}{_bar(share)} {done}")
            self._terminal.flush()
            self._drawn = True

    def clear(self) -> None:
        """Remove the bar, for a line to be written in its place, and at the end."""
        if self._terminal and self._drawn:
            self._terminal.write(ERASE)
            self._terminal.flush()
            self._drawn = False


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    filled = int(WIDTH * min(share, 1))
    return f" [{'#' * filled}{'-' * (WIDTH - filled)}]"


@contextmanager
def progress(what: str, *, bar: bool = True) -> Iterator[Progress]:
    """Show on standard error how far some work is.

    Args:
        what: What is being done.
        bar: Whether a terminal may show one: not if the rows are written to it.
    """
    shown = Progress(what, sys.stderr if bar and sys.stderr.isatty() else None)
    try:
        yield shown
    finally:
        shown.clear()
