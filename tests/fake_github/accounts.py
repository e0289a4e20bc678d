"""Who asks: accounts, whose limits are used up, and the tokens by which they are known."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.fake_github.traffic import RateLimit

if TYPE_CHECKING:  # these know the accounts; at run time that would be a circle
    from tests.fake_github.apps import App, Installation
    from tests.fake_github.repository import Repository

MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Account:
    """A person, an installation of an App, an App, or whoever asks without a token."""

    login: str
    rate: RateLimit = field(default_factory=lambda: RateLimit(5000))
    graphql_rate: RateLimit = field(default_factory=lambda: RateLimit(5000))
    recent: deque[datetime] = field(default_factory=deque)  # its requests of the last minute

    def hurries(self, now: datetime, points_a_minute: int) -> bool:
        """Count one more request; whether it is one too many for GitHub's secondary limit."""
        while self.recent and self.recent[0] <= now - MINUTE:
            self.recent.popleft()
        self.recent.append(now)
        return len(self.recent) > points_a_minute


@dataclass(slots=True, kw_only=True)
class Token:
    """What a request is authorised by; an empty text is no token.

    A person's token sees everything, unless it is narrowed; an installation's what it is for.
    """

    text: str
    account: Account
    expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = None  # of a classic token
    owner: str | None = None  # of a fine-grained token: whose repositories it is for
    permissions: frozenset[str] | None = None  # of a fine-grained token: all it may read
    saml_authorised: bool = True  # for organisations that ask for single sign-on
    installation: "Installation | None" = None
    app: "App | None" = None

    def sees(self, repository: "Repository") -> bool:
        """Whether the repository is there for it; what is public is, for everybody."""
        if not repository.private:
            return True
        if self.installation:
            return self.installation.covers(repository)
        narrowed = self.owner not in (None, repository.owner)
        too_classic = self.scopes is not None and "repo" not in self.scopes
        return bool(self.text) and not narrowed and not too_classic

    def lacks(self, permission: str, repository: "Repository") -> bool:
        """Whether it may see the repository but not this part of it."""
        granted = self.permissions
        if self.installation and self.installation.covers(repository):
            granted = self.installation.permissions
        missing = granted is not None and permission not in {*granted, "metadata"}
        return missing or permission in repository.denied

    def is_shut_out(self, repository: "Repository") -> bool:
        """Whether it must first be authorised for the organisation's single sign-on."""
        guarded = repository.owner in repository.github.saml_owners
        return guarded and bool(self.text) and not self.installation and not self.saml_authorised
