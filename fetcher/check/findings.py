"""What `check` found, and how it is printed. Pure."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        level: A warning is what works, and will not for ever or not in whole.
        subject: What it is about.
        text: How it is.
        remedy: What to do about it, a sentence.
    """

    level: Level
    subject: str
    text: str
    remedy: str = ""


def as_lines(findings: Iterable[Finding]) -> str:
    """A line for each."""
    return "\n".join(
        f"{one.level:<7}  {one.subject}: {one.text}{'. ' if one.remedy else ''}{one.remedy}"
        for one in findings
    )


def as_json(findings: Iterable[Finding]) -> str:
    """A list of objects."""
    return json.dumps([asdict(one) for one in findings], indent=2)
