"""What `check` found wrong, and how it is reported. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from receiver.plural import counted

SHOWN: Final = 20  # of each kind: a log may have millions


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        name: What is wrong.
        remedy: What to do about it, a sentence.
    """

    name: str
    remedy: str


RESTORE: Final = "Restore the newest backup; `export` may still read what is missing in it."
REBUILD: Final = (
    "Stop the receiver, export the log and import it into a new database, which derives it again."
)
MEND: Final = (
    "Readers get it as it is. To get rid of it, export the log, correct or delete the line, and "
    "import the rest into a new database."
)

FILE: Final = Kind("the file", RESTORE)
UNREADABLE: Final = Kind("an event that cannot be read", RESTORE)
CONTRACT: Final = Kind("an event that breaks the contract", MEND)
FINISHED: Final = Kind("an event that is filed wrongly", REBUILD)
SLOTS: Final = Kind("the table of slots", REBUILD)
MATRIX: Final = Kind("the matrix", REBUILD)


class Findings:
    """What is wrong, with the first few of each kind.

    Attributes:
        events: How many were looked at.
        slots: How many they are in.
    """

    def __init__(self) -> None:
        self.events = 0
        self.slots = 0
        self._count: Counter[Kind] = Counter()
        self._shown: list[tuple[Kind, str]] = []

    def __len__(self) -> int:
        return self._count.total()

    def add(self, kind: Kind, text: str) -> None:
        """Add one more."""
        self._count[kind] += 1
        if self._count[kind] <= SHOWN:
            self._shown.append((kind, text))

    def lines(self) -> Iterator[str]:
        """The findings by kind, with what to do about each kind; then what was looked at."""
        for kind, count in self._count.items():
            yield from (f"{kind.name}: {text}" for shown, text in self._shown if shown is kind)
            if count > SHOWN:
                yield f"{kind.name}: and {count - SHOWN:,} more"
            yield f"    {kind.remedy}"
        wrong = counted(len(self), "finding") if self else "nothing is wrong"
        yield f"{counted(self.events, 'event')} in {counted(self.slots, 'slot')}: {wrong}"
