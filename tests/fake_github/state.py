"""What the fake GitHub holds, and the actions that change it; how it is answered is not here.

Times come from the clock and are cut to the second, as GitHub's are. One counter gives every id,
so that ids are beyond 32 bits and grow in the order of creation.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from tests.fake_github.repository import Repository
from tests.fake_github.traffic import Fault, PlannedFault, RateLimit, Request


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
        self.tokens = {"ghs_fake"}
        self.rate_limited = True  # False: as on an Enterprise Server, no limit and no headers
        self.rate = RateLimit(5000)
        self.anonymous_rate = RateLimit(60)
        self.search_is_stale = False
        self.faults: list[PlannedFault] = []
        self.requests: list[Request] = []
        self._ids = itertools.count(26_365_060_973)

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
        """Give a repository another name; the old one answers 301 from now on."""
        repository = next(r for r in self.repositories if r.full_name == old)
        repository.former_names.add(old.lower())
        repository.full_name = new

    def fail(self, pattern: str, fault: Fault, *, times: int = 1) -> None:
        """Do this to the next `times` requests whose path matches `pattern` (fnmatch)."""
        self.faults.append(PlannedFault(pattern, fault, times))
