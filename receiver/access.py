"""Who may write: named API keys."""

import hashlib
import hmac
from collections.abc import Mapping


class Keys:
    """The configured keys, by name. Only their digests are kept."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._digests = {name: _digest(key) for name, key in keys.items()}

    def name_of(self, presented: str | None) -> str | None:
        """The name of the presented key, or None. Takes equally long for every wrong key."""
        if presented is None:
            return None
        digest = _digest(presented)
        matching = [
            name for name, known in self._digests.items() if hmac.compare_digest(digest, known)
        ]
        return matching[0] if matching else None


def _digest(key: str) -> bytes:
    # aiohttp hands over header bytes that are not UTF-8 as surrogates.
    # BLAKE2 because Python has it built in: asking OpenSSL for SHA-256 costs ten times as much.
    return hashlib.blake2b(key.encode(errors="surrogateescape")).digest()
