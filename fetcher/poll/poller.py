"""A pass over one repository: list, look, and commit all of it at once.

What was seen, the events to be sent and GitHub's ETags are committed in one transaction, so a pass
that is killed at any point has left no trace, and the next one sees and sends the same. A pass that
GitHub cuts short commits what it has: every look stands by itself.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from fetcher import observations, outbox, snapshots
from fetcher.clock import Clock
from fetcher.github.client import GitHub
from fetcher.github.errors import GitHubError, Limited
from fetcher.github.gate import Waits
from fetcher.github.githubs import GitHubs
from fetcher.github.reader import Reader, Snapshot
from fetcher.github.remedies import in_words
from fetcher.github.sighting import Sighting
from fetcher.observations import Known
from fetcher.poll.findings import Findings
from fetcher.poll.identity import identified
from fetcher.poll.services import with_services
from fetcher.poll.survey import Policy, Survey
from fetcher.selection import owner_of
from fetcher.state import State

SNAPSHOTS_LAST: Final = timedelta(days=40)
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Passed:
    """The result of a pass.

    Attributes:
        events: New in the outbox.
        looks: Deployments and runs looked at.
        error: What cut it short.
        more: There is more to look at, for another pass at once.
    """

    events: int
    looks: int
    error: GitHubError | None
    more: bool


class Poller:
    """Reads repositories into the state."""

    def __init__(
        self,
        state: State,
        githubs: GitHubs,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._state = state
        self._githubs = githubs
        self._policy = policy
        self._clock = clock
        self._waits_kept: dict[str, Waits] = {}

    async def read(
        self,
        name: str,
        due_at: datetime,
        sighting: Sighting | None = None,
        others: Container[str] = frozenset(),
    ) -> Passed:
        """One pass over a registered repository; whatever is due by `due_at` is looked at.

        Args:
            name: The name in the settings.
            due_at: Now, or when the first of several passes began.
            sighting: What the detector saw of it, if it looked.
            others: The other names that are read; none of them may mean this repository.
        """

        def load(connection: Connection) -> tuple[Known, frozenset[str]]:
            known = observations.known(connection, name)
            return known, snapshots.keys(connection, name)

        known, kept = await self._state.run(load)
        reader = Reader(self._githubs.for_repository(name), partial(self._snapshot, kept))
        try:
            known = await identified(self._state, reader, known, others)
        except GitHubError as error:
            return await self._commit(known, Findings(error=error), reader.fresh)
        reader.redirect(name, known.full_name)
        survey = Survey(self._state, reader, known, self._policy, self._clock, due_at, sighting)
        findings = await survey.made()
        return await self._commit(known, findings, reader.fresh)

    async def reach_back(self, since: datetime) -> int:
        """Have repositories read back to a time; returns how many were not read so far back."""
        now = self._clock()
        return await self._state.run(lambda c: observations.reach_back(c, since, now))

    async def unread(self, names: Iterable[str]) -> dict[str, int]:
        """How many deployments and runs of some repositories wait to be understood."""

        def count(connection: Connection) -> dict[str, int]:
            return {name: observations.unread(connection, name) for name in names}

        return await self._state.run(count)

    async def _snapshot(self, kept: Container[str], key: str) -> Snapshot | None:
        if key not in kept:
            return None  # most of what a pass asks is asked for the first time
        return await self._state.run(lambda connection: snapshots.kept(connection, key))

    async def _commit(self, known: Known, findings: Findings, fresh: dict[str, Snapshot]) -> Passed:
        now, name = self._clock(), known.name
        github = self._githubs.for_repository(name)
        columns = findings.columns | _pause(github, known, findings.error, now)
        changed = {c: value for c, value in columns.items() if getattr(known, c) != value}
        credential, waits = github.credential.fingerprint, github.gate.waits
        more = bool(findings.more) and findings.error is None
        if findings.is_nothing and not (
            fresh or changed or waits != self._waits_kept.get(credential)
        ):
            return Passed(0, 0, findings.error, more)

        def keep(connection: Connection) -> int:
            events = with_services(connection, known, findings)
            new = outbox.put(connection, events, now, owner_of(name))
            observations.watch(connection, name, findings.watched.values())
            observations.stop_watching_old_reruns(connection, name)
            snapshots.keep(connection, name, fresh, now)
            if "plan" in columns:
                snapshots.drop(connection, name, now - SNAPSHOTS_LAST)
            observations.change(connection, name, **changed)
            if waits != self._waits_kept.get(credential):
                observations.keep_gate(connection, credential, waits)
            return new

        new = await self._state.run(keep)
        self._waits_kept[credential] = waits
        return Passed(new, len(findings.looks), findings.error, more)


def _pause(
    github: GitHub, known: Known, error: GitHubError | None, now: datetime
) -> dict[str, Any]:
    if error is None:
        return {"failures": 0, "paused_until": None, "error": None}
    if isinstance(error, Limited):
        return {}  # the gate knows how long; it is not the repository's fault
    pause = min(FIRST_PAUSE * 2 ** min(known.failures, 10), LONGEST_PAUSE)
    words = in_words(github, known.name.partition("/")[0], error)
    return {"failures": known.failures + 1, "paused_until": now + pause, "error": words}
