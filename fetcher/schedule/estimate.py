"""What it takes to read repositories in which nothing is new, at the cadence they will have.

With many repositories the detector watches, and quiet ones are read less often, so what one
repository takes depends on all that are read with the same credential.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fetcher.github.client import GitHub
from fetcher.github.githubs import GitHubs
from fetcher.poll.planning import BETWEEN_LISTS_OF_WORKFLOWS, SHORT_PLAN_LASTS
from fetcher.schedule import cadence
from fetcher.schedule.cadence import Pace, Standing
from fetcher.schedule.detector import LARGEST_CHUNK, Detector

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What reading takes in an hour.

    Attributes:
        requests: By the name of the repository.
        points: Of GraphQL's own limit: one for each question to the detector.
    """

    requests: Mapping[str, float]
    points: float


def estimate(
    githubs: GitHubs, standings: Iterable[Standing], cycle: timedelta, now: datetime
) -> Estimate:
    """What it will take to read these, all of which have just been read."""
    there: dict[GitHub, list[Standing]] = {}
    for standing in standings:
        there.setdefault(githubs.for_repository(standing.name), []).append(standing)
    requests: dict[str, float] = {}
    points = 0.0
    for github, unwatched in there.items():
        watched = _watched(github, unwatched)
        requests |= requests_by_name(github, watched, cycle, now)
        questions = -(-sum(standing.unchanged for standing in watched) // LARGEST_CHUNK)
        points += questions * (HOUR / cycle)
    return Estimate(requests, points)


def requests_by_name(
    github: GitHub, standings: Sequence[Standing], cycle: timedelta, now: datetime
) -> dict[str, float]:
    """What each repository takes in an hour while nothing is new; free with a token."""
    lists = cadence.lists_by_name(standings, pace_of(github, cycle), now)
    return {s.name: lists[s.name] + _beside_lists(github, s, lists[s.name]) for s in standings}


def _beside_lists(github: GitHub, standing: Standing, passes: float) -> float:
    """Requests an hour for where to look in a repository whose runs are not listed."""
    if standing.lane == "none":  # for itself and its workflows
        return 2 * min(passes, HOUR / SHORT_PLAN_LASTS)
    is_quiet = standing.lane != "deployments" or standing.archived
    if is_quiet or github.credential.is_anonymous:
        return 0
    return min(passes, HOUR / BETWEEN_LISTS_OF_WORKFLOWS)


def pace_of(github: GitHub, cycle: timedelta) -> Pace:
    """What the cadence has to keep to with a credential."""
    return Pace(cycle=cycle, requests_per_minute=github.sustained, least=github.gate.least_interval)


def _watched(github: GitHub, standings: Sequence[Standing]) -> Sequence[Standing]:
    if not Detector(github).is_worth_it(sum(standing.is_detectable for standing in standings)):
        return standings
    return [replace(standing, unchanged=standing.is_detectable) for standing in standings]
