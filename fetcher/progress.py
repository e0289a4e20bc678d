"""How far long work has come: a bar on a terminal, a line now and then in a log."""

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

Step = Callable[[], object]


def no_step() -> None:
    """For work that nobody watches."""


class Progress:
    """One piece of work after the other.

    Args:
        terminal: Where to draw; None for lines in the log instead.
        monotonic: A clock, in seconds.
    """

    def __init__(
        self, terminal: TextIO | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._terminal = terminal
        self._monotonic = monotonic
        self._bar = ""

    @contextmanager
    def of(self, what: str, total: int) -> Iterator[Step]:
        """Watch a piece of work, "Reading repositories" say; call what this yields after each."""
        done, pause = 0, SECONDS_BETWEEN_BARS if self._terminal else SECONDS_BETWEEN_LINES
        next_at = self._monotonic() + pause

        def step() -> None:
            nonlocal done, next_at
            done += 1
            if (now := self._monotonic()) >= next_at:
                next_at = now + pause
                self._show(what, done, max(done, total))

        try:
            yield step
        finally:
            self._draw("")

    def _show(self, what: str, done: int, total: int) -> None:
        if self._terminal is None:
            log.info("%s: %s of %s", what, f"{done:,}", f"{total:,}")
            return
        filled = WIDTH * done // total
        bar = "#" * filled + "-" * (WIDTH - filled)
        self._draw(f"{what} [{bar}] {done:,} of {total:,}")

    def _draw(self, bar: str) -> None:
        if self._terminal and (bar or self._bar):
            self._terminal.write(ERASE + bar)
            self._terminal.flush()
        self._bar = bar

    @contextmanager
    def aside(self) -> Iterator[None]:
        """For a line that is written meanwhile: it appears above the bar."""
        bar = self._bar
        self._draw("")
        yield
        self._draw(bar)


class AboveTheBar(logging.StreamHandler[TextIO]):
    """Writes the log to standard error, where the bar may be."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(sys.stderr)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        with self._progress.aside():
            super().emit(record)
