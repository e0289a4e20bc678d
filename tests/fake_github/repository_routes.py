"""Which path below a repository is answered with what: pure, from its state to a reply."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from tests.fake_github import deployment_answers, repository_answers, run_answers
from tests.fake_github.accounts import Token
from tests.fake_github.contents import contents as content_of
from tests.fake_github.deployments import Deployment
from tests.fake_github.replies import (
    Dated,
    Document,
    Listing,
    Query,
    RefusedError,
    Reply,
    page,
    page_number,
    page_size,
)
from tests.fake_github.repository import Repository
from tests.fake_github.runs import Job, Run

T = TypeVar("T")
View = Callable[..., Dated | Document | Listing | list[Document]]
DEPLOYMENT_FILTERS = ("sha", "ref", "task", "environment")
MOST_RUNS_PAGED = 40_000  # apache/devlake#8842
MOST_RUNS_FOUND = 1_000


def inside(repository: Repository, rest: str, query: Query, token: Token) -> Reply:
    """The answer to a path below a repository, whose permission is told in either case."""
    for pattern, permission, view in ROUTES:
        match = re.fullmatch(pattern, rest)
        if not match:
            continue
        accepted = {"X-Accepted-GitHub-Permissions": f"{permission}=read"}
        if token.lacks(permission, repository):
            kind = "integration" if token.installation else "personal access token"
            raise RefusedError(403, f"Resource not accessible by {kind}", accepted)
        answer = view(repository, query, **match.groupdict())
        url = f"{repository.github.api_url}/repositories/{repository.id}{rest}"
        if isinstance(answer, Listing):
            whole = page(answer, query, url)
        elif isinstance(answer, Dated):
            whole = Reply(200, answer.document, answer.headers)
        else:
            whole = Reply(200, answer)
        return Reply(whole.status, whole.document, {**accepted, **whole.headers})
    raise RefusedError(404, "Not Found")


def the_repository(repository: Repository, _query: Query) -> Dated:
    """The repository itself."""
    return Dated(repository_answers.full_repository(repository), repository.updated_at)


def environments(repository: Repository, _query: Query) -> Listing:
    """Its environments."""
    render = partial(repository_answers.environment, repository)
    return Listing([partial(render, e) for e in repository.environments], "environments")


def workflows(repository: Repository, _query: Query) -> Listing:
    """Its workflows."""
    render = partial(repository_answers.workflow, repository)
    return Listing([partial(render, w) for w in repository.workflows], "workflows")


def workflow(repository: Repository, _query: Query, name: str) -> Document:
    """A workflow, by its id or its file's name."""
    names = ((w, (str(w.id), w.path.rpartition("/")[2])) for w in repository.workflows)
    return repository_answers.workflow(repository, one(w for w, either in names if name in either))


def contents(repository: Repository, query: Query, path: str) -> Dated | list[Document]:
    """A workflow file, or their folder."""
    return content_of(repository, path, query.get("ref"))


def runs(repository: Repository, query: Query, workflow: str | None = None) -> Listing:
    """Runs, newest first; any filter goes through the search index, which may be stale."""
    if page_size(query) * page_number(query) > MOST_RUNS_PAGED:
        raise RefusedError(422, "In order to keep the API fast for everyone, pagination is limited")
    newest_first = sorted(repository.runs, key=lambda run: run.id, reverse=True)
    shown = [run for run in newest_first if workflow in (None, str(run.workflow.id))]
    if any(name in query for name in RUN_FILTERS):
        shown = [] if repository.github.search_is_stale else searched(shown, query)
    return Listing([partial(run_answers.run, run) for run in shown], "workflow_runs")


def searched(shown: list[Run], query: Query) -> list[Run]:
    """The runs that pass every filter asked for, at most a thousand."""
    filters = [name for name in RUN_FILTERS if name in query]
    passing = [r for r in shown if all(RUN_FILTERS[n](r, query[n]) for n in filters)]
    return passing[:MOST_RUNS_FOUND]


def created_within(run: Run, span: str) -> bool:
    """GitHub's search range: `>=a`, `<=b` or `a..b`."""
    first, _, last = span.partition("..")
    created = repository_answers.time(run.created_at)
    if span.startswith(">="):
        return created >= span[2:]
    return created <= span[2:] if span.startswith("<=") else first <= created <= (last or first)


RUN_FILTERS: dict[str, Callable[[Run, str], bool]] = {
    "actor": lambda run, value: run.actor == value,
    "branch": lambda run, value: run.ref == value,
    "created": created_within,
    "event": lambda run, value: run.event == value,
    "head_sha": lambda run, value: run.sha == value,
    "status": lambda run, value: value in (run.status_of(run.attempt), run.attempt.conclusion),
}


