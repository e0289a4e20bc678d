"""Who may write what, and who may read: named keys."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

from receiver.rate import Bucket

HASHED: Final = "sha256:"
ANY: Final = ("*",)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder of a key may do.

    Attributes:
        name: The key's.
        services: Globs, of which a service must match one.
        environments: Likewise.
        requests_per_minute: How many may come with the key; None for any number.
    """

    name: str
    services: tuple[str, ...] = ANY
    environments: tuple[str, ...] = ANY
    requests_per_minute: int | None = None

    def allows(self, service: str, environment: str) -> bool:
        """Whether it may write to a slot."""
        return _matches(service, self.services) and _matches(environment, self.environments)


class Keys:
    """The grants, by the digests of their keys: the keys themselves are not kept.

    Args:
        grants: Each with its key, which may be given as `sha256:` and 64 hex digits.
    """

    def __init__(self, grants: Iterable[tuple[str, Grant]] = ()) -> None:
        self._plain: dict[bytes, Grant] = {}
        self._hashed: dict[str, Grant] = {}
        self._buckets: dict[str, Bucket] = {}  # by key name, for those with a limit
        for key, grant in grants:
            if key.startswith(HASHED):
                self._hashed[fingerprint(key)] = grant
            else:
                self._plain[_digest(key)] = grant
            if grant.requests_per_minute is not None:
                self._buckets[grant.name] = Bucket(grant.requests_per_minute)

    def __bool__(self) -> bool:
        """Whether there is any key."""
        return bool(self._plain or self._hashed)

    def grant_of(self, presented: str | None) -> Grant | None:
        """What the presented key grants; None for a wrong one.

        How long it takes reveals nothing about a key, because what is looked up is its digest.
        """
        if presented is None:
            return None
        grant = self._plain.get(_digest(presented))
        if grant is None and self._hashed:
            return self._hashed.get(sha256(presented))
        return grant

    def take(self, grant: Grant, now: datetime) -> float:
        """Let a request pass; returns the seconds that it has to wait instead, or 0."""
        bucket = self._buckets.get(grant.name)
        return 0 if bucket is None else bucket.take(now)


def fingerprint(key: str) -> str:
    """The SHA-256, in hex, of a key as configured: plain, or already as this hash."""
    return key.removeprefix(HASHED).lower() if key.startswith(HASHED) else sha256(key)


def sha256(presented: str) -> str:
    """The SHA-256, in hex, of a key as a request sends it; a hash does not pass for its key."""
    return hashlib.sha256(_encoded(presented)).hexdigest()


def _digest(key: str) -> bytes:
    # BLAKE2 because Python has it built in: asking OpenSSL for SHA-256 costs ten times as much.
    return hashlib.blake2b(_encoded(key)).digest()


def _encoded(key: str) -> bytes:
    # aiohttp hands over header bytes that are not UTF-8 as surrogates.
    return key.encode(errors="surrogateescape")


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return globs == ANY or any(fnmatchcase(name, glob) for glob in globs)
