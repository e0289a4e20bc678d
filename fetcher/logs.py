"""The log, on which no secret is ever shown.

Messages hold none to begin with; this is the net below.
"""

import logging
import re
import time
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "***"
# https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats and JWTs.
TOKENS: Final = (
    r"(?:gh[pousr]_|github_pat_)[A-Za-z0-9._-]{20,}",
    r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    r"(?<=://)[^/\s@]+(?=@)",  # a user and a password in an address
)
SHORTEST_SECRET: Final = 8  # to hide a shorter one would hide words


class Discreet(logging.Formatter):
    """Formats lines in UTC and hides what is, or looks like, a secret.

    Args:
        secrets: Those that the settings hold.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)sZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime
        known = [re.escape(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET]
        self._hidden = re.compile("|".join([*known, *TOKENS]))

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback where there is one."""
        return self._hidden.sub(HIDDEN, super().format(record))
