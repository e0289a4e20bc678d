"""Deployments, the states they go through, and the environments they go to."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the parts of a repository know it; at run time that would be a circle
    from tests.fake_github.repository import Repository
    from tests.fake_github.runs import Job


@dataclass(slots=True, kw_only=True)
class Environment:
    """A place that a repository deploys to; jobs wait for approval where it is protected."""

    id: int
    name: str
    created_at: datetime
    protected: bool = False


@dataclass(slots=True, kw_only=True)
class Status:
    """A state that a deployment went through."""

    id: int
    state: str
    creator: str
    description: str
    log_url: str | None  # None: that of the job which made the deployment
    environment_url: str
    environment: str
    created_at: datetime


@dataclass(slots=True, kw_only=True)
class Deployment:
    """A version on its way to an environment; filed by a job, or by a third party's tool."""

    id: int
    repository: "Repository" = field(repr=False)
    job: "Job | None" = field(repr=False)
    environment: str
    ref: str
    sha: str
    creator: str
    payload: dict[str, Any] | str
    description: str | None
    created_at: datetime
    updated_at: datetime
    task: str = "deploy"
    transient: bool = False
    statuses: list[Status] = field(default_factory=list)  # oldest first

    def add_status(
        self,
        state: str,
        *,
        log_url: str | None = None,
        environment_url: str = "",
        description: str = "",
        environment: str | None = None,
        auto_inactive: bool = True,
    ) -> Status:
        """File a status; it moves `updated_at`, and a success retires the older successes."""
        status = Status(
            id=self.repository.github.new_id(),
            state=state,
            creator=self.creator,
            description=description,
            log_url=log_url,
            environment_url=environment_url,
            environment=environment or self.environment,
            created_at=self.repository.github.now(),
        )
        self.statuses.append(status)
        self.updated_at = status.created_at
        if state == "success" and auto_inactive:
            self.repository.retire_before(self)
        return status

    @property
    def state(self) -> str:
        """The newest status's state."""
        return self.statuses[-1].state if self.statuses else ""
