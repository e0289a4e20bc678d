"""Where a repository's deployments are looked for, and why.

Deployments are exact. Workflows that file none are read by their runs, where names say that they
deploy. A workflow is in one lane only: once a deployment of it was seen, its runs are left alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from fetcher.github.answers import Deployment, Job, Repository, Run, Workflow
from fetcher.github.reader import Reader
from fetcher.mapping.naming import (
    EVENTS,
    Verdict,
    deploys_plainly,
    file_name,
    is_named,
    judge,
    may_deploy,
)
from fetcher.mapping.runs import COMPLETED
from fetcher.mapping.workflow_graph import Graph
from fetcher.poll.workflows import read_workflow

FILES: Final = "its jobs create deployments"


class Plan(BaseModel):
    """Where to look.

    Attributes:
        github_id: GitHub's number for the repository, and what GitHub calls it.
        page: Where people see it.
        deployed_at: When the newest deployment was filed; None if there is none.
        filing: Workflows of which there are deployments.
        workflows: All that the repository has, judged by their names, unless they file deployments.
        others: Workflows that no longer exist, but still have runs.
        listed_at: When the workflows were last listed; None if they may not be.
        renewed_at: When a new one was last found.
    """

    model_config = ConfigDict(frozen=True)

    github_id: int
    full_name: str
    page: str
    default_branch: str
    archived: bool = False
    deployed_at: datetime | None = None
    filing: frozenset[int] = frozenset()
    workflows: tuple[Verdict, ...] = ()
    others: frozenset[int] = frozenset()
    listed_at: datetime | None = None
    renewed_at: datetime | None = None

    @property
    def lane(self) -> Literal["deployments", "runs", "both", "none"]:
        """Where deployments are found."""
        if self.deployed_at:
            return "both" if self.read_by_runs() else "deployments"
        return "runs" if self.read_by_runs() else "none"

    @property
    def why(self) -> str:
        """Why there, for people."""
        newest = (
            f", the newest at {self.deployed_at:%Y-%m-%dT%H:%M:%SZ}" if self.deployed_at else ""
        )
        files = f"it creates deployments{newest}" if newest else "it creates no deployments"
        verdicts = [v for v in self.workflows if v.workflow.id in self.read_by_runs()]
        if verdicts:
            runs = "; ".join(
                f"{file_name(v.workflow.path)} is read by its runs: {v.why}" for v in verdicts
            )
            return f"{files}; {runs}"
        return files if newest else f"{files}, and no workflow is named as if it deploys"

    def verdict(self, workflow_id: int) -> Verdict | None:
        """What is known of a workflow."""
        return next((v for v in self.workflows if v.workflow.id == workflow_id), None)

    def read_by_runs(self) -> frozenset[int]:
        """The workflows whose runs are deployments."""
        deploying = frozenset(v.workflow.id for v in self.workflows if v.deploys)
        return deploying - self.filing

    def knows(self, workflows: Iterable[Workflow]) -> bool:
        """Whether it has judged all of these."""
        return {each.id for each in workflows} <= {v.workflow.id for v in self.workflows}

    def strangers(self, runs: Iterable[Run]) -> frozenset[int]:
        """The workflows of these runs that the plan knows nothing about."""
        known = self.others | {verdict.workflow.id for verdict in self.workflows}
        return frozenset(run.workflow_id for run in runs) - known

    def acquainted(self, runs: Iterable[Run]) -> "Plan":
        """The plan that knows of the workflows of these runs."""
        return self.model_copy(update={"others": self.others | self.strangers(runs)})

    def listed(self, at: datetime, before: "Plan | None") -> "Plan":
        """The plan whose workflows were listed then, and before that those of another one."""
        is_new = before and not before.knows(verdict.workflow for verdict in self.workflows)
        last = before.renewed_at if before else None
        return self.model_copy(update={"listed_at": at, "renewed_at": at if is_new else last})

    def with_deployments(self, deployments: Iterable[Deployment], filing: Iterable[int]) -> "Plan":
        """The plan that knows of these deployments, and of the workflows that filed some."""
        times = [deployment.created_at for deployment in deployments]
        newest = max([*times, *([self.deployed_at] if self.deployed_at else [])], default=None)
        return self.model_copy(
            update={"deployed_at": newest, "filing": self.filing.union(filing) - {0}}
        )


async def first_plan(reader: Reader, name: str) -> Plan:
    """What has to be known of a repository before anything in it is looked at.

    Raises:
        GitHubError: GitHub did not give what it takes.
    """
    repository = await reader.one(f"/repos/{name}", Repository)
    return Plan(
        github_id=repository.id,
        full_name=repository.full_name,
        page=repository.html_url or f"https://github.com/{repository.full_name}",
        default_branch=repository.default_branch,
        archived=repository.archived,
    )


async def list_workflows(reader: Reader, name: str) -> tuple[Workflow, ...]:
    """All workflows of a repository, whether they have run or not."""
    return await reader.all(f"/repos/{name}/actions/workflows", Workflow, field="workflows")


async def judged(reader: Reader, name: str, plan: Plan, before: Plan | None = None) -> Plan:
    """The plan with the repository's workflows judged, except for those that file deployments.

    Args:
        reader: The repository's.
        name: The repository's, in paths.
        plan: One that knows of the deployments.
        before: The last one: its verdicts on workflows that file deployments by now stay, because
            there may be runs from before.

    Raises:
        GitHubError: GitHub did not give what it takes.
    """
    workflows = await list_workflows(reader, name)
    known = {v.workflow.id: v for v in before.workflows} if before else {}
    verdicts = []
    for workflow in workflows:
        if workflow.id in plan.filing:
            filing = Verdict(workflow=workflow, why=FILES)
            verdicts.append(known.get(workflow.id, filing))
        else:
            verdicts.append(await _verdict(reader, name, workflow, plan))
    return plan.model_copy(update={"workflows": tuple(verdicts)})


async def _verdict(reader: Reader, name: str, workflow: Workflow, plan: Plan) -> Verdict:
    weigh = partial(
        judge, workflow, branch=plan.default_branch, strict=plan.deployed_at is not None
    )
    if not may_deploy(workflow):
        return weigh(None, ())
    runs = await reader.all(
        f"/repos/{name}/actions/workflows/{workflow.id}/runs",
        Run,
        field="workflow_runs",
        query={"per_page": "20", "exclude_pull_requests": "true"},
        reaches=lambda _: True,
    )
    if (run := _telling(runs)) is None:
        return weigh(None, ())
    jobs = await reader.all(f"/repos/{name}/actions/runs/{run.id}/jobs", Job, field="jobs")
    silent = await _silent(reader, name, run, [job.name for job in jobs if is_named(job.name)])
    speaking = [job for job in jobs if job.name not in silent]
    if run.status != COMPLETED and not any(deploys_plainly(job.name) for job in speaking):
        return weigh(None, ())  # the job that says so may not be listed yet
    verdict = weigh(run, speaking)
    if silent and verdict.scope == "run":
        return Verdict(workflow=workflow, why=f"job {silent[0]!r} says that it is not a deployment")
    return replace(verdict, silent=silent)


async def _silent(reader: Reader, name: str, run: Run, jobs: Sequence[str]) -> tuple[str, ...]:
    """Those of these jobs that have an environment with `deployment: false`."""
    workflow = await read_workflow(reader, name, run, tuple(jobs)) if jobs else None
    graph = Graph(workflow) if workflow else None
    return tuple(job for job in jobs if graph and graph.is_silent(job))


def _telling(runs: Sequence[Run]) -> Run | None:
    """The run whose jobs tell most: an ended one lists all of them, a successful one ran them."""
    meant = [run for run in runs if run.event in EVENTS]
    ended = [run for run in meant if run.status == COMPLETED]
    successes = [run for run in ended if run.conclusion == "success"]
    return next(iter([*successes, *ended, *meant]), None)
