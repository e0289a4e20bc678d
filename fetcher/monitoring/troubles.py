"""What is wrong at the moment: logged once when it begins or changes, and once when it ends."""

import logging
from datetime import datetime, timedelta

from fetcher.clock import Clock

log = logging.getLogger(__name__)


class Troubles:
    """The troubles that were logged and have not ended, by whom they concern."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said: dict[str, tuple[str, datetime]] = {}

    def has(self, subject: str, message: str, error: BaseException | None = None) -> None:
        """Something is wrong with this subject; the traceback of `error` is shown."""
        said, since = self._said.get(subject, (None, self._clock()))
        if said != message:
            log.error("%s: %s", subject, message, exc_info=error)
        self._said[subject] = message, since

    def over(self, subject: str) -> None:
        """Nothing is wrong with this subject."""
        if subject in self._said:
            _, since = self._said.pop(subject)
            lasted = timedelta(seconds=round((self._clock() - since).total_seconds()))
            log.info("%s: works again after %s", subject, lasted)

    def subjects(self) -> list[str]:
        """The subjects with which something is wrong."""
        return sorted(self._said)
