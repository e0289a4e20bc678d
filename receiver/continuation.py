"""Which rows of an exported log continue a log. Pure.

An event keeps its id, so the ids alone tell where an import that was cut off goes on, and links and
readers' positions stay valid. None is put below the log's end: whoever follows the log would miss
it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from receiver.event import Event


class AnotherLog(Exception):
    """The log has another event with a row's id.

    Attributes:
        place: The row's.
    """

    def __init__(self, place: int, event_id: int) -> None:
        super().__init__(
            f"event {event_id} of this log is a different one: rows can be imported into an empty "
            "log, or into one that begins with the same rows"
        )
        self.place = place


@dataclass
class Continuation:
    """What becomes of some rows.

    Attributes:
        last_id: Of the log, with what is new.
        new: What is to be appended.
        known: How many the log has already.
        gap_to: The largest id that is skipped; 0 for none. Its event was removed, or its line bad.
        late: The places of rows that the log lacks although it is past their ids.
    """

    last_id: int
    new: list[Event] = field(default_factory=list)
    known: int = 0
    gap_to: int = 0
    late: list[int] = field(default_factory=list)


def continuation(last_id: int, stored: Mapping[int, Event], rows: Sequence[Event]) -> Continuation:
    """Tell for each row whether it continues the log.

    Args:
        last_id: Of the log; 0 when it is empty.
        stored: The log's events that have an id of the rows.
        rows: In the order of their lines.

    Raises:
        AnotherLog: The rows are not of the same log.
    """
    result = Continuation(last_id)
    seen = dict(stored)
    for place, row in enumerate(rows):
        if row.id > result.last_id:
            if row.id > result.last_id + 1:
                result.gap_to = row.id - 1
            result.last_id = row.id
            result.new.append(row)
            seen[row.id] = row
        elif row.id not in seen:
            result.late.append(place)
        elif seen[row.id] == row:
            result.known += 1
        else:
            raise AnotherLog(place, row.id)
    return result
