"""What to ask GitHub with: a token, an App's installation, or nothing."""

import hashlib
from typing import Protocol

from pydantic import SecretStr


class Credential(Protocol):
    """Something to ask GitHub with."""

    @property
    def name(self) -> str:
        """For people, as in "GitHub refuses …"; it holds no secret."""

    @property
    def fingerprint(self) -> str:
        """Tells credentials apart, each of which has its own limit; not a secret."""

    @property
    def is_anonymous(self) -> bool:
        """There is none: every request is charged, and only what is public can be seen."""

    @property
    def is_installation(self) -> bool:
        """It is an App's, for all or some repositories of an owner."""

    async def token(self) -> str | None:
        """What to send with the next request.

        Raises:
            GitHubError: There is none.
        """

    def refused(self, token: str | None) -> bool:
        """Take note that GitHub does not know this token; returns whether asking again may help."""


class Token:
    """A token that somebody created; without one, GitHub as everyone sees it."""

    def __init__(self, secret: SecretStr | None, name: str = "the token") -> None:
        self.name = name if secret else "no token"
        self.fingerprint = fingerprint(secret.get_secret_value() if secret else "")
        self.is_anonymous = secret is None
        self.is_installation = False
        self._secret = secret

    async def token(self) -> str | None:
        """Always the same."""
        return self._secret.get_secret_value() if self._secret else None

    def refused(self, token: str | None) -> bool:  # noqa: ARG002 - there is but the one
        """It stays refused."""
        return False


def fingerprint(identity: str) -> str:
    """A short digest that identifies what it is made of without revealing it."""
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
