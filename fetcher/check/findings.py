"""What `check` found, and how it is printed. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

Level = Literal["ok", "warning", "error"]

MOST_ALIKE: Final = 3  # of which each has a line of its own, or is named in that of all


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        level: A warning is for what works, but not for ever or not entirely.
        subject: What it is about.
        text: What was found.
        remedy: What to do about it, a sentence.
        names: All that it is about, where they are many and the subject names only some.
    """

    level: Level
    subject: str
    text: str
    remedy: str = ""
    names: tuple[str, ...] = ()


def as_lines(findings: Iterable[Finding]) -> str:
    """A line for each."""
    return "\n".join(
        f"{one.level:<7}  {one.subject}: {one.text}{'. ' if one.remedy else ''}{one.remedy}"
        for one in findings
    )


def as_json(findings: Iterable[Finding]) -> str:
    """A list of objects."""
    return json.dumps([asdict(one) for one in findings], indent=2)


def together(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Those of repositories of which there is the same to say as one, where they are many."""
    alike: dict[Finding, list[str]] = {}
    for one in findings:
        alike.setdefault(replace(one, subject=""), []).append(one.subject)
    for said, names in alike.items():
        if len(names) <= MOST_ALIKE:
            yield from (replace(said, subject=name) for name in names)
        else:
            subject = f"{len(names):,} repositories ({', '.join(names[:MOST_ALIKE])}, …)"
            yield replace(said, subject=subject, names=tuple(names))
