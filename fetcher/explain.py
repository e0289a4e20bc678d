"""What `plan` prints: what the fetcher would read of each repository, and why."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from fetcher.github.answers import Deployment, DeploymentStatus, Environment, Run
from fetcher.github.errors import Forbidden, GitHubError, Missing
from fetcher.github.githubs import GitHubs
from fetcher.github.reader import Reader
from fetcher.mapping.deployments import run_of
from fetcher.mapping.origin import Origin, name_services
from fetcher.plan import Plan, first_plan, judged
from fetcher.progress import Progress, Step, no_step
from fetcher.roster import look_up
from fetcher.selection import Selection

COLUMNS: Final = ("repository", "lane", "services", "environments", "workflows", "why")
MOST_TRACED: Final = 5  # deployments whose workflow is looked up: one of each environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What would be read of one repository.

    Attributes:
        lane: `deployments`, `runs`, `none`, or `error`: then `why` says what is wrong.
        workflows: The files of those that deploy, as far as that can be seen.
        others: Workflows that were judged not to deploy, and why.
    """

    repository: str
    lane: str
    services: tuple[str, ...]
    environments: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    why: str


async def explain_selected(
    githubs: GitHubs, selection: Selection, progress: Progress
) -> list[Explanation]:
    """One explanation for each repository that is selected, and each owner without an answer."""
    names, failures = await look_up(githubs, selection)
    unlisted = [
        Explanation(repository=f"{owner}/*", lane="error", services=(), why=str(error))
        for owner, error in failures.items()
    ]
    with progress.of("Reading repositories", len(names)) as step:
        return [*await explain(githubs, names, step), *unlisted]


async def explain(
    githubs: GitHubs, repositories: Sequence[str], step: Step = no_step
) -> list[Explanation]:
    """One explanation for each repository, in their order; `step` is called after each."""
    services = name_services(repositories, {})

    async def explained(name: str) -> Explanation:
        explanation = await _explained(githubs, name, services[name])
        step()
        return explanation

    return list(await asyncio.gather(*map(explained, repositories)))


async def _explained(githubs: GitHubs, name: str, service: str) -> Explanation:
    reader = Reader(githubs.for_repository(name))
    try:
        return await _read(reader, name, service)
    except GitHubError as error:
        return Explanation(repository=name, lane="error", services=(service,), why=str(error))


async def _read(reader: Reader, name: str, service: str) -> Explanation:
    deployments = await reader.all(f"/repos/{name}/deployments", Deployment, reaches=lambda _: True)
    plan = (await first_plan(reader, name)).with_deployments(deployments, ())
    plan = await judged(reader, name, plan)
    if plan.lane == "deployments":
        environments = await _environments(reader, name, deployments)
        workflows = await _tracing(reader, name, plan, deployments)
    else:
        deploying = [verdict for verdict in plan.workflows if verdict.deploys]
        environments = tuple(sorted({e for verdict in deploying for e in verdict.environments}))
        workflows = tuple(f"{_file(v.workflow.path)}: {v.why}" for v in deploying)
    return Explanation(
        repository=name,
        lane=plan.lane,
        services=(service,) if plan.lane != "none" else (),
        environments=environments,
        workflows=workflows,
        others=tuple(f"{_file(v.workflow.path)}: {v.why}" for v in plan.workflows if not v.deploys),
        why=plan.why,
    )


async def _environments(
    reader: Reader, name: str, deployments: Sequence[Deployment]
) -> tuple[str, ...]:
    """Those that were deployed to, the latest first, then those that only exist."""
    used = [deployment.environment for deployment in deployments]
    try:
        there = await reader.all(f"/repos/{name}/environments", Environment, field="environments")
    except (Forbidden, Missing):
        there = ()
    return tuple(dict.fromkeys([*used, *(environment.name for environment in there)]))


async def _tracing(
    reader: Reader, name: str, plan: Plan, deployments: Sequence[Deployment]
) -> tuple[str, ...]:
    """The workflows that made the newest deployments."""
    newest = {d.environment: d for d in reversed(deployments)}
    origin = Origin(service="", id_prefix="", page=plan.page)
    found = [await _workflow(reader, name, origin, d) for d in list(newest.values())[:MOST_TRACED]]
    return tuple(sorted(set(found)))


async def _workflow(reader: Reader, name: str, origin: Origin, deployment: Deployment) -> str:
    path = f"/repos/{name}/deployments/{deployment.id}/statuses"
    statuses = await reader.all(path, DeploymentStatus)
    if (run_id := run_of(origin, statuses)) is None:
        return "a third party"
    try:
        run = await reader.one(f"/repos/{name}/actions/runs/{run_id}", Run)
    except (Forbidden, Missing):
        return "a workflow"
    return _file(run.path) or "a workflow"


def _file(path: str) -> str:
    return path.partition("@")[0].rpartition("/")[2]


def as_json(explanations: Sequence[Explanation]) -> str:
    """A list of objects, one for each repository."""
    return json.dumps([asdict(explanation) for explanation in explanations], indent=2)


def as_table(explanations: Sequence[Explanation]) -> str:
    """A row for each repository, as wide as its widest cells."""
    rows = [[_cell(getattr(e, column)) for column in COLUMNS] for e in explanations]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    titles = [column.upper() for column in COLUMNS]
    return "\n".join(_line(cells, widths) for cells in [titles, *rows])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else ", ".join(value)
    return text or "-"