def run(repository: Repository, _query: Query, run_id: str, attempt: str | None = None) -> Document:
    """A run, or one attempt of it."""
    found = run_of(repository, run_id)
    if attempt is None:
        return run_answers.run(found)
    return run_answers.run(found, one(a for a in found.attempts if str(a.number) == attempt))


def jobs(repository: Repository, query: Query, run_id: str, attempt: str | None = None) -> Listing:
    """The jobs of the last attempt, of one attempt, or, with filter=all, of every attempt."""
    found = run_of(repository, run_id)
    if attempt is None and query.get("filter") == "all":
        shown = found.jobs
    else:
        shown = found.jobs_of(int(attempt or found.attempt.number))
    return Listing([partial(run_answers.job, job) for job in shown], "jobs")


def job(repository: Repository, _query: Query, job_id: str) -> Document:
    """A job."""
    return run_answers.job(job_of(repository, job_id))


def check_run(repository: Repository, _query: Query, job_id: str) -> Document:
    """The check run of a job."""
    return run_answers.check_run(job_of(repository, job_id))


def check_runs(repository: Repository, query: Query, suite_id: str) -> Listing:
    """The check runs of a run's suite: those of the last attempt, or of all."""
    run = one(run for run in repository.runs if str(run.check_suite_id) == suite_id)
    every = query.get("filter") == "all"
    shown = run.jobs if every else run.jobs_of(run.attempt.number)
    return Listing([partial(run_answers.check_run, job) for job in shown], "check_runs")


def pending_deployments(repository: Repository, _query: Query, run_id: str) -> list[Document]:
    """The environments that jobs of a run wait for."""
    run = run_of(repository, run_id)
    return [run_answers.pending(run, place) for place in run.awaited()]


def approvals(repository: Repository, _query: Query, run_id: str) -> list[Document]:
    """What was decided about the jobs of a run that waited."""
    run = run_of(repository, run_id)
    return [run_answers.approval(run, review) for review in run.reviews]


def deployments(repository: Repository, query: Query) -> Listing:
    """Deployments, newest first."""
    wanted = {name: query[name] for name in DEPLOYMENT_FILTERS if name in query}
    newest_first = sorted(repository.deployments, key=lambda d: d.id, reverse=True)
    shown = [d for d in newest_first if all(getattr(d, n) == v for n, v in wanted.items())]
    return Listing([partial(deployment_answers.deployment, d) for d in shown])


def deployment(repository: Repository, _query: Query, deployment_id: str) -> Dated:
    """A deployment."""
    found = deployment_of(repository, deployment_id)
    return Dated(deployment_answers.deployment(found), found.updated_at)


def statuses(repository: Repository, _query: Query, deployment_id: str) -> Listing:
    """A deployment's statuses, newest first."""
    found = deployment_of(repository, deployment_id)
    return Listing([partial(deployment_answers.status, found, s) for s in reversed(found.statuses)])


def run_of(repository: Repository, number: str) -> Run:
    return one(run for run in repository.runs if str(run.id) == number)


def job_of(repository: Repository, number: str) -> Job:
    return one(job for run in repository.runs for job in run.jobs if str(job.id) == number)


def deployment_of(repository: Repository, number: str) -> Deployment:
    return one(d for d in repository.deployments if str(d.id) == number)


def one(candidates: Iterable[T]) -> T:
    """The only candidate, else 404."""
    for candidate in candidates:
        return candidate
    raise RefusedError(404, "Not Found")


RUN = r"/actions/runs/(?P<run_id>\d+)"
ATTEMPT = RUN + r"/attempts/(?P<attempt>\d+)"
DEPLOYMENT = r"/deployments/(?P<deployment_id>\d+)"

# The path below the repository, the permission it takes, and what run_answers.
ROUTES: tuple[tuple[str, str, View], ...] = (
    ("", "metadata", the_repository),
    (r"/contents/(?P<path>.+)", "contents", contents),
    ("/environments", "actions", environments),
    ("/actions/workflows", "actions", workflows),
    (r"/actions/workflows/(?P<name>[^/]+)", "actions", workflow),
    (r"/actions/workflows/(?P<workflow>\d+)/runs", "actions", runs),
    ("/actions/runs", "actions", runs),
    (RUN, "actions", run),
    (RUN + "/jobs", "actions", jobs),
    (RUN + "/pending_deployments", "actions", pending_deployments),
    (RUN + "/approvals", "actions", approvals),
    (ATTEMPT, "actions", run),
    (ATTEMPT + "/jobs", "actions", jobs),
    (r"/actions/jobs/(?P<job_id>\d+)", "actions", job),
    (r"/check-runs/(?P<job_id>\d+)", "checks", check_run),
    (r"/check-suites/(?P<suite_id>\d+)/check-runs", "checks", check_runs),
    ("/deployments", "deployments", deployments),
    (DEPLOYMENT, "deployments", deployment),
    (DEPLOYMENT + "/statuses", "deployments", statuses),
)
