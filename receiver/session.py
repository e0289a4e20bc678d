"""Sessions: what a browser's cookie holds after a sign-in with a read key. Pure.

A session is signed and not stored, so every receiver on the database knows it, even after a
restart. It ends when its time is over, or when its key is no longer a read key.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

SESSION: Final = re.compile(r"([0-9a-f]{32})\.([0-9]{1,11})\.([0-9a-f]{64})", re.ASCII)


class Sessions:
    """Begins sessions and recognises them.

    Args:
        secret: Signs them; the database's. Not made of the keys, which the settings may hold as
            hashes so that whoever reads those can't read the log.
        life: How long a session lasts.
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
        """When a session ends or ended; None if it is not ours, or its key is gone."""
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
        """Which key it is, of use only to those who have the secret."""
        return self._sign(f"key {fingerprint}")[:32]

    def _sign(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), hashlib.sha256).hex()
