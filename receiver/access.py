"""Who may write: named API keys."""

import hashlib
from collections.abc import Mapping


class Keys:
    """The configured keys, by name. Only their digests are kept."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._names = {_digest(key): name for name, key in keys.items()}

    def name_of(self, presented: str | None) -> str | None:
        """The name of the presented key, or None.

        How long it takes tells nothing of a key: what is looked up is its digest.
        """
        return None if presented is None else self._names.get(_digest(presented))


def _digest(key: str) -> bytes:
    # aiohttp hands over header bytes that are not UTF-8 as surrogates.
    # BLAKE2 because Python has it built in: asking OpenSSL for SHA-256 costs ten times as much.
    return hashlib.blake2b(key.encode(errors="surrogateescape")).digest()
