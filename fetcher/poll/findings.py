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
        columns: Of the repository's row, where they change.
        watched: By lane and id.
        looks: What was found by looking, in its order.
        doubtful: Deployments of which nothing is to be told, unless something was told before:
            they are found in the other lane from now on.
        error: Of one item, for which the others did not wait.
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
        """What is owed, what was told before among it."""
        return [event for look in self.looks for event in look.events]

    @property
    def sights(self) -> list[Sight]:
        """What the services of the events follow from."""
        return [sight for look in self.looks for sight in look.sights]

    def of(self, lane: Lane) -> list[Look]:
        """What was found in one lane."""
        return [look for look in self.looks if look.item.lane == lane]

    def watch(self, items: Iterable[Watched]) -> None:
        """Keep these as they are now."""
        self.watched |= {(item.lane, item.id): item for item in items}

    def drop_runs(self) -> None:
        """Forget what was found in the runs, as if it had not been asked for."""
        self.watched = {key: item for key, item in self.watched.items() if item.lane != "runs"}
        self.looks = self.of("deployments")
        self.columns.pop("runs_read_to", None)
        self.more.discard("runs")
