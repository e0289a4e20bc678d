"""What the names of workflows, jobs and branches say of deploying. Pure.

For repositories that file no deployments: there, names are all there is. Whoever wants it exact
gives the deploying job an `environment:`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from fetcher.github.answers import Job, Run, Workflow
from fetcher.mapping.origin import is_tag

Scope = Literal["job", "run"]

DEPLOY: Final = frozenset(
    ("deploy", "deployment", "release", "publish", "promote", "rollout", "ship", "cd")
)
OTHER: Final = frozenset(("test", "tests", "lint", "build", "codeql", "dependabot", "ci"))
ENVIRONMENTS: Final[Mapping[str, str]] = {
    word: environment
    for environment, words in {
        "production": "prod production prd live",
        "staging": "stag stage staging stg",
        "uat": "uat",
        "qa": "qa",
        "test": "test",
        "dev": "dev",
        "preview": "preview",
    }.items()
    for word in words.split()
}
# A pull request's run deploys at most a preview, and says so by its environment.
EVENTS: Final = frozenset(
    (
        "push",
        "release",
        "workflow_dispatch",
        "schedule",
        "workflow_run",
        "repository_dispatch",
        "deployment",
    )
)
ENOUGH: Final = 3
WORKFLOW_FILES: Final = ".github/workflows/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a workflow deploys, and what of its runs is a deployment.

    Attributes:
        scope: Each job that is named so, or the whole run; None until a run told.
        environments: Where the run that was weighed went.
        why: For people.
    """

    workflow: Workflow
    deploys: bool = False
    scope: Scope | None = None
    environments: tuple[str, ...] = ()
    why: str


def words(text: str) -> list[str]:
    """The words of a name, in lower case: `Deploy_to-prodEU` is deploy, to, prod, eu."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.findall(r"[^\W_]+", apart.lower())


def deploys(text: str) -> bool:
    """Whether a name says that it deploys."""
    return not DEPLOY.isdisjoint(words(text))


def environment_in(text: str) -> str | None:
    """The environment that a name speaks of, in its usual spelling."""
    spoken = words(text)
    for place, word in enumerate(spoken):
        # "test and deploy" tests; "deploy to test" deploys there.
        if word in ENVIRONMENTS and (word != "test" or not DEPLOY.isdisjoint(spoken[:place])):
            return ENVIRONMENTS[word]
    return None


def stem(path: str) -> str:
    """The name of a workflow's file: `.github/workflows/deploy.yml@main` is deploy."""
    return path.partition("@")[0].rpartition("/")[2].partition(".")[0]


def may_deploy(workflow: Workflow) -> bool:
    """Whether its jobs can still make it a workflow that deploys."""
    return workflow.path.startswith(WORKFLOW_FILES) and _score_of_names(workflow) >= 0


def _score_of_names(workflow: Workflow) -> int:
    spoken = {*words(stem(workflow.path)), *words(workflow.name)}
    if not spoken.isdisjoint(DEPLOY):
        return 3
    return 0 if spoken.isdisjoint(OTHER) else -3


def judge(workflow: Workflow, run: Run | None, jobs: Iterable[Job], default_branch: str) -> Verdict:
    """Weigh a workflow's names, those of the jobs of one of its runs, and that run's branch."""
    verdict = Verdict(workflow=workflow, why="its name speaks of something else")
    if not may_deploy(workflow):
        return verdict
    jobs_deploying = [job.name for job in jobs if deploys(job.name)]
    spoken = [*jobs_deploying, workflow.name, stem(workflow.path), run.head_branch if run else ""]
    score = _score_of_names(workflow)
    score += 2 * bool(jobs_deploying) + 2 * any(map(environment_in, spoken))
    if score < ENOUGH:
        return replace(verdict, why="neither its name nor a job's says that it deploys")
    named = f"job {jobs_deploying[0]!r}" if jobs_deploying else f"{stem(workflow.path)!r}"
    names = [(name, workflow.name) for name in jobs_deploying or [""]]
    places = [environment_of(run, each, default_branch) for each in names] if run else []
    return replace(
        verdict,
        deploys=True,
        scope="job" if jobs_deploying else "run" if run else None,
        environments=tuple(dict.fromkeys(filter(None, places))),
        why=f"{named} says so",
    )


def environment_of(run: Run, names: Iterable[str], default_branch: str) -> str | None:
    """Where a run deploys to: the first name that says it, the branch, or where releases go."""
    for name in (*names, stem(run.path), run.head_branch):
        if environment := environment_in(name):
            return environment
    is_release = run.head_branch == default_branch or is_tag(run.head_branch, run.event)
    return "production" if is_release else None
