"""Runs of workflows: their attempts, and the jobs of each attempt."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.fake_github.deployments import Deployment, Environment

if TYPE_CHECKING:  # the parts of a repository know it; at run time that would be a circle
    from tests.fake_github.repository import Repository, Workflow
    from tests.fake_github.state import FakeGitHub


@dataclass(slots=True, kw_only=True)
class Job:
    """One job of one attempt of a run."""

    id: int
    run: "Run" = field(repr=False)
    attempt: int
    name: str
    created_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    environment: str | None = None
    deployment: Deployment | None = None

    def approve(self, by: str = "octocat", comment: str = "") -> None:
        """Let a waiting job go on."""
        self._review("approved", by, comment)
        self._move("queued")

    def reject(self, by: str = "octocat", comment: str = "") -> None:
        """Refuse a waiting job: it fails without having started."""
        self._review("rejected", by, comment)
        self.finish("failure")

    def hold(self) -> None:
        """Have it wait for another job of its concurrency group."""
        self._move("pending")

    def start(self) -> None:
        """A runner takes the job."""
        self.started_at = self.run.github.now()
        self._move("in_progress")

    def finish(self, conclusion: str = "success", *, state: str | None = None) -> None:
        """End with a conclusion; the deployment's last state follows from it unless given."""
        self.conclusion = conclusion
        self.completed_at = self.run.github.now()
        self._move("completed", state or ("success" if conclusion == "success" else "failure"))

    def _review(self, state: str, by: str, comment: str) -> None:
        assert self.environment is not None
        place = self.run.repository.environment(self.environment)
        self.run.reviews.append(Review(state, by, comment, place))

    def _move(self, status: str, state: str | None = None) -> None:
        self.status = status
        if self.deployment:
            self.deployment.add_status(state or status)
        self.run.touch()


@dataclass(frozen=True, slots=True)
class Review:
    """What a person decided about a job that waited."""

    state: str
    reviewer: str
    comment: str
    environment: Environment


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One execution of a run: the first, or a re-run."""

    number: int
    triggering_actor: str
    created_at: datetime
    started_at: datetime
    updated_at: datetime
    conclusion: str | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """A run of a workflow, with all its attempts and all their jobs."""

    id: int
    repository: "Repository" = field(repr=False)
    workflow: "Workflow"
    number: int
    check_suite_id: int
    event: str
    ref: str
    sha: str
    actor: str
    title: str
    created_at: datetime
    attempts: list[Attempt] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    calls: list[dict[str, str]] = field(default_factory=list)

    @property
    def github(self) -> "FakeGitHub":
        """The fake that holds the run."""
        return self.repository.github

    @property
    def attempt(self) -> Attempt:
        """The last attempt."""
        return self.attempts[-1]

    def jobs_of(self, attempt: int) -> list[Job]:
        """The jobs of one attempt, in the order they were added."""
        return [job for job in self.jobs if job.attempt == attempt]

    def awaited(self) -> list[Environment]:
        """The environments whose approval jobs of the last attempt wait for."""
        waiting = [job for job in self.jobs_of(self.attempt.number) if job.status == "waiting"]
        names = dict.fromkeys(job.environment for job in waiting)
        return [self.repository.environment(name) for name in names if name is not None]

    def call(self, file: str, *, of: "Repository | None" = None, ref: str = "main") -> None:
        """Note that it uses a workflow of this file name, of another repository if given."""
        repository = of or self.repository
        path = f"{repository.full_name}/{repository.workflow(file).path}"
        sha = repository.commit() if of else self.sha
        self.calls.append({"path": f"{path}@{ref}", "sha": sha, "ref": f"refs/heads/{ref}"})

    def add_job(self, name: str, *, environment: str | None = None, deployment: bool = True) -> Job:
        """A new job of the last attempt, queued, or waiting when its environment is protected.

        GitHub tells the legs of a matrix, and the jobs of a workflow that was called, by their
        names alone: `deploy (eu, staging)`, `caller / called`.

        Args:
            environment: What the job names, if anything.
            deployment: False for `environment: {name: …, deployment: false}`.
        """
        now = self.github.now()
        job = Job(
            id=self.github.new_id(),
            run=self,
            attempt=self.attempt.number,
            name=name,
            created_at=now,
            environment=environment,
        )
        self.jobs.append(job)
        if environment is not None and self.repository.environment(environment).protected:
            job.status = "waiting"
        if environment is not None and deployment:
            job.deployment = self.repository.file_deployment(job, environment)
            job.deployment.add_status(job.status)
        self.touch()
        return job

    def deploy(
        self, environment: str, *, name: str | None = None, conclusion: str | None = "success"
    ) -> Deployment:
        """A job that deploys, from queued to its end in this instant; None leaves it running."""
        job = self.add_job(name or f"deploy ({environment})", environment=environment)
        if job.status == "waiting":
            job.approve()
        job.start()
        if conclusion is not None:
            job.finish(conclusion)
        assert job.deployment
        return job.deployment

    def finish(self, conclusion: str | None = None) -> None:
        """Complete the last attempt; without a conclusion, as its jobs ended."""
        ends = {job.conclusion for job in self.jobs_of(self.attempt.number)}
        worst = next((end for end in ("failure", "timed_out", "cancelled") if end in ends), None)
        self.attempt.conclusion = conclusion or worst or "success"
        self.touch()

    def rerun(self, actor: str | None = None) -> None:
        """Begin the next attempt, without jobs yet: the id and `created_at` stay as they are."""
        now = self.github.now()
        self.attempts.append(
            Attempt(
                number=self.attempt.number + 1,
                triggering_actor=actor or self.actor,
                created_at=now + timedelta(seconds=2),  # so recorded: after the start it belongs to
                started_at=now,
                updated_at=now,
            )
        )

    def rerun_failed(self, actor: str | None = None, *, carry_over: bool = False) -> list[Job]:
        """Begin the next attempt with the jobs that did not succeed; until 2025 with the others."""
        before = self.jobs_of(self.attempt.number)
        self.rerun(actor)
        if carry_over:
            for job in before:
                if job.conclusion == "success":
                    self.carry_over(job)
        again = [job for job in before if job.conclusion != "success"]
        return [
            self.add_job(job.name, environment=job.environment, deployment=bool(job.deployment))
            for job in again
        ]

    def cancel(self) -> None:
        """Cancel the last attempt and whatever of it has not ended."""
        for job in self.jobs_of(self.attempt.number):
            if job.status != "completed":
                job.finish("cancelled")
        self.finish("cancelled")

    def carry_over(self, job: Job) -> Job:
        """List an earlier attempt's job under this one, with its old times, as GitHub once did."""
        copy = Job(
            id=self.github.new_id(),
            run=self,
            attempt=self.attempt.number,
            name=job.name,
            created_at=job.created_at,
            status=job.status,
            conclusion=job.conclusion,
            started_at=job.started_at,
            completed_at=job.completed_at,
            environment=job.environment,
        )
        self.jobs.append(copy)
        return copy

    def status_of(self, attempt: Attempt) -> str:
        """What GitHub would say of an attempt; follows from its jobs until it is concluded."""
        if attempt.conclusion:
            return "completed"
        states = {job.status for job in self.jobs_of(attempt.number)}
        if "waiting" in states and "in_progress" not in states:
            return "waiting"
        if states == {"pending"}:
            return "pending"
        return "queued" if states <= {"queued"} else "in_progress"

    def touch(self) -> None:
        """Note that something changed: `updated_at` moves."""
        self.attempt.updated_at = self.github.now()
