"""Where a repository's deployments are looked for, and why.

Deployments are exact; where a repository files any, its lane is `deployments`. Else, where names
say that a workflow deploys, it is `runs`. Else there is no lane yet.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Literal

from pydantic import BaseModel, ConfigDict

from fetcher.github.answers import Deployment, Job, Repository, Run, Workflow
from fetcher.github.reader import Reader
from fetcher.mapping.naming import EVENTS, Verdict, judge, may_deploy


class Plan(BaseModel):
    """Where to look.

    Attributes:
        github_id: GitHub's number for the repository, and what GitHub calls it.
        page: Where people see it.
        workflows: Judged in the lane `runs` only; in the others nothing depends on them.
        others: Workflows of which there are runs, though they are not there any more.
        why: For people.
    """

    model_config = ConfigDict(frozen=True)

    github_id: int
    full_name: str
    page: str
    default_branch: str
    archived: bool = False
    lane: Literal["deployments", "runs", "none"]
    workflows: tuple[Verdict, ...] = ()
    others: frozenset[int] = frozenset()
    why: str

    def deploying(self, workflow_id: int) -> Verdict | None:
        """The workflow of this id, if it deploys."""
        found = (v for v in self.workflows if v.deploys and v.workflow.id == workflow_id)
        return next(found, None)

    def deploying_ids(self) -> frozenset[int]:
        """The workflows that deploy."""
        return frozenset(v.workflow.id for v in self.workflows if v.deploys)

    def strangers(self, runs: Iterable[Run]) -> frozenset[int]:
        """The workflows of these runs that the plan knows nothing about."""
        known = self.others | {verdict.workflow.id for verdict in self.workflows}
        return frozenset(run.workflow_id for run in runs) - known

    def acquainted(self, runs: Iterable[Run]) -> "Plan":
        """The plan that knows of the workflows of these runs."""
        return self.model_copy(update={"others": self.others | self.strangers(runs)})

    def with_deployments(self, deployments: Sequence[Deployment]) -> "Plan":
        """The plan once deployments have appeared; runs that were begun are read to their end."""
        return self.model_copy(update={"lane": "deployments", "why": _files(deployments)})


async def make_plan(reader: Reader, name: str, deployments: Sequence[Deployment]) -> Plan:
    """Decide where to look, given the newest deployments.

    Raises:
        GitHubError: GitHub did not say what it takes.
    """
    repository = await reader.one(f"/repos/{name}", Repository)
    page = repository.html_url or f"https://github.com/{repository.full_name}"
    branch = repository.default_branch
    plan = partial(
        Plan,
        github_id=repository.id,
        full_name=repository.full_name,
        page=page,
        default_branch=branch,
        archived=repository.archived,
    )
    if deployments:
        return plan(lane="deployments", why=_files(deployments))
    workflows = await _judged(reader, name, branch)
    deploying = [verdict.workflow.name for verdict in workflows if verdict.deploys]
    if deploying:
        why = f"it files no deployments, and {', '.join(deploying)} deploys by its name"
        return plan(lane="runs", workflows=workflows, why=why)
    why = "it files no deployments, and no workflow is named as deploying"
    return plan(lane="none", workflows=workflows, why=why)


def _files(deployments: Sequence[Deployment]) -> str:
    return f"it files deployments, the newest at {deployments[0].created_at:%Y-%m-%dT%H:%M:%SZ}"


async def _judged(reader: Reader, name: str, branch: str) -> tuple[Verdict, ...]:
    workflows = await reader.all(f"/repos/{name}/actions/workflows", Workflow, field="workflows")
    return tuple([await _verdict(reader, name, workflow, branch) for workflow in workflows])


async def _verdict(reader: Reader, name: str, workflow: Workflow, branch: str) -> Verdict:
    if not may_deploy(workflow):
        return judge(workflow, None, (), branch)
    runs = await reader.all(
        f"/repos/{name}/actions/workflows/{workflow.id}/runs",
        Run,
        field="workflow_runs",
        query={"per_page": "20", "exclude_pull_requests": "true"},
        reaches=lambda _: True,
    )
    if (run := _telling(runs)) is None:
        return judge(workflow, None, (), branch)
    jobs = await reader.all(f"/repos/{name}/actions/runs/{run.id}/jobs", Job, field="jobs")
    return judge(workflow, run, jobs, branch)


def _telling(runs: Sequence[Run]) -> Run | None:
    """The run whose jobs tell most: all of them are listed once it has ended, best in success."""
    ended = [run for run in runs if run.status == "completed" and run.event in EVENTS]
    successes = [run for run in ended if run.conclusion == "success"]
    return next(iter([*successes, *ended]), None)
