"""What one pass is going to commit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fetcher.event import Event
from fetcher.github.errors import GitHubError
from fetcher.mapping.services import Sight
from fetcher.observations import Lane, Watched
from fetcher.poll.lanes.look import Look


@dataclass(slots=True)
class Findings:
    """What one pass is going to commit.

    Attributes:
        columns: Those of the repository's row that change.
        watched: By lane and id.
        looks: What was found by looking, in its order.
        doubtful: Deployments of which nothing is to be told, unless something was told before:
            they are found in the other lane from now on.
        error: That of one item, which did not hold up the others.
        more: Lanes in which not everything that is due was looked at.
        garbled: The commits of deployments that could not be understood.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    watched: dict[tuple[Lane, int], Watched] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)
    doubtful: frozenset[str] = frozenset()
    error: GitHubError | None = None
    more: set[Lane] = field(default_factory=set)
    garbled: set[str] = field(default_factory=set)

    @property
    def is_nothing(self) -> bool:
        """Whether no item was found or looked at."""
        return not (self.watched or self.looks)

    @property
    def events(self) -> list[Event]:
        """What is owed, including what was told before."""
        return [event for look in self.looks for event in look.events]

    @property
    def sights(self) -> list[Sight]:
        """What the events' services follow from."""
        return [sight for look in self.looks for sight in look.sights]

    def of(self, lane: Lane) -> list[Look]:
        """What was found in one lane."""
        return [look for look in self.looks if look.item.lane == lane]

    def watch(self, items: Iterable[Watched]) -> None:
        """Keep these as they are now."""
        self.watched |= {(item.lane, item.id): item for item in items}

    def drop_runs(self) -> None:
        """Forget what was found in the runs, as if they had not been asked for."""
        self.watched = {key: item for key, item in self.watched.items() if item.lane != "runs"}
        self.looks = self.of("deployments")
        self.columns.pop("runs_read_to", None)
        self.more.discard("runs")
