"""A repository: its workflow files and environments, its runs and deployments."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fake_github.deployments import Deployment, Environment
from tests.fake_github.runs import Attempt, Job, Run

if TYPE_CHECKING:  # a repository knows the fake that holds it; at run time that would be a circle
    from tests.fake_github.state import FakeGitHub


FOLDER = ".github/workflows"


@dataclass(slots=True, kw_only=True)
class Workflow:
    """A workflow file."""

    id: int
    name: str
    path: str
    text: str
    created_at: datetime
    state: str = "active"
    runs: int = 0


@dataclass(slots=True, kw_only=True)
class Repository:
    """A repository and everything in it."""

    id: int
    github: "FakeGitHub" = field(repr=False)
    full_name: str
    default_branch: str
    private: bool
    created_at: datetime
    updated_at: datetime
    edited_at: datetime  # when a file changed last
    archived: bool = False
    environments: list[Environment] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    former_names: set[str] = field(default_factory=set)
    commits: dict[str, dict[str, str]] = field(default_factory=dict)  # sha to path to text

    @property
    def owner(self) -> str:
        """The part before the slash."""
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        """The part after the slash."""
        return self.full_name.partition("/")[2]

    def deny(self, *permissions: str) -> None:
        """Take permissions from the token: actions, checks, contents, deployments, metadata."""
        self.denied.update(permissions)

    def environment(self, name: str) -> Environment:
        """The environment of this name, made at its first use, as GitHub does."""
        for known in self.environments:
            if known.name == name:
                return known
        made = Environment(id=self.github.new_id(), name=name, created_at=self.github.now())
        self.environments.append(made)
        return made

    def archive(self, *, archived: bool = True) -> None:
        """Make it read-only, or bring it back."""
        self.archived, self.updated_at = archived, self.github.now()

    def files_at(self, ref: str | None) -> dict[str, str] | None:
        """The workflow files (path to text) at a commit; any other ref is where they are now."""
        if ref is not None and re.fullmatch(r"[0-9a-f]{40}", ref):
            return self.commits.get(ref)
        return {workflow.path: workflow.text for workflow in self.workflows}

    def commit(self, sha: str | None = None) -> str:
        """A commit of the files as they are, unless there is one of this name already."""
        sha = sha or self.github.new_sha()
        self.commits.setdefault(sha, self.files_at(None) or {})
        return sha

    def edit(self, file: str, text: str) -> None:
        """Change a workflow file; runs that began before keep the one of their commit."""
        workflow = self.workflow(file)
        workflow.text, workflow.name = text, name_in(text) or workflow.path
        self.edited_at = self.github.now()

    def workflow(self, file: str) -> Workflow:
        """The workflow of this file name."""
        return next(w for w in self.workflows if w.path == f"{FOLDER}/{file}")

    def add_workflow(self, file: str, text: str = "") -> Workflow:
        """A workflow file below .github/workflows, named as its text says, else by its path."""
        path = f"{FOLDER}/{file}"
        self.edited_at = self.github.now()
        workflow = Workflow(
            id=self.github.new_id(),
            name=name_in(text) or path,
            path=path,
            text=text,
            created_at=self.github.now(),
        )
        self.workflows.append(workflow)
        return workflow

    def start_run(
        self,
        workflow: str,
        *,
        ref: str | None = None,
        sha: str | None = None,
        actor: str = "octocat",
        event: str = "push",
        title: str = "",
    ) -> Run:
        """A run of the workflow file of this name, queued, without jobs yet."""
        file = self.workflow(workflow)
        file.runs += 1
        now = self.github.now()
        run = Run(
            id=self.github.new_id(),
            repository=self,
            workflow=file,
            number=file.runs,
            check_suite_id=self.github.new_id(),
            event=event,
            ref=ref or self.default_branch,
            sha=self.commit(sha),
            actor=actor,
            title=title,
            created_at=now,
        )
        run.attempts.append(
            Attempt(
                number=1, triggering_actor=actor, created_at=now, started_at=now, updated_at=now
            )
        )
        self.runs.append(run)
        return run

    def create_deployment(
        self,
        environment: str,
        *,
        ref: str | None = None,
        sha: str | None = None,
        creator: str = "octocat",
        payload: dict[str, Any] | str | None = None,
        description: str | None = None,
    ) -> Deployment:
        """A deployment that a third party's tool files; it adds the statuses itself."""
        self.environment(environment)
        now = self.github.now()
        deployment = Deployment(
            id=self.github.new_id(),
            repository=self,
            job=None,
            environment=environment,
            ref=ref or self.default_branch,
            sha=self.commit(sha),
            creator=creator,
            payload={} if payload is None else payload,
            description=description,
            created_at=now,
            updated_at=now,
        )
        self.deployments.append(deployment)
        return deployment

    def file_deployment(self, job: Job, environment: str) -> Deployment:
        """The deployment of a job that names an environment."""
        run = job.run
        deployment = self.create_deployment(
            environment, ref=run.ref, sha=run.sha, creator=run.attempt.triggering_actor
        )
        deployment.job = job
        return deployment

    def retire_before(self, newer: Deployment) -> None:
        """GitHub's auto_inactive: older successes in the same environment become inactive."""
        if newer.transient or newer.environment == "production":
            return
        for older in self.deployments:
            if (
                older.id < newer.id
                and older.environment == newer.environment
                and older.state == "success"
            ):
                older.add_status("inactive")


def name_in(text: str) -> str | None:
    """What a workflow's file calls it."""
    found = re.search(r"^name:\s*(.+?)\s*$", text, re.MULTILINE)
    return found[1] if found else None
