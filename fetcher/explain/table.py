"""Explanations as a table for people, and as JSON for programs. Pure."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import zip_longest
from typing import Final

from fetcher.explain.explanation import Explanation, Outlook, unmatched
from fetcher.mapping.rules import Rule

# The columns and the width of each; what is longer continues below. 116 characters in all.
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
MOST_OTHERS: Final = 5  # workflows that are left alone
FOOTNOTE: Final = (
    "FREE/H: requests an hour while nothing is new; with a token GitHub does not charge them."
    " CHARGED/H: what is charged at the rate of the last 7 days' deployments."
)


def as_json(outlook: Outlook) -> str:
    """A list of objects, one for each repository."""
    objects = [asdict(explanation) for explanation in outlook.explanations]
    return json.dumps(objects, indent=2, default=_in_utc)


def as_table(outlook: Outlook) -> str:
    """A row for each repository, with the reason below it."""
    rows = [_cells(each) for each in outlook.explanations]
    titles = [[title] for title in COLUMNS]
    columns = zip(titles, *rows, strict=True)
    widths = [max(len(line) for cell in column for line in cell) for column in columns]
    lines = [_line(list(COLUMNS), widths)]
    for explanation, cells in zip(outlook.explanations, rows, strict=True):
        lines += [_line(line, widths) for line in zip_longest(*cells, fillvalue="")]
        lines += _indented(explanation.why)
        lines += _indented(_left_alone(explanation))
    return "\n".join([*lines, "", *textwrap.wrap(_footnote(outlook), WIDTH)])


def _left_alone(explanation: Explanation) -> str:
    """The workflows that were looked at but are not read by their runs; empty for none."""
    shown, more = explanation.others[:MOST_OTHERS], len(explanation.others) - MOST_OTHERS
    text = "; ".join([*shown, *([f"and {more} more"] if more > 0 else [])])
    return f"left alone: {text}" if text else ""


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def _footnote(outlook: Outlook) -> str:
    text = FOOTNOTE
    if len(outlook.explanations) > 1:
        free = sum(each.free for each in outlook.explanations)
        charged = sum(each.charged for each in outlook.explanations)
        text += f" In all {free:,.0f} and {charged:,.2f}."
    if outlook.points:
        text += (
            " So many repositories are watched by GraphQL, for"
            f" {outlook.points:,.0f} points an hour of its own limit."
        )
    return text


def _in_utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def useless(explanations: Sequence[Explanation], rules: Sequence[Rule]) -> list[str]:
    """A sentence for each rule that decided nothing that was looked at."""
    return [
        f"fetcher.rules[{number}] has no effect on what was looked at: {_match(rules[number - 1])}"
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
        [f"{explanation.charged:,.2f}"],
    )
    return [_wrapped(text, width) for text, width in zip(texts, COLUMNS.values(), strict=True)]


def _wrapped(names: Iterable[str], width: int) -> list[str]:
    """The names, separated by commas, on as many lines as they take."""
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
