"""How often each repository is read, and in which order. Pure.

Each is read in every cycle as long as that fits into the pace, because people wait for their
deployment to show. If it does not fit, quiet repositories are read less often, and if that is still
too much, all are. Whatever is under way is looked at when that is due, whatever the cadence.

The most overdue come first. So if a limit stops a cycle half way, the next one goes on where that
one stopped, and none starves.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

# What the lists of a cycle may take of the pace; the rest is for looking at what has changed.
SHARE_FOR_LISTS: Final = 0.75
# After so long without a new deployment, only every so many cycles; the longest first.
QUIET: Final = ((timedelta(days=7), 20), (timedelta(days=1), 5))
# What cannot deploy, or what GraphQL watches, is read this often all the same.
SELDOM: Final = timedelta(hours=1)
# Elsewhere runs are listed, and deployments beside them.
ONLY_DEPLOYMENTS: Final = frozenset({"deployments", "none", None})
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a repository stands when a cycle begins.

    Attributes:
        lane: Where its deployments are found; None before that is known.
        read_at: When reading it last began; None for never.
        active_at: When the newest of its deployments or runs began; None if it has none.
        plan_due_at: When to look again for where its deployments are found.
        due: Something in it is to be looked at now.
        archived: It is read-only on GitHub, so nothing can deploy.
        marker: Of what the detector saw before it was last read.
        unchanged: The detector has just seen that nothing is new.
    """

    name: str
    lane: str | None
    read_at: datetime | None
    active_at: datetime | None
    plan_due_at: datetime | None = None
    due: bool = False
    archived: bool = False
    marker: str | None = None
    unchanged: bool = False

    @property
    def is_detectable(self) -> bool:
        """Whether the detector can tell that something is new in it."""
        return self.lane in ONLY_DEPLOYMENTS and self.read_at is not None and not self.archived

    def seen(self, marker: str | None) -> "Standing":
        """Its standing after the detector saw this; None if that was nothing."""
        if marker is None:
            return self
        same = marker == self.marker
        return replace(self, unchanged=same, due=self.due or not same)

    @property
    def requests(self) -> int:
        """How many requests a pass takes in which nothing is new."""
        return 1 if self.lane in ONLY_DEPLOYMENTS else 2

    @property
    def is_seldom(self) -> bool:
        """Whether it is read only to be safe."""
        return self.archived or self.unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the cadence has to keep to.

    Attributes:
        cycle: From one bell to the next.
        requests_per_minute: How many can be kept up for ever.
        least: No repository is read again sooner, because GitHub says so.
    """

    cycle: timedelta
    requests_per_minute: float
    least: timedelta = timedelta()

    @property
    def room(self) -> float:
        """Requests for lists in one cycle."""
        return SHARE_FOR_LISTS * self.requests_per_minute * (self.cycle / timedelta(minutes=1))


def due(standings: Sequence[Standing], pace: Pace, now: datetime) -> dict[str, datetime]:
    """The repositories to read now, and since when they are due; the first one first."""
    cycles = cycles_between(standings, pace, now)
    times = {s.name: due_at(s, cycles[s.name], pace) for s in standings}
    late = [s for s in standings if times[s.name] <= now or _is_ahead(s, now)]
    return {s.name: times[s.name] for s in sorted(late, key=lambda s: times[s.name])}


def cycles_between(standings: Iterable[Standing], pace: Pace, now: datetime) -> Mapping[str, float]:
    """Every how many cycles each repository is read."""
    read = [standing for standing in standings if not standing.is_seldom]
    seldom = dict.fromkeys((s.name for s in standings if s.is_seldom), SELDOM / pace.cycle)
    every = {standing.name: 1.0 for standing in read}
    if _load(read, every) > pace.room:
        every = {standing.name: _quiet_cycles(standing, now) for standing in read}
    stretch = max(1.0, _load(read, every) / pace.room)
    return seldom | {name: cycles * stretch for name, cycles in every.items()}


def lists_by_name(standings: Sequence[Standing], pace: Pace, now: datetime) -> Mapping[str, float]:
    """Requests for the lists of each repository in an hour."""
    cycles, an_hour = cycles_between(standings, pace, now), timedelta(hours=1) / pace.cycle
    return {each.name: each.requests * an_hour / cycles[each.name] for each in standings}


def due_at(standing: Standing, cycles: float, pace: Pace) -> datetime:
    """When to read a repository that is read every so many cycles."""
    read_at = standing.read_at
    if read_at is None:
        return NEVER
    # What is read in every cycle is due at each bell, whenever in the last cycle its turn came.
    often = standing.due or cycles <= 1
    at = read_at if often else _next_place(standing.name, cycles * pace.cycle, read_at)
    if standing.is_seldom and standing.plan_due_at:
        at = min(at, standing.plan_due_at)
    return max(at, read_at + pace.least)


def _next_place(name: str, wait: timedelta, after: datetime) -> datetime:
    """The time of a repository's own place in the wait, the same in every process.

    So those that were once read together are not due together for ever.
    """
    place = wait * (zlib.crc32(name.encode()) / 2**32)
    return after + wait - (after - NEVER - place) % wait


def _quiet_cycles(standing: Standing, now: datetime) -> float:
    if standing.due or standing.read_at is None:
        return 1
    quiet_for = now - (standing.active_at or NEVER)
    return next((cycles for longer, cycles in QUIET if quiet_for > longer), 1)


def _load(standings: Iterable[Standing], cycles: Mapping[str, float]) -> float:
    return sum(standing.requests / cycles[standing.name] for standing in standings)


def _is_ahead(standing: Standing, now: datetime) -> bool:
    """Whether it was read before the clock was set back."""
    return standing.read_at is not None and standing.read_at > now
