"""Make things happen in the fake as time passes: lines of a story, told in the order of time."""

import heapq
import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.fake_github.state import Clock

Line = Iterator[float]  # acts, yields the seconds until it acts again, and so on to its end


class Story:
    """Lines that go on beside each other, at the clock that the fake goes by."""

    def __init__(self, begins_at: datetime) -> None:
        self.clock = Clock(begins_at)
        self._order = itertools.count()  # lines due at one instant go on in the order they came
        self._due: list[tuple[datetime, int, Line]] = []

    def tell(self, line: Line, after: float = 0) -> None:
        """Have a line begin so many seconds from now."""
        due = self.clock.now + timedelta(seconds=after)
        heapq.heappush(self._due, (due, next(self._order), line))

    def advance_to(self, instant: datetime) -> None:
        """Let everything happen that is due until then, each thing at its own time."""
        while self._due and self._due[0][0] <= instant:
            self.clock.now, _, line = heapq.heappop(self._due)
            pause = next(line, None)
            if pause is not None:
                self.tell(line, pause)
        self.clock.now = max(self.clock.now, instant)
