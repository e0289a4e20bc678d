"""Sessions: what a browser has in its cookie after a read key was shown. Pure.

A session is signed and kept nowhere, so every receiver on the database knows it, after a restart
too. It ends with its time, or when its key is no read key any more.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

SESSION: Final = re.compile(r"([0-9a-f]{32})\.([0-9]{1,11})\.([0-9a-f]{64})", re.ASCII)


class Sessions:
    """Begins sessions and knows them again.

    Args:
        secret: Of the database: signs them. Not made of the keys, which the configuration may hold
            as hashes so that who reads it can't read the log.
        life: Of a session.
    """

    def __init__(self, secret: bytes, life: timedelta) -> None:
        self.life = life
        self._secret = secret
        self._known: frozenset[str] = frozenset()

    def change(self, fingerprints: Iterable[str]) -> None:
        """From now on only sessions of these keys count."""
        self._known = frozenset(map(self._mark, fingerprints))

    def begin(self, fingerprint: str, now: datetime) -> str:
        """A session of a key, as a cookie holds it."""
        told = f"{self._mark(fingerprint)}.{int(now.timestamp())}"
        return f"{told}.{self._sign(told)}"

    def ends_at(self, session: str) -> datetime | None:
        """When a session of ours ends or ended; None for what is none, or none any more."""
        match = SESSION.fullmatch(session)
        if match is None:
            return None
        mark, began_at, signature = match.groups()
        if not hmac.compare_digest(signature, self._sign(f"{mark}.{began_at}")):
            return None
        if mark not in self._known:
            return None
        return datetime.fromtimestamp(int(began_at), UTC) + self.life

    def _mark(self, fingerprint: str) -> str:
        """Which key it is, told to nobody who has not the secret."""
        return self._sign(f"key {fingerprint}")[:32]

    def _sign(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), hashlib.sha256).hex()
