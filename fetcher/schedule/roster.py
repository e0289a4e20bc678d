"""The repositories that there are to read, including those that the followed owners have by now.

What an owner had when GitHub was last asked is in the state, so known repositories are read even if
there is no answer, or none in time. One that is gone keeps its state: it may come back.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fetcher import registry, snapshots
from fetcher.clock import Clock
from fetcher.github.errors import GitHubError, Limited, Unreachable
from fetcher.github.githubs import GitHubs
from fetcher.github.owned import owned_repositories
from fetcher.github.reader import Reader, Snapshot
from fetcher.mapping.rules import Facts, ignored
from fetcher.plural import counted
from fetcher.poll.survey import Policy
from fetcher.registry import Owned
from fetcher.selection import Selection, owner_of
from fetcher.state import State

log = logging.getLogger(__name__)

ASKED_AGAIN: Final = timedelta(minutes=10)
AFTER_FAILURE: Final = timedelta(minutes=1)


class Roster:
    """Keeps the repositories that are selected, except those that a rule ignores.

    Attributes:
        owners: Whose repositories are followed.
        failures: Why an owner could not be asked about, by name.
        selected: The repositories to read, as last determined.
    """

    def __init__(
        self,
        state: State,
        githubs: GitHubs,
        selection: Selection,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self.owners = frozenset(selection.owners)
        self.failures: dict[str, GitHubError] = {}
        self.selected: tuple[str, ...] = ()
        self._state = state
        self._githubs = githubs
        self._selection = selection
        self._policy = policy
        self._clock = clock
        self._owned: dict[str, Owned] | None = None
        self._not_before: dict[str, datetime] = {}

    async def names(self) -> tuple[str, ...]:
        """The repositories to read, all of them registered; owners are asked when that is due."""
        owned = await self._known()
        due = [each for each in self._selection.owners if self._is_due(each, owned.get(each))]
        await self._ask(due, owned)
        return self._select(owned)

    async def lost(self, name: str) -> bool:
        """Whether a followed owner no longer has a repository; asks about the owner again."""
        owned = await self._known()
        owner = next((each for each in self.owners if owner_of(name) == each.lower()), None)
        if owner is None or owner not in owned:
            return False
        # Where very many can't be found, it is not asked for each of them.
        lately = owned[owner].read_at <= self._clock() < owned[owner].read_at + AFTER_FAILURE
        if self._may_ask(owner) and not lately:
            await self._ask([owner], owned)
            self._select(owned)
        return name not in self.selected

    def _select(self, owned: Mapping[str, Owned]) -> tuple[str, ...]:
        self.selected = self._chosen({owner: each.names for owner, each in owned.items()})
        return self.selected

    def _chosen(self, owned: Mapping[str, Collection[str]]) -> tuple[str, ...]:
        rules, names = self._policy.rules, self._selection.names(owned)
        return tuple(name for name in names if not ignored(rules, Facts(repository=name)))

    async def _known(self) -> dict[str, Owned]:
        if self._owned is None:
            self._owned = await self._state.run(self._load)
        return self._owned

    def _load(self, connection: Connection) -> dict[str, Owned]:
        found = registry.owned(connection)
        names = {owner: each.names for owner, each in found.items()}
        self._register(connection, self._chosen(names))
        return found

    def _is_due(self, owner: str, owned: Owned | None) -> bool:
        now = self._clock()
        if not self._may_ask(owner):
            return False
        return owned is None or not owned.read_at <= now < owned.read_at + ASKED_AGAIN

    def _may_ask(self, owner: str) -> bool:
        now = self._clock()
        return not now < self._not_before.get(owner, now) <= now + ASKED_AGAIN

    async def _ask(self, owners: Sequence[str], owned: dict[str, Owned]) -> None:
        """All at once, so that one about which GitHub does not answer hardly delays the others."""
        answers = await asyncio.gather(*map(self._listed, owners))
        for owner, answer in zip(owners, answers, strict=True):  # so the first is named first
            if answer:
                names, fresh = answer
                has = Owned(names, self._clock())
                await self._keep(owner, has, fresh)
                self._say(owner, owned.get(owner), names)
                owned[owner] = has

    async def _listed(self, owner: str) -> tuple[tuple[str, ...], Mapping[str, Snapshot]] | None:
        """What an owner has, with GitHub's answers; None if there were none."""
        reader = Reader(self._githubs.for_owner(owner), self._snapshot)
        try:
            names = await owned_repositories(self._githubs.for_owner(owner), reader, owner)
        except GitHubError as error:
            self.failures[owner] = error
            passes = isinstance(error, Unreachable | Limited)
            wait = AFTER_FAILURE if passes else ASKED_AGAIN  # somebody has to correct something
            self._not_before[owner] = self._clock() + wait
            return None
        self.failures.pop(owner, None)
        return names, reader.fresh

    def _say(self, owner: str, before: Owned | None, names: tuple[str, ...]) -> None:
        read = self._read_of(owner, names)
        if before is None:
            log.info("%s/*: %s", owner, counted(len(read), "repository", "repositories"))
            return
        read_before = self._read_of(owner, before.names)
        for name in sorted(read - read_before):
            log.info("%s/*: %s is read from now on", owner, name)
        for name in sorted(read_before - read):
            log.info("%s/*: %s is gone", owner, name)

    def _read_of(self, owner: str, names: tuple[str, ...]) -> frozenset[str]:
        """Those of an owner's repositories that are read."""
        chosen = {name.lower() for name in self._chosen({owner: names})}
        return frozenset(name for name in names if name.lower() in chosen)

    async def _keep(self, owner: str, has: Owned, fresh: Mapping[str, Snapshot]) -> None:
        def keep(connection: Connection) -> None:
            registry.keep_owned(connection, owner, has)
            snapshots.keep(connection, f"{owner}/*", fresh, has.read_at)
            self._register(connection, self._chosen({owner: has.names}))

        await self._state.run(keep)

    def _register(self, connection: Connection, names: tuple[str, ...]) -> None:
        registry.register(connection, names, self._clock() - self._policy.backfill)

    async def _snapshot(self, key: str) -> Snapshot | None:
        return await self._state.run(lambda connection: snapshots.kept(connection, key))


async def look_up(
    githubs: GitHubs, selection: Selection
) -> tuple[tuple[str, ...], dict[str, GitHubError]]:
    """The repositories that are selected, asked of GitHub without a state.

    Returns:
        Their names, and why an owner could not be asked about, by name.
    """
    owned: dict[str, tuple[str, ...]] = {}
    failures: dict[str, GitHubError] = {}
    for owner in selection.owners:
        github = githubs.for_owner(owner)
        try:
            owned[owner] = await owned_repositories(github, Reader(github), owner)
        except GitHubError as error:
            failures[owner] = error
    return selection.names(owned), failures
