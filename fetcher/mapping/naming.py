"""What the names of workflows, jobs and branches say of deploying. Pure.

For repositories that file no deployments: there, names are all there is. Whoever wants it to be
exact gives the deploying job an `environment:`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from fetcher.github.answers import Job, Run, Workflow
from fetcher.mapping.origin import is_tag

Scope = Literal["plain", "call", "job", "run"]

# A job whose name begins with one of these deploys; "release" may write notes, "publish" a report.
PLAIN: Final = frozenset(
    ("deploy", "deployment", "redeploy", "promote", "rollout", "rollback", "ship", "cd")
)
DEPLOY: Final = PLAIN | {"release", "publish"}
# Their jobs need not be read: these workflows deploy nothing, whatever their jobs are called.
NEVER: Final = frozenset(("codeql", "dependabot", "renovate", "lint", "label", "labeler", "stale"))
OTHER: Final = frozenset(("test", "tests", "lint", "build", "codeql", "dependabot", "ci"))
ENVIRONMENTS: Final[Mapping[str, str]] = {
    word: environment
    for environment, words in {
        "production": "prod production prd live",
        "preprod": "preprod preproduction",
        "nonprod": "nonprod nonproduction",
        "staging": "stag stage staging stg",
        "uat": "uat",
        "qa": "qa",
        "test": "test",
        "dev": "dev development develop",
        "sandbox": "sandbox",
        "demo": "demo",
        "preview": "preview",
    }.items()
    for word in words.split()
}
# "test and deploy" tests; "deploy to test" deploys there.
AMBIGUOUS: Final = frozenset(("test", "demo"))
# Only a run started by hand, or by another program, has a title that says where it goes.
DISPATCHES: Final = frozenset(("workflow_dispatch", "repository_dispatch"))
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
JOBS: Final[Sequence[Scope]] = ("plain", "call", "job")  # scopes of jobs, the surest first
WORKFLOW_FILES: Final = ".github/workflows/"
WORD: Final = re.compile(r"[^\W_]+")
CAMEL_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
SEGMENT: Final = " / "  # between the job that calls a workflow and the called one


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a workflow deploys, and what of its runs is a deployment.

    Attributes:
        scope: Each job that is named `plain`ly, each that is called by one that is (`call`), each
            `job` that is named so at all, or the whole `run`; None until a run told.
        silent: Jobs that are named so, but do not according to the workflow's file.
        environments: Where the run that was weighed went.
        why: For people.
    """

    workflow: Workflow
    deploys: bool = False
    scope: Scope | None = None
    silent: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    why: str


def words(text: str) -> list[str]:
    """The words of a name, in lower case: `Deploy_to-prodEU` is deploy, to, prod, eu."""
    return WORD.findall(CAMEL_HUMP.sub(" ", text).lower())


def deploys(text: str) -> bool:
    """Whether a name says that it deploys."""
    return not DEPLOY.isdisjoint(words(text))


def environment_in(text: str) -> str | None:
    """The environment that a name mentions, in its usual spelling."""
    spoken = words(text)
    for place, word in enumerate(spoken):
        is_certain = word not in AMBIGUOUS or not DEPLOY.isdisjoint(spoken[:place])
        if word in ENVIRONMENTS and is_certain:
            before = spoken[place - 1] if place else ""
            return ENVIRONMENTS.get(before + word, ENVIRONMENTS[word])  # pre-prod, non-prod
    return None


def file_name(path: str) -> str:
    """The name of a workflow's file: `.github/workflows/deploy.yml@main` is deploy.yml."""
    return path.partition("@")[0].rpartition("/")[2]


def stem(path: str) -> str:
    """The name of a workflow's file without its ending: deploy."""
    return file_name(path).partition(".")[0]


def deploys_plainly(job: str) -> bool:
    """Whether a job's own name says that it deploys, and nothing else: its first word does."""
    return not PLAIN.isdisjoint(words(_own(job))[:1])


def in_scope(job: str, scope: Scope | None) -> bool:
    """Whether a job of this name is a deployment in its own right."""
    match scope:
        case "plain":
            return deploys_plainly(job)
        case "call":
            return _is_called_to_deploy(job)
        case _:
            return deploys(_own(job))


