"""Explanations as a table for people, and as JSON for programs. Pure."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import Final

from fetcher.explain import Explanation, unmatched
from fetcher.mapping.rules import Rule

# The columns with the most that each may take; what is longer goes on below. 116 in all.
COLUMNS: Final = {
    "REPOSITORY": 30,
    "LANE": 11,
    "SERVICES": 20,
    "ENVIRONMENTS": 20,
    "WORKFLOWS": 18,
    "FREE/H": 6,
    "CHARGED/H": 9,
}
WIDTH: Final = 100
MOST_LINES: Final = 6  # of a cell
FOOTNOTE: Final = (
    "FREE/H: requests an hour while nothing is new; with a token GitHub does not charge them."
    " CHARGED/H: what is charged at the rate of the last 7 days' deployments."
)


def as_json(explanations: Sequence[Explanation]) -> str:
    """A list of objects, one for each repository."""
    return json.dumps([asdict(explanation) for explanation in explanations], indent=2)


def as_table(explanations: Sequence[Explanation]) -> str:
    """A row for each repository, with the reason below it."""
    rows = [_cells(each) for each in explanations]
    titles = [[title] for title in COLUMNS]
    columns = zip(titles, *rows, strict=True)
    widths = [max(len(line) for cell in column for line in cell) for column in columns]
    lines = [_line(list(COLUMNS), widths)]
    for explanation, cells in zip(explanations, rows, strict=True):
        lines += [_line(line, widths) for line in zip_longest(*cells, fillvalue="")]
        lines += textwrap.wrap(
            explanation.why, WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    return "\n".join([*lines, "", *textwrap.wrap(FOOTNOTE, WIDTH)])


def useless(explanations: Sequence[Explanation], rules: Sequence[Rule]) -> list[str]:
    """A sentence for each rule that decided nothing that was looked at."""
    return [
        f"fetcher.rules[{number}] decides nothing that was looked at: {_match(rules[number - 1])}"
        for number in unmatched(rules, explanations)
    ]


def _cells(explanation: Explanation) -> list[list[str]]:
    texts: tuple[Iterable[str], ...] = (
        [explanation.repository],
        [explanation.lane],
        explanation.services,
        explanation.environments,
        explanation.workflows,
        [f"{explanation.free:,.0f}"],
        [f"{explanation.charged:,.1f}"],
    )
    return [_wrapped(text, width) for text, width in zip(texts, COLUMNS.values(), strict=True)]


def _wrapped(names: Iterable[str], width: int) -> list[str]:
    """The names, with commas between, on as many lines as they take."""
    lines = [""]
    for name in names:
        joined = f"{lines[-1]}, {name}" if lines[-1] else name
        if lines[-1] and len(joined) > width:
            lines[-1] += ","
            joined = name
            lines.append("")
        lines[-1] = joined
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "…"]
    return lines if lines != [""] else ["-"]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _match(rule: Rule) -> str:
    wanted = rule.match.model_dump(exclude_none=True)
    return ", ".join(f"{name} = {json.dumps(glob)}" for name, glob in wanted.items())
