"""An outage in the log: one line when it begins, and one when it is over."""

import logging

log = logging.getLogger(__name__)


class Outage:
    """Whether something fails now.

    Args:
        what: What cannot be done meanwhile, such as "store events".

    Attributes:
        lasts: Whether the last attempt failed.
    """

    def __init__(self, what: str) -> None:
        self.lasts = False
        self._what = what

    def failed(self, error: Exception) -> None:
        """Hear of a failed attempt."""
        if not self.lasts:
            log.error("cannot %s: %s", self._what, error)
        self.lasts = True

    def over(self) -> None:
        """Hear of an attempt that did not fail."""
        if self.lasts:
            log.warning("can %s again", self._what)
        self.lasts = False
