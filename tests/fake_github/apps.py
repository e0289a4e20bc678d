"""GitHub Apps: a key, installations for owners of repositories, and tokens that last an hour.

Documented under "Authenticating as a GitHub App" and "Generating an installation access token".
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from tests.fake_github.accounts import Account, Token
from tests.fake_github.replies import RefusedError

if TYPE_CHECKING:  # the fake holds the Apps; at run time that would be a circle
    from tests.fake_github.repository import Repository
    from tests.fake_github.state import FakeGitHub

READS = ("actions", "checks", "contents", "deployments")
TOKENS_LAST = timedelta(hours=1)
JWT_LASTS = timedelta(minutes=10)
UNTIMED: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True, kw_only=True)
class App:
    """An App; `private_key` is what its owner keeps."""

    id: int
    github: "FakeGitHub" = field(repr=False)
    slug: str
    owner: str
    created_at: datetime
    account: Account
    installations: list["Installation"] = field(default_factory=list)

    @property
    def client_id(self) -> str:
        """What a JWT may name instead of the id."""
        return f"Iv23li{self.id:x}"

    @property
    def private_key(self) -> str:
        """PEM, as GitHub lets it be downloaded."""
        return (
            _key()
            .private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
            .decode()
        )

    def install(
        self,
        owner: str,
        *,
        permissions: Iterable[str] = READS,
        repositories: Iterable[str] | None = None,
    ) -> "Installation":
        """Install it for an owner: for all repositories, or for some by their names."""
        made = Installation(
            id=self.github.new_id(),
            app=self,
            owner=owner,
            permissions=frozenset((*permissions, "metadata")),
            selected=None if repositories is None else frozenset(repositories),
            created_at=self.github.now(),
            account=Account(f"{self.slug}[bot]"),
        )
        self.installations.append(made)
        return made


@dataclass(slots=True, kw_only=True)
class Installation:
    """An App for one owner, until it is removed from `app.installations`."""

    id: int
    app: App = field(repr=False)
    owner: str
    permissions: frozenset[str]
    selected: frozenset[str] | None
    created_at: datetime
    account: Account
    suspended_at: datetime | None = None

    def covers(self, repository: "Repository") -> bool:
        """Whether it is installed for this repository."""
        chosen = self.selected is None or repository.name in self.selected
        return chosen and repository.owner.lower() == self.owner.lower()

    def new_token(self) -> Token:
        """A token for an hour; long and with dots, as GitHub makes them since 2026."""
        github = self.app.github
        digest = hashlib.sha512(str(github.new_id()).encode()).digest()
        filling = base64.urlsafe_b64encode(digest * 5).decode().rstrip("=")
        token = Token(
            text=f"ghs_{self.app.id}_{filling[:80]}.{filling[80:340]}.{filling[340:]}",
            account=self.account,
            expires_at=github.now() + TOKENS_LAST,
            installation=self,
        )
        github.tokens[token.text] = token
        return token


def app_of(github: "FakeGitHub", text: str) -> App:
    """The App that signed a JWT, by the rules that GitHub has for them."""
    claims = _claims(text)
    app = next((a for a in github.apps if claims.get("iss") in _names(a)), None)
    if app is None:
        raise RefusedError(404, "Integration not found")
    try:
        jwt.decode(
            text,
            _key().public_key(),
            algorithms=["RS256"],
            options=UNTIMED,
        )
    except jwt.InvalidTokenError:
        raise RefusedError(401, "A JSON web token could not be decoded") from None
    _judge_times(claims, github.now())
    return app


def _claims(text: str) -> Mapping[str, Any]:
    try:
        claims: Mapping[str, Any] = jwt.decode(text, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise RefusedError(401, "A JSON web token could not be decoded") from None
    return claims


def _names(app: App) -> tuple[object, ...]:
    return app.id, str(app.id), app.client_id


def _judge_times(claims: Mapping[str, Any], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or datetime.fromtimestamp(issued, UTC) > now:
        raise RefusedError(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the"
            " assertion was issued",
        )
    if not isinstance(expires, int) or datetime.fromtimestamp(expires, UTC) <= now:
        raise RefusedError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future"
            " time at which the assertion expires",
        )
    if datetime.fromtimestamp(expires, UTC) > now + JWT_LASTS:
        raise RefusedError(401, "'Expiration time' claim ('exp') is too far in the future")
