"""Which events of the log are asked for: a rule for one event, and the same rule as SQL."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, true

from receiver.event import Event
from receiver.schema import event


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events of the log; None means any. `since` is inclusive, `until` exclusive.

    Attributes:
        services: At least one.
        environments: Likewise.
    """

    services: frozenset[str] | None = None
    environments: frozenset[str] | None = None
    status: str | None = None
    deployment_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has(self, service: str, environment: str) -> bool:
        """Whether events of the slot may be of these."""
        return (self.services is None or service in self.services) and (
            self.environments is None or environment in self.environments
        )

    def matches(self, found: Event) -> bool:
        """Whether the event is one of these."""
        return (
            self.has(found.service, found.environment)
            and self.status in (None, found.status)
            and self.deployment_id in (None, found.deployment_id)
            and (self.since is None or found.happened_at >= self.since)
            and (self.until is None or found.happened_at < self.until)
        )

    def condition(self) -> ColumnElement[bool]:
        """The filter as SQL."""
        columns = event.c
        equal = {columns.status: self.status, columns.deployment_id: self.deployment_id}
        conditions = [column == value for column, value in equal.items() if value is not None]
        conditions += self.named(event)
        if self.since is not None:
            conditions.append(columns.happened_at >= self.since)
        if self.until is not None:
            conditions.append(columns.happened_at < self.until)
        return and_(true(), *conditions)

    def named(self, place: FromClause) -> Iterator[ColumnElement[bool]]:
        """Its names alone as SQL, for any table that has them."""
        columns = place.c
        for column, names in (
            (columns.service, self.services),
            (columns.environment, self.environments),
        ):
            if names is not None:
                yield _is_among(column, names)


EVERYTHING: Final = Filter()


def _is_among(column: ColumnElement[str], names: AbstractSet[str]) -> ColumnElement[bool]:
    # What is equal to one name can be read in the order of an index.
    return column.in_(sorted(names)) if len(names) > 1 else column == next(iter(names))
