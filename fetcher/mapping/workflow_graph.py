"""The jobs of a workflow and of those that it calls, and what each of them waits for. Pure.

A job's path is the ids of the jobs that call it and its own: `("release", "eu")`.
https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise, product
from typing import Final

from fetcher.mapping.workflow_file import WorkflowJob

JobPath = tuple[str, ...]
Pattern = tuple[str, ...]  # literals, with anything in between

EXPRESSION: Final = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
ANYTHING: Final = ("", "")
# GitHub appends a leg's values, unless the name has an expression that contains them.
VALUES: Final = (" (", ")")
MOST_JOBS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow's file, with the files that its jobs call.

    Attributes:
        called: By the id of the calling job; a file that could not be read is missing.
    """

    jobs: tuple[WorkflowJob, ...]
    called: Mapping[str, "Workflow"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Located:
    """A job as its name is found in the graph.

    Attributes:
        leg: The values by which the legs of a matrix differ, as far as the name shows them.
    """

    path: JobPath
    leg: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    workflow: Workflow
    job: WorkflowJob
    names: tuple[Pattern, ...]

    @property
    def opaque(self) -> bool:
        """It stands for all the jobs of a workflow that could not be read."""
        return bool(self.job.uses) and self.job.id not in self.workflow.called


class Graph:
    """Which job of a workflow waits for which; of one that is too large, for its first jobs."""

    def __init__(self, workflow: Workflow) -> None:
        self._known = dict(islice(_by_path(workflow, (), ((),)), MOST_JOBS))

    def locate(self, name: str, environment: str | None = None) -> Located | None:
        """The job of this name; None when it is not certain which it is.

        Args:
            name: As GitHub shows it: expressions are evaluated, legs have their values in
                brackets, and the called workflow's job stands behind the calling one's: `a / b`.
            environment: Where the deployment goes that the job has filed, if it has filed one.
        """
        fitting: dict[int, list[Located]] = {}
        for path, known in self._known.items():
            if environment is None or _goes_to(known, environment):
                best = max(_fits(known.names, name), key=lambda fit: fit[0], default=None)
                if best is not None:
                    leg = frozenset(filter(None, ", ".join(best[1]).split(", "))) - {environment}
                    fitting.setdefault(best[0], []).append(Located(path, leg))
        # The pattern with the most letters is the one meant; of two such, neither is certain.
        best_fits = fitting[max(fitting)] if fitting else []
        return best_fits[0] if len(best_fits) == 1 else None

    def is_opaque(self, path: JobPath) -> bool:
        """Whether it stands for all the jobs of a workflow that could not be read."""
        return self._known[path].opaque

    def is_silent(self, name: str) -> bool:
        """Whether the job of this name says that what it does is no deployment."""
        located = self.locate(name)
        return located is not None and self._known[located.path].job.silent

    def before(self, path: JobPath) -> tuple[JobPath, ...]:
        """The paths of the jobs that must have ended before the job at this path begins.

        The first jobs of a called workflow wait for what the calling job needs.
        """
        known = self._known[path]
        around = path[:-1]
        needed = [(*around, name) for name in known.job.needs if (*around, name) in self._known]
        if not needed:
            return self.before(around) if around else ()
        return tuple(last for each in needed for last in self._last(each))

    def _last(self, path: JobPath) -> Iterator[JobPath]:
        """The path itself, or those of the jobs with which the workflow it calls ends."""
        known = self._known[path]
        called = known.workflow.called.get(known.job.id)
        if called is None:
            yield path
            return
        needed = {name for job in called.jobs for name in job.needs}
        for job in called.jobs:
            if job.id not in needed and (*path, job.id) in self._known:
                yield from self._last((*path, job.id))


def _by_path(
    workflow: Workflow, around: JobPath, names: Sequence[Pattern]
) -> Iterator[tuple[JobPath, _Known]]:
    for job in workflow.jobs:
        path = (*around, job.id)
        own = tuple(_joined(*each) for each in product(names, _names(job)))
        called = workflow.called.get(job.id)
        if called is None and job.uses:
            own = tuple(_joined(each, ANYTHING) for each in own)
        yield path, _Known(workflow, job, own)
        if called is not None:
            yield from _by_path(called, path, own)


def _names(job: WorkflowJob) -> Iterator[Pattern]:
    name = tuple(EXPRESSION.split(job.name or job.id))
    yield name
    if job.matrix:
        yield (*name[:-1], name[-1] + VALUES[0], VALUES[1])


def _joined(caller: Pattern, called: Pattern) -> Pattern:
    return (*caller[:-1], f"{caller[-1]} / {called[0]}", *called[1:]) if caller else called


def _goes_to(known: _Known, environment: str) -> bool:
    if known.opaque:
        return True
    declared = known.job.environment
    if declared is None or known.job.uses:
        return False
    pattern = tuple(EXPRESSION.split(declared.lower()))
    return _between(pattern, environment.lower()) is not None


def _fits(patterns: Sequence[Pattern], name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """How many letters of each fitting pattern are in the name, and what is between them."""
    for pattern in patterns:
        if (between := _between(pattern, name)) is not None:
            yield sum(map(len, pattern)), between


def _between(pattern: Pattern, text: str) -> tuple[str, ...] | None:
    """What stands between the literals; never tried twice, however many there are."""
    first, *middle = pattern
    if not middle:
        return () if text == first else None
    last = middle.pop()
    end = len(text) - len(last)
    cuts = [(0, len(first))]
    for literal in middle:
        start = text.find(literal, cuts[-1][1])
        cuts.append((start, start + len(literal)))
    cuts.append((end, len(text)))
    fits = text.startswith(first) and text.endswith(last)
    if not fits or any(after[0] < before[1] for before, after in pairwise(cuts)):
        return None
    return tuple(text[before[1] : after[0]] for before, after in pairwise(cuts))
