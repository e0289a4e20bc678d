"""What GitHub's REST API says, as frozen values. Pure.

Field by field: https://docs.github.com/en/rest (version 2022-11-28). GitHub adds states, leaves
fields out and sends null: only ids and times of creation are required, and states are any string.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from fetcher.github.errors import Garbled


def _utc(instant: datetime) -> datetime:
    try:
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _login(account: object) -> object:
    return account.get("login") if isinstance(account, dict) else account


def _id(thing: object) -> object:
    return thing.get("id") if isinstance(thing, dict) else thing


def _text(value: object) -> object:
    return "" if value is None else value


def _shas(called: object) -> object:
    if not isinstance(called, list):
        return called if isinstance(called, Mapping) else {}
    files = [file for file in called if isinstance(file, Mapping)]
    return {f"{file.get('path')}": f"{file.get('sha')}" for file in files}


def _ran(steps: object) -> object:
    return bool(steps) if isinstance(steps, list) else steps


Time = Annotated[datetime, AfterValidator(_utc)]
Text = Annotated[str, BeforeValidator(_text)]
Login = Annotated[str | None, BeforeValidator(_login)]
Id = Annotated[int | None, BeforeValidator(_id)]


class Answer(BaseModel):
    """One object of an answer; fields that are not named are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True)

    id: int = Field(ge=0, lt=2**63)  # what a database's column holds


class Repository(Answer):
    """A repository; `html_url` tells the server on which people see it."""

    full_name: str
    html_url: Text = ""
    default_branch: Text = "main"
    archived: bool = False
    disabled: bool = False


class Account(Answer):
    """A person or an organisation."""

    login: Text = ""


class Environment(Answer):
    """A place that a repository deploys to."""

    name: str


class Workflow(Answer):
    """A workflow; `path` is where its file is now, wherever it was before."""

    name: Text = ""
    path: Text = ""


class Deployment(Answer):
    """A deployment: filed for each job that names an environment, or by a third party."""

    created_at: Time
    updated_at: Time | None = None
    environment: Text = ""
    sha: Text = ""
    ref: Text = ""
    payload: Any = None
    creator: Login = None


class DeploymentStatus(Answer):
    """A state that a deployment went through."""

    state: str
    created_at: Time
    environment: Text = ""
    log_url: Text = ""
    target_url: Text = ""


class Run(Answer):
    """A run of a workflow. A re-run keeps `id` and `created_at`, and is the next attempt.

    Attributes:
        display_title: The workflow's `run-name`, else whatever GitHub thinks describes the run.
        referenced_workflows: The commit of each reusable workflow, by `owner/name/path@ref`.
    """

    created_at: Time
    workflow_id: int = 0
    check_suite_id: int | None = None
    path: Text = ""
    event: Text = ""
    status: Text = ""
    conclusion: str | None = None
    run_number: int | None = None
    run_attempt: int = 1
    run_started_at: Time | None = None
    updated_at: Time | None = None
    head_branch: Text = ""
    head_sha: Text = ""
    html_url: Text = ""
    display_title: Text = ""
    referenced_workflows: Annotated[Mapping[str, str], BeforeValidator(_shas)] = {}
    actor: Login = None
    triggering_actor: Login = None


class Job(Answer):
    """A job of one attempt of a run.

    Attributes:
        started_at: For a job that no runner took, the time at which it was queued.
        created_at: When everything that it needs had ended.
        ran: It has steps: a runner took it.
    """

    name: Text = ""
    run_attempt: int = 1
    status: Text = ""
    conclusion: str | None = None
    html_url: Text = ""
    started_at: Time | None = None
    completed_at: Time | None = None
    created_at: Time | None = None
    runner_name: Text = ""
    ran: Annotated[bool, BeforeValidator(_ran)] = Field(
        default=False, validation_alias=AliasChoices("steps", "ran")
    )


class CheckRun(Answer):
    """A job as a check: the same id, and the id of the deployment that the job made, if any."""

    deployment: Id = None


A = TypeVar("A", bound=Answer)


@cache
def many(model: type[A]) -> TypeAdapter[tuple[A, ...]]:
    """Turns a list of objects into values, and those into JSON and back."""
    return TypeAdapter(tuple[model, ...])  # type: ignore[valid-type] # made at run time


def parse(model: type[A], data: object) -> A:
    """One object of an answer.

    Raises:
        Garbled: It is of another shape.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Garbled(_complaint(model, error)) from None


def parse_list(model: type[A], data: object, field: str | None) -> tuple[A, ...]:
    """The objects of a list, which stands in `field` of the answer, or is the answer.

    Raises:
        Garbled: It is of another shape.
    """
    found = data.get(field) if field and isinstance(data, Mapping) else data
    if not isinstance(found, list):
        shown = "nothing" if found is None else repr(str(found)[:80])
        raise Garbled(f"GitHub's list of {model.__name__} is not as documented: {shown}")
    try:
        return many(model).validate_python(found)
    except ValidationError as error:
        raise Garbled(_complaint(model, error)) from None


def _complaint(model: type[Answer], error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"GitHub's {model.__name__} is not as documented: {where}: {first['msg']}"
