"""What the fake GitHub holds, and the actions that change it; how it is answered is not here.

Times come from the clock and are cut to the second, as GitHub's are. One counter gives every id,
so that ids are beyond 32 bits and grow in the order of creation.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from tests.fake_github.accounts import Account, Token
from tests.fake_github.apps import App, Installation
from tests.fake_github.repository import Repository
from tests.fake_github.traffic import Fault, PlannedFault, RateLimit, Request

LOGIN = "octocat"
TOKEN = "ghs_fake"


class Clock:
    """A clock that moves only when told: call it for the instant."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 1) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


class FakeGitHub:
    """Everything that the fake holds; see the package for how it is used."""

    def __init__(self, clock: Callable[[], datetime] = system_clock) -> None:
        self.clock = clock
        self.api_url = "https://api.github.com"  # set by serve
        self.server_url = "https://github.com"  # where the pages for people are
        self.repositories: list[Repository] = []
        self.users: set[str] = set()  # the owners that are persons; others are organisations
        self.apps: list[App] = []
        self.accounts = {LOGIN: Account(LOGIN)}
        self.tokens = {TOKEN: Token(text=TOKEN, account=self.accounts[LOGIN])}
        self.nobody = Token(text="", account=Account("", RateLimit(60), RateLimit(0)))
        self.rate_limited = True  # False: as on an Enterprise Server, no limit and no headers
        self.points_a_minute: int | None = None  # GitHub's secondary limit is 900
        self.poll_interval: int | None = None  # seconds, told with every answer
        self.saml_owners: set[str] = set()  # those that ask for single sign-on
        self.search_is_stale = False
        self.has_graphql = True  # False: as an old Enterprise Server, 404
        self.graphql_ids_are_text = False
        self.graphql_most_repositories: int | None = None  # in one query; the others are errors
        self.graphql_too_large: set[str] = set()  # repositories that are errors in any query
        self.faults: list[PlannedFault] = []
        self.requests: list[Request] = []
        self._ids = itertools.count(26_365_060_973)

    @property
    def rate(self) -> RateLimit:
        """The limit of the account that there is from the start."""
        return self.accounts[LOGIN].rate

    def now(self) -> datetime:
        """The clock's instant, cut to the second."""
        return self.clock().replace(microsecond=0)

    def new_id(self) -> int:
        """The next id."""
        return next(self._ids)

    def new_sha(self) -> str:
        """A commit nobody has yet."""
        return hashlib.sha1(str(self.new_id()).encode(), usedforsecurity=False).hexdigest()

    def add_repository(
        self,
        full_name: str,
        *,
        environments: Iterable[str] = (),
        protected: Iterable[str] = (),
        workflows: Mapping[str, str] | None = None,
        default_branch: str = "main",
        private: bool = False,
    ) -> Repository:
        """A repository with environments and workflow files (file name to text)."""
        repository = Repository(
            id=self.new_id(),
            github=self,
            full_name=full_name,
            default_branch=default_branch,
            private=private,
            created_at=self.now(),
            updated_at=self.now(),
            edited_at=self.now(),
        )
        self.repositories.append(repository)
        for name in environments:
            repository.environment(name)
        for name in protected:
            repository.environment(name).protected = True
        for file, text in (workflows or {}).items():
            repository.add_workflow(file, text)
        return repository

    def rename(self, old: str, new: str) -> None:
        """Give a repository another name, or owner; the old one answers 301 until it is taken."""
        repository = next(r for r in self.repositories if r.full_name == old)
        repository.former_names.add(old.lower())
        repository.full_name = new
        repository.updated_at = self.now()

    def delete(self, full_name: str) -> None:
        """Remove a repository: it answers 404, unless another takes its name."""
        self.repositories = [r for r in self.repositories if r.full_name != full_name]

    def kind_of(self, login: str) -> str:
        """Whether an account is a person or an organisation: who owns repositories is one."""
        owners = {repository.owner for repository in self.repositories}
        return "Organization" if login in owners - self.users else "User"

    def add_token(
        self,
        text: str,
        *,
        login: str = LOGIN,
        expires_at: datetime | None = None,
        scopes: tuple[str, ...] | None = None,
        owner: str | None = None,
        permissions: Iterable[str] | None = None,
        saml_authorised: bool = True,
    ) -> Token:
        """Another token, of a person: a classic one has scopes, a fine-grained one permissions."""
        self.tokens[text] = token = Token(
            text=text,
            account=self.accounts.setdefault(login, Account(login)),
            expires_at=expires_at,
            scopes=scopes,
            owner=owner,
            permissions=None if permissions is None else frozenset(permissions),
            saml_authorised=saml_authorised,
        )
        return token

    def add_app(self, slug: str = "dashboard", *, owner: str = "acme") -> App:
        """A GitHub App; it sees nothing until it is installed."""
        app = App(
            id=self.new_id() % 10_000_000,
            github=self,
            slug=slug,
            owner=owner,
            created_at=self.now(),
            account=Account(slug),
        )
        self.apps.append(app)
        return app

    @property
    def installations(self) -> list[Installation]:
        """The installations of every App."""
        return [installation for app in self.apps for installation in app.installations]

    def fail(self, pattern: str, fault: Fault, *, times: int = 1) -> None:
        """Do this to the next `times` requests whose path matches `pattern` (fnmatch)."""
        self.faults.append(PlannedFault(pattern, fault, times))
