"""Asking as a GitHub App: its key, and its installation on an owner's account.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, TypeVar

import jwt
from pydantic import BaseModel, SecretStr, ValidationError

from fetcher.clock import Clock
from fetcher.github import refusals
from fetcher.github.answers import Time
from fetcher.github.credentials import fingerprint
from fetcher.github.errors import Garbled, Unreachable, Unusable, Withheld
from fetcher.github.server import Server, request_headers

# gidgethub's own `get_jwt` asks the system for the time, and here the clock is an argument.
BACKDATED: Final = timedelta(minutes=1)  # for clocks that differ
LASTS: Final = timedelta(minutes=9)  # GitHub takes no more than ten
RENEWED_BEFORE: Final = timedelta(minutes=5)
NEW_FOR: Final = timedelta(seconds=10)  # not all of GitHub's replicas may know it yet
REFUSED: Final = frozenset({401, 403, 404, 422, 429})
DONE: Final = frozenset({200, 201})
NOT_INSTALLED: Final = "Not Found"  # an App that GitHub does not know gets another message

M = TypeVar("M", bound=BaseModel)


class _Granted(BaseModel):
    token: SecretStr
    expires_at: Time


class _Found(BaseModel):
    id: int


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App: its id (or client id) and private key (PEM)."""

    id: str
    private_key: str = field(repr=False)

    def bearer(self, now: datetime) -> str:
        """What proves, for some minutes, that this App is asking."""
        claims = {"iat": now - BACKDATED, "exp": now + LASTS, "iss": self.id}
        return jwt.encode(claims, self.private_key, algorithm="RS256")


class Installation:
    """An App on one owner's account: a token that lasts an hour, and is renewed in time."""

    is_anonymous: Final = False
    is_installation: Final = True

    def __init__(self, server: Server, app: App, owner: str, clock: Clock) -> None:
        self.name = f"the App {app.id} for {owner}"
        self.fingerprint = fingerprint(f"App {app.id} for {owner.lower()}")
        self._server = server
        self._app = app
        self._owner = owner
        self._clock = clock
        self._granted: _Granted | None = None
        self._granted_at = clock()

    async def token(self) -> str:
        """The current token.

        Raises:
            Unusable: GitHub does not know the App by its key, or it may not ask for this owner.
            GitHubError: GitHub gave no answer.
        """
        if self._granted is None or not self._lasts(self._granted):
            self._granted = await self._grant()
            self._granted_at = self._clock()
        return self._granted.token.get_secret_value()

    def refused(self, token: str | None) -> bool:
        """Drop the token, unless it is newer than the one that was sent, or so new itself."""
        is_new = timedelta() <= self._clock() - self._granted_at < NEW_FOR
        if self._granted and self._granted.token.get_secret_value() == token and not is_new:
            self._granted = None
        return True

    def _lasts(self, granted: _Granted) -> bool:
        return self._clock() < granted.expires_at - RENEWED_BEFORE

    async def _grant(self) -> _Granted:
        # The installation is looked up each time: it may have been removed and created again.
        found = await self._ask("GET", f"/orgs/{self._owner}/installation", _Found)
        found = found or await self._ask("GET", f"/users/{self._owner}/installation", _Found)
        path = f"/app/installations/{found.id}/access_tokens" if found else ""
        granted = await self._ask("POST", path, _Granted) if found else None
        if granted is None:
            raise Unusable(f"The App {self._app.id} is not installed for {self._owner}")
        return granted

    async def _ask(self, method: str, path: str, model: type[M]) -> M | None:
        headers = request_headers(jwt=self._app.bearer(self._clock()))
        response = await self._server.exchange(method, self._server.address(path), headers)
        if response.status in DONE:
            return _parsed(model, response.body)
        message = refusals.message_of(response.body)
        if response.status == HTTPStatus.NOT_FOUND and message == NOT_INSTALLED:
            return None
        if response.status in REFUSED:
            hint = "; check this machine's clock" if "claim" in message else ""
            reason = f"GitHub refuses {self.name}: {message}{hint}"
            raise Withheld(reason, response.status, response.headers, message)
        raise Unreachable(f"GitHub answers {response.status}")


def _parsed(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError:
        raise Garbled("GitHub's answer about an App is not as documented") from None