def _own(job: str) -> str:
    """A job's name without those of the jobs that call it: deploy, for `api / deploy`."""
    return job.rpartition(SEGMENT)[2]


def _is_called_to_deploy(job: str) -> bool:
    """Of `deploy / build` and `deploy / apply` only the second."""
    callers = job.split(SEGMENT)[:-1]
    return any(map(deploys_plainly, callers)) and OTHER.isdisjoint(words(_own(job)))


def is_named(job: str) -> bool:
    """Whether anything in a job's name says that it deploys."""
    return any(in_scope(job, scope) for scope in JOBS)


def may_deploy(workflow: Workflow) -> bool:
    """Whether its jobs can still make it one that deploys."""
    spoken = _spoken(workflow)
    named = not spoken.isdisjoint(DEPLOY) or spoken.isdisjoint(NEVER)
    return workflow.path.startswith(WORKFLOW_FILES) and named


def judge(
    workflow: Workflow, run: Run | None, jobs: Iterable[Job], branch: str, *, strict: bool = False
) -> Verdict:
    """Weigh a workflow's names, those of the jobs of one of its runs, and that run's branch.

    A job whose name begins with deploying is enough (`deploy`, `deploy-eu`, `Promote to live`),
    whatever the workflow is called; so is one whose caller is named so (`deploy / apply`). Else
    names are weighed: 3 for a workflow that is named as deploying, -3 for one that is named as
    testing or building, 2 for a job's name that mentions deploying, 2 for an environment in a
    name or in the branch; 3 in all are enough.

    Args:
        workflow: The one that is judged.
        run: One that ended, if there is any.
        jobs: Its jobs.
        branch: The default one.
        strict: Other workflows of the repository file deployments, so that this one does not makes
            it likely that it only publishes or releases: then only the plain names count, and
            only of what has run.
    """
    verdict = Verdict(workflow=workflow, why="its name speaks of something else")
    if not may_deploy(workflow):
        return verdict
    if strict and run is None:
        return replace(verdict, why="no run of it has ended yet")
    scope, named = _named([job.name for job in jobs], ("plain", "call") if strict else JOBS)
    spoken = (*named, workflow.name, stem(workflow.path), run.head_branch if run else "")
    own = _score(_spoken(workflow), PLAIN if strict else DEPLOY)
    score = own + 2 * bool(named) + 2 * (not strict and any(map(environment_in, spoken)))
    if scope not in ("plain", "call") and score < ENOUGH:
        return replace(verdict, why="neither its name nor a job's says that it deploys")
    why = f"job {named[0]!r}" if named else f"{stem(workflow.path)!r}"
    each: list[str | None] = [*named] or [None]
    places = [environment_of(run, name, workflow.name, branch) for name in each] if run else []
    return replace(
        verdict,
        deploys=True,
        scope=scope or ("run" if run else None),
        environments=tuple(dict.fromkeys(filter(None, places))),
        why=f"{why} says so",
    )


def _named(jobs: Sequence[str], scopes: Sequence[Scope]) -> tuple[Scope | None, list[str]]:
    """The first of the scopes that has any jobs, and these."""
    for scope in scopes:
        if named := [job for job in jobs if in_scope(job, scope)]:
            return scope, named
    return None, []


def _spoken(workflow: Workflow) -> set[str]:
    return {*words(stem(workflow.path)), *words(workflow.name)}


def _score(spoken: set[str], deploying: frozenset[str]) -> int:
    if not spoken.isdisjoint(deploying):
        return 3
    return 0 if spoken.isdisjoint(OTHER) else -3


def environment_of(run: Run, job: str | None, workflow: str, default_branch: str) -> str | None:
    """Where a run deploys to: the nearest name that says it, the branch, or where releases go.

    Only the title tells an input of a dispatch, if the workflow's `run-name` has it.
    """
    title = run.display_title if run.event in DISPATCHES else ""
    for name in (job or "", title, workflow, stem(run.path), run.head_branch):
        if environment := environment_in(name):
            return environment
    is_release = run.head_branch == default_branch or is_tag(run.head_branch, run.event)
    return "production" if is_release else None
