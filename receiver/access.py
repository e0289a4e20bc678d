"""Who may write what: named API keys."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

HASHED: Final = "sha256:"
ANY: Final = ("*",)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder of a key may do.

    Attributes:
        name: Of the key.
        services: Globs, of which a service must match one.
        environments: Likewise.
    """

    name: str
    services: tuple[str, ...] = ANY
    environments: tuple[str, ...] = ANY

    def allows(self, service: str, environment: str) -> bool:
        """Whether it may write to a slot."""
        return _matches(service, self.services) and _matches(environment, self.environments)


class Keys:
    """The grants, by the digests of their keys: the keys themselves are not kept."""

    def __init__(self, grants: Iterable[tuple[str, Grant]]) -> None:
        self._plain: dict[bytes, Grant] = {}
        self._hashed: dict[str, Grant] = {}
        self.change(grants)

    def change(self, grants: Iterable[tuple[str, Grant]]) -> None:
        """From now on these count, and no others.

        Args:
            grants: Each with its key, which may be given as `sha256:` and 64 hex digits.
        """
        self._plain, self._hashed = {}, {}
        for key, grant in grants:
            if key.startswith(HASHED):
                self._hashed[key.removeprefix(HASHED).lower()] = grant
            else:
                self._plain[_digest(key)] = grant

    def grant_of(self, presented: str | None) -> Grant | None:
        """What the presented key grants; None for a wrong one.

        How long it takes tells nothing of a key: what is looked up is its digest.
        """
        if presented is None:
            return None
        grant = self._plain.get(_digest(presented))
        if grant is None and self._hashed:
            return self._hashed.get(hashlib.sha256(_encoded(presented)).hexdigest())
        return grant


def _digest(key: str) -> bytes:
    # BLAKE2 because Python has it built in: asking OpenSSL for SHA-256 costs ten times as much.
    return hashlib.blake2b(_encoded(key)).digest()


def _encoded(key: str) -> bytes:
    # aiohttp hands over header bytes that are not UTF-8 as surrogates.
    return key.encode(errors="surrogateescape")


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
