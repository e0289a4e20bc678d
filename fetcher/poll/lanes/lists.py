"""What the lanes ask GitHub for: deployments, runs, and the jobs of a run."""

from datetime import datetime

from fetcher.github.answers import CheckRun, Deployment, Job, Run
from fetcher.github.errors import Forbidden, Missing
from fetcher.github.reader import Reader


async def list_deployments(
    reader: Reader, repository: str, read_to: datetime
) -> tuple[Deployment, ...]:
    """Deployments, the newest first, back to the page that holds one from before `read_to`."""
    return await reader.all(
        f"/repos/{repository}/deployments",
        Deployment,
        reaches=lambda deployment: deployment.created_at < read_to,
    )


async def list_runs(reader: Reader, repository: str, read_to: datetime) -> tuple[Run, ...]:
    """Runs, the newest first, back to the page that holds one from before `read_to`.

    Never filtered: filters are answered from an index that can be stale for weeks.
    """
    return await reader.all(
        f"/repos/{repository}/actions/runs",
        Run,
        field="workflow_runs",
        query={"per_page": "50", "exclude_pull_requests": "true"},
        reaches=lambda run: run.created_at < read_to,
    )


async def run_with(reader: Reader, repository: str, run_id: int, *, again: bool) -> Run | None:
    """A run, if it may be read; with `again=False` as it was last seen, if it was."""
    try:
        return await reader.one(f"/repos/{repository}/actions/runs/{run_id}", Run, again=again)
    except (Missing, Forbidden):
        return None


async def list_jobs(
    reader: Reader, repository: str, run_id: int, holding: int | None = None
) -> tuple[Job, ...]:
    """The jobs of all attempts; the last answer will do if it contains a certain one."""
    return await reader.all(
        f"/repos/{repository}/actions/runs/{run_id}/jobs",
        Job,
        field="jobs",
        query={"filter": "all"},
        enough=(lambda job: job.id == holding) if holding else None,
    )


async def jobs_with(
    reader: Reader, repository: str, run_id: int, job_id: int | None
) -> tuple[Job, ...]:
    """The jobs of a run, once this one is listed; none if they can't be read."""
    if job_id is None:
        return ()
    try:
        return await list_jobs(reader, repository, run_id, holding=job_id)
    except (Missing, Forbidden):
        return ()


async def job_that_made(
    reader: Reader, repository: str, run: Run, deployment_id: int
) -> int | None:
    """The id of the job that made a deployment, for one whose log does not tell it.

    A job is a check run of the same id, which names the deployment.
    """
    try:
        check_runs = await reader.all(
            f"/repos/{repository}/check-suites/{run.check_suite_id}/check-runs",
            CheckRun,
            field="check_runs",
            query={"filter": "all"},
            enough=lambda check_run: check_run.deployment == deployment_id,
        )
    except (Missing, Forbidden):
        return None
    return next((each.id for each in check_runs if each.deployment == deployment_id), None)
