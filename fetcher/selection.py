"""Which repositories the settings select: those named, and those of owners that are followed. Pure.

`owner/name` names one, `owner/*` is all that an owner has, `!owner/name` leaves one of them out.
Archived ones can't deploy, so `owner/*` has none of them: whoever wants one's history names it.
Forks are repositories like any other, because some companies deploy from theirs.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

PATTERN: Final = re.compile(r"(!?)([A-Za-z0-9_-]+)/(\*|[A-Za-z0-9._-]+)")
ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which repositories there are to read.

    Attributes:
        named: Each as `owner/name`, spelled as in the settings.
        owners: Whose repositories are followed.
        left_out: In lower case.
    """

    named: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()

    def names(self, owned: Mapping[str, Collection[str]]) -> tuple[str, ...]:
        """The repositories to read, each once.

        Args:
            owned: What each followed owner has, by owner; owners that are not known are left out.
        """
        chosen = {name.lower(): name for name in self.named}
        for owner in self.owners:
            for name in owned.get(owner, ()):
                if name.lower() not in self.left_out:
                    chosen.setdefault(name.lower(), name)
        return tuple(chosen.values())


def owner_of(name: str) -> str:
    """Whose repository it is, in lower case: GitHub does not tell upper case from lower."""
    return name.partition("/")[0].lower()


def select(patterns: Iterable[str]) -> Selection:
    """What the patterns say; GitHub does not tell upper case from lower.

    Raises:
        ValueError: One of them says nothing, or the opposite of another.
    """
    named: dict[str, str] = {}
    owners: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for pattern in (pattern.strip() for pattern in patterns):
        if not (match := PATTERN.fullmatch(pattern)):
            raise ValueError(f"{pattern!r} is not owner/name, owner/* or !owner/name")
        negation, owner, name = match.groups()
        if negation and name == ALL:
            raise ValueError(f"{pattern!r} leaves out all of an owner: leave out {pattern[1:]!r}")
        if name == ALL:
            owners[owner.lower()] = owner
        else:
            (left_out if negation else named)[f"{owner}/{name}".lower()] = f"{owner}/{name}"
    for key, name in left_out.items():
        if key in named:
            raise ValueError(f"{name!r} is both named and left out")
        if key.partition("/")[0] not in owners:
            raise ValueError(f"'!{name}' leaves out nothing: there is no '{name.split('/')[0]}/*'")
    return Selection(tuple(named.values()), tuple(owners.values()), frozenset(left_out))
