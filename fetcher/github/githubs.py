"""GitHub for each owner: which credential asks about whose repositories."""

import asyncio
from collections.abc import Callable, Mapping

from fetcher.clock import Sleep
from fetcher.github.client import GitHub
from fetcher.github.credentials import Credential
from fetcher.github.gate import Gate
from fetcher.github.server import Server


class GitHubs:
    """GitHub, as each credential sees it, with one gate per credential.

    Args:
        server: The one that all of them ask.
        credential_for: The credential for an owner's repositories.
        new_gate: Makes an unused gate.
    """

    def __init__(
        self,
        server: Server,
        credential_for: Callable[[str], Credential],
        new_gate: Callable[[], Gate],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._server = server
        self._credential_for = credential_for
        self._new_gate = new_gate
        self._by_fingerprint: dict[str, GitHub] = {}
        self._by_owner: dict[str, GitHub] = {}

    def for_owner(self, owner: str) -> GitHub:
        """GitHub to ask about an owner: always the same for the same owner."""
        if found := self._by_owner.get(owner.lower()):
            return found
        credential = self._credential_for(owner)
        github = self._by_fingerprint.get(credential.fingerprint)
        if github is None:
            github = GitHub(
                self._server, credential, self._new_gate(), self._new_gate(), self._sleep
            )
            self._by_fingerprint[credential.fingerprint] = github
        self._by_owner[owner.lower()] = github
        return github

    def for_repository(self, name: str) -> GitHub:
        """GitHub to ask about a repository, `owner/name`."""
        return self.for_owner(name.partition("/")[0])

    def by_owner(self) -> Mapping[str, GitHub]:
        """Those that were asked for, by owner in lower case; several may have the same one."""
        return self._by_owner
