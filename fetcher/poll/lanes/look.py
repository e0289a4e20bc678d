"""What a look finds, and when the next one is due. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from fetcher.event import Event
from fetcher.github.answers import Run
from fetcher.mapping.rules import Rule, Ruled, ruled
from fetcher.mapping.services import Sight
from fetcher.mapping.source import Source
from fetcher.observations import Watched

# GitHub's times are whole seconds: a state that came in the second of the last one changes no time.
# A look is the last one only if it was made later than that.
SETTLED: Final = timedelta(minutes=1)
NEXT_PASS: Final = timedelta(seconds=1)
# What hangs is looked at less often; a list still shows at once when it changes.
HANGING: Final = timedelta(hours=6)
BETWEEN_LOOKS_AT_HANGING: Final = timedelta(minutes=10)
# An approval may take 30 days and a run 35 (docs.github.com/en/actions/reference/limits).
LONGEST_LIFE: Final = timedelta(days=36)


class Told(NamedTuple):
    """What made a deployment, and its events; none when they are ignored.

    Attributes:
        environment: As GitHub has it; "" when nothing has begun.
    """

    source: Source
    events: list[Ruled]
    environment: str

    @classmethod
    def of(cls, rules: Sequence[Rule], source: Source, events: Iterable[Event]) -> "Told":
        """The events of one deployment, as the rules want them."""
        found = list(events)
        told = [ruled(rules, event, source) for event in found]
        environment = found[0].environment if found else ""
        return cls(source, [each for each in told if each], environment)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    Attributes:
        item: As it is to be watched from now on.
        events: All that are owed of it, including those told before.
        sights: Their deployments, as far as names can tell which service they are of.
        run: The one that was looked at, or that filed the deployment, if that is known.
        doubtful: Deployments of which nothing is told, unless something was told before.
        is_blank: A deployment that is so new that nothing tells yet what filed it.
    """

    item: Watched
    events: tuple[Event, ...] = ()
    sights: tuple[Sight, ...] = ()
    run: Run | None = None
    doubtful: frozenset[str] = frozenset()
    is_blank: bool = False


def look_of(
    item: Watched, told: Iterable[Ruled], since_at: datetime, run: Run | None = None
) -> Look:
    """The look that found this, without what is not owed."""
    found = list(told)
    events = owed([_with_parents(item, each.event) for each in found], since_at)
    ids = {event.deployment_id for event in events}
    sights = {each.sight.deployment_id: each.sight for each in found if each.sight}
    return Look(
        replace(item, told=item.told or bool(events)),
        events,
        tuple(sight for sight in sights.values() if sight.deployment_id in ids),
        run,
    )


def next_look(
    created_at: datetime, changed_at: datetime, now: datetime, *, ended: bool
) -> datetime | None:
    """When to look again at what last changed then; None if nothing more can come."""
    if ended:
        return None if now - changed_at >= SETTLED else now + NEXT_PASS
    if now - created_at > LONGEST_LIFE:
        return None
    return now + (NEXT_PASS if now - changed_at < HANGING else BETWEEN_LOOKS_AT_HANGING)


def owed(events: Sequence[Event], since_at: datetime) -> tuple[Event, ...]:
    """The events without those of deployments that ended before `since_at`."""
    ended_before = {
        event.deployment_id: event.status != "in-progress" and event.happened_at < since_at
        for event in events
    }
    return tuple(event for event in events if not ended_before[event.deployment_id])


def _with_parents(item: Watched, event: Event) -> Event:
    return replace(event, parent_deployments=tuple(item.parents.get(event.deployment_id, ())))
