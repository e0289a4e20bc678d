"""The log, in which no secret is ever shown.

Messages contain none to begin with; this is the safety net.
"""

import json
import logging
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal

HIDDEN: Final = "***"
# https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats and JWTs.
TOKENS: Final = (
    r"(?:gh[pousr]_|github_pat_)[A-Za-z0-9._-]{20,}",
    r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    r"(?<=://)[^/\s@]+(?=@)",  # a user and a password in an address
)
SHORTEST_SECRET: Final = 8  # to hide a shorter one would hide words


LogFormat = Literal["text", "json"]


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
        return self._hide(super().format(record))

    def _hide(self, text: str) -> str:
        return self._hidden.sub(HIDDEN, text)


class DiscreetJson(Discreet):
    """A line of JSON: `time`, `level`, `logger`, `message`; `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        # Before it becomes JSON, in which a secret may be spelled differently.
        return json.dumps({name: self._hide(text) for name, text in fields.items()})
