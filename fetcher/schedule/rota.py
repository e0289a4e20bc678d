"""Whose turn it is: the repositories to read now, by the cadence and what is known of them.

What was read when is in the state, so `once` from a timer keeps the cadence as `run` does.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from fetcher import observations
from fetcher.clock import Clock
from fetcher.github.client import GitHub
from fetcher.github.errors import GitHubError
from fetcher.github.gate import Waits
from fetcher.github.githubs import GitHubs
from fetcher.github.sighting import Sighting
from fetcher.poll.poller import LONGEST_PAUSE
from fetcher.schedule import cadence
from fetcher.schedule.cadence import Standing
from fetcher.schedule.detector import Detector
from fetcher.schedule.estimate import pace_of, requests_by_name
from fetcher.schedule.roster import Roster
from fetcher.schedule.standings import note_read, standings
from fetcher.selection import owner_of
from fetcher.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Whose turn it is.

    Attributes:
        names: The names of the repositories to read now, in order.
        paused: Why others are left alone for a while, by name.
        unlisted: Why it is not known what repositories an owner has, by name.
        lanes: How many repositories there are in each; the key is None before it is known.
        owners: How many repositories each has, by name in lower case.
        requests_per_hour: What reading all of them takes while nothing is new.
    """

    names: Sequence[str]
    paused: Mapping[str, str]
    unlisted: Mapping[str, GitHubError]
    lanes: Counter[str | None]
    owners: Counter[str]
    requests_per_hour: float

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be read now, as opposed to nothing that can be."""
        if self.names:
            return False
        hindered = bool(self.paused or self.unlisted)
        return not hindered or len(self.paused) < self.owners.total()


class Rota:
    """Tells whose turn it is.

    Attributes:
        roster: All that there is to read.
    """

    def __init__(
        self,
        state: State,
        githubs: GitHubs,
        roster: Roster,
        cycle: timedelta,
        clock: Clock,
    ) -> None:
        self.roster = roster
        self._state = state
        self._githubs = githubs
        self._cycle = cycle
        self._clock = clock
        self._began: dict[str, datetime] = {}
        self._detectors: dict[GitHub, Detector] = {}
        self._sightings: dict[str, Sighting] = {}
        self._waits_kept: dict[str, Waits] = {}

    async def due(self) -> Due:
        """The repositories to read now."""
        await self.note()
        names, now = await self.roster.names(), self._clock()
        pauses = await self._state.run(observations.pauses)
        known = await self._state.run(lambda connection: standings(connection, names, now))
        # A longer pause was noted before the clock was set back.
        paused = {
            name: pause.error
            for name, pause in pauses.items()
            if name in known and now < pause.until <= now + LONGEST_PAUSE
        }
        late: dict[str, datetime] = {}
        requests = 0.0
        for github, there in self._by_github(known.values()):
            readable = [standing for standing in there if standing.name not in paused]
            left_alone = [standing for standing in there if standing.name in paused]
            seen, pace = await self._detected(github, readable), pace_of(github, self._cycle)
            late |= cadence.due(seen, pace, now)
            takes = requests_by_name(github, [*seen, *left_alone], self._cycle, now)
            requests += sum(takes.values())
        return Due(
            names=sorted(late, key=late.__getitem__),
            paused=paused,
            unlisted=dict(self.roster.failures),
            lanes=Counter(standing.lane for standing in known.values()),
            owners=Counter(map(owner_of, known)),
            requests_per_hour=requests,
        )

    def _by_github(self, known: Iterable[Standing]) -> Iterable[tuple[GitHub, Sequence[Standing]]]:
        """Each credential has a pace of its own."""
        found: dict[GitHub, list[Standing]] = {}
        for standing in known:
            found.setdefault(self._githubs.for_repository(standing.name), []).append(standing)
        return found.items()

    async def _detected(
        self, github: GitHub, standings_there: Sequence[Standing]
    ) -> Sequence[Standing]:
        """Those of one credential, with what the detector sees of them."""
        names = [standing.name for standing in standings_there if standing.is_detectable]
        detector = self._detectors.setdefault(github, Detector(github))
        if not detector.is_worth_it(len(names)):
            return standings_there
        sightings = await detector.look(names)
        self._sightings |= sightings
        markers = {name: sighting.marker for name, sighting in sightings.items()}
        return [standing.seen(markers.get(standing.name)) for standing in standings_there]

    def sighting(self, name: str) -> Sighting | None:
        """What the detector last saw of a repository."""
        return self._sightings.get(name)

    def begins(self, name: str) -> None:
        """Reading a repository begins."""
        self._began[name] = self._clock()

    async def note(self) -> None:
        """Keep in the state which repositories' reading has begun, and what the gates wait for.

        A kill before this costs a repository its place, and GitHub a request.
        """
        began, self._began = self._began, {}
        waits = {
            fingerprint: gate.waits
            for github in self._githubs.by_owner().values()
            for fingerprint, gate in github.gates.items()
        }
        changed = {f: each for f, each in waits.items() if self._waits_kept.get(f) != each}
        if not (began or changed):
            return

        def keep(connection: Connection) -> None:
            note_read(connection, began)
            for fingerprint, each in changed.items():
                observations.keep_gate(connection, fingerprint, each)

        await self._state.run(keep)
        self._waits_kept |= changed
