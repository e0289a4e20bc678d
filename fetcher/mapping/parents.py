"""Which deployments another one follows. Pure.

What is certain is what a job `needs`, according to the workflow's file. Where the file can't be
read, or it is not clear which of its jobs one is, times tell something: a job's deployment is filed
once the jobs that it needs have ended. A deployment that begins a run may be the promotion of what
another run has brought elsewhere. A doubtful parent is left out: a wrong line on the dashboard is
worse than none.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fetcher.mapping.naming import words
from fetcher.mapping.rules import Ruled
from fetcher.mapping.source import Source
from fetcher.mapping.workflow_graph import Graph, JobPath, Located

# GitHub files a deployment and notes another's success independently, to the second.
LEEWAY: Final = timedelta(seconds=2)
STAGES: Final = {
    word: rank
    for rank, words_of_stage in enumerate(
        (
            "dev development develop",
            "test testing tst",
            "qa",
            "stag stage staging stg uat preprod",
            "prod production prd live",
        )
    )
    for word in words_of_stage.split()
}
BEFORE_PRODUCTION: Final = STAGES["preprod"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A deployment that has begun, as one of several that may follow each other.

    Attributes:
        number: GitHub's; the later, the larger.
        deployment_id: As it is told.
        environment: As GitHub spells it; None where no deployment is filed and names guess it.
        filed_at: When GitHub filed it, which it does when nothing needed is left to wait for.
        succeeded_at: None if it has not.
        job: The name of its job; empty if that is not known.
        attempt: Of its run.
        run: The id of the run; None for a third party's.
        unit: What it deploys, where a repository deploys several things.
    """

    number: int
    deployment_id: str
    environment: str | None
    filed_at: datetime
    succeeded_at: datetime | None = None
    job: str = ""
    attempt: int = 1
    run: int | None = None
    unit: tuple[str, ...] = ()


def step_of(
    source: Source,
    told: Sequence[Ruled],
    *,
    number: int,
    filed_at: datetime,
    environment: str | None,
) -> Step | None:
    """What is told of one deployment, as a step; None while it has not begun."""
    if not told:
        return None
    first, run, job = told[0], source.run, source.job
    ends = (each.event.happened_at for each in told if each.event.status == "success")
    return Step(
        number=number,
        deployment_id=first.event.deployment_id,
        environment=environment,
        filed_at=filed_at,
        succeeded_at=next(ends, None),
        job=job.name if job else "",
        attempt=job.run_attempt if job else 1,
        run=run.id if run else None,
        unit=first.sight.place.unit if first.sight else (first.event.service,),
    )


def ids(steps: Iterable[Step]) -> tuple[str, ...]:
    """The deployments' ids, as they are sent."""
    return tuple(step.deployment_id for step in steps)


def parents_in_run(graph: Graph | None, step: Step, run: Sequence[Step]) -> tuple[Step, ...]:
    """The parents among the deployments of the same run: by needs, else by time."""
    found = parents_by_needs(graph, step, run) if graph else None
    return parents_by_time(step, run) if found is None else found


def parents_by_needs(graph: Graph, step: Step, run: Iterable[Step]) -> tuple[Step, ...] | None:
    """The nearest deployments of the same run that the step's job needs.

    Jobs that did not deploy are looked through. Of a job that was run again, the latest attempt
    counts that is not later than the step's own, because a re-run of what failed has its parents in
    an earlier attempt. A leg of a matrix follows the leg with the same values, else all legs.

    Args:
        graph: The run's workflow.
        step: The one that follows.
        run: The run's deployments that have begun; `step` may be among them.

    Returns:
        None if a job of the run can't be found in the workflow.
    """
    others = [each for each in run if each.attempt <= step.attempt and each.number != step.number]
    own, by_path = _located(graph, step), _by_path(graph, others)
    if own is None or by_path is None:
        return None
    parents: list[Step] = []
    waiting, seen = list(graph.before(own.path)), {own.path}
    while waiting:
        path = waiting.pop()
        if path in by_path:
            parents += _legs(own, _latest(by_path[path]))
        elif path not in seen:
            waiting += graph.before(path)
        seen.add(path)
    return _in_order(parents)


def parents_by_time(step: Step, run: Iterable[Step]) -> tuple[Step, ...]:
    """The deployments of the run after which the step was filed, less those that these follow."""
    before = [each for each in run if _follows(step, each)]
    last = [each for each in before if not any(_follows(other, each) for other in before)]
    return _in_order([each for each in last if each.unit == step.unit] or last)


def promotes(step: Step, earlier: Step) -> bool:
    """Whether the step takes further what another run has brought to an environment before.

    Both are of one commit; of several such, the latest is the parent.
    """
    return (
        earlier.unit == step.unit
        and (step.run is None or earlier.run != step.run)
        and leads_to(earlier.environment or "", step.environment or "")
        and _follows(step, earlier)
    )


def leads_to(environment: str, other: str) -> bool:
    """Whether one promotes from an environment to the other: staging-eu leads to production-eu."""
    (rank, place), (other_rank, other_place) = _stage(environment), _stage(other)
    if rank is None or other_rank is None:
        return False
    return rank < other_rank and (not place or place == other_place)


def _stage(environment: str) -> tuple[int | None, frozenset[str]]:
    spoken = frozenset(words(environment))
    ranks = [STAGES[word] for word in spoken if word in STAGES]
    if "pre" in spoken and ranks:
        return BEFORE_PRODUCTION, spoken - STAGES.keys() - {"pre"}
    return (ranks[0] if len(ranks) == 1 else None), spoken - STAGES.keys()


def _by_path(
    graph: Graph, steps: Iterable[Step]
) -> dict[JobPath, list[tuple[Step, Located]]] | None:
    by_path: defaultdict[JobPath, list[tuple[Step, Located]]] = defaultdict(list)
    for step in steps:
        if (located := _located(graph, step)) is None:
            return None
        by_path[located.path].append((step, located))
    return dict(by_path)


def _located(graph: Graph, step: Step) -> Located | None:
    located = graph.locate(step.job, step.environment) if step.job else None
    # Of a workflow that can't be read it is not known which of its jobs comes first.
    return None if located and graph.is_opaque(located.path) else located


def _latest(executions: Iterable[tuple[Step, Located]]) -> Sequence[tuple[Step, Located]]:
    """Of every leg its latest attempt."""
    ordered = sorted(executions, key=lambda each: (each[0].attempt, each[0].number))
    return list({step.job: (step, located) for step, located in ordered}.values())


def _legs(own: Located, legs: Sequence[tuple[Step, Located]]) -> list[Step]:
    same = [step for step, located in legs if located.leg == own.leg]
    return same or [step for step, _ in legs]


def _follows(later: Step, earlier: Step) -> bool:
    if earlier.succeeded_at is None or earlier.number >= later.number:
        return False
    return earlier.succeeded_at <= later.filed_at + LEEWAY


def _in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(set(steps), key=lambda step: step.number))
