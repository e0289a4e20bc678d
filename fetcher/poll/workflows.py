"""Reads the files of a run's workflow, as they were at the commit for which it ran."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from pydantic import model_validator

from fetcher.github.answers import Answer, Run
from fetcher.github.errors import Forbidden, Garbled, Missing
from fetcher.github.reader import Reader
from fetcher.mapping.naming import SEGMENT
from fetcher.mapping.workflow_file import WorkflowJob, parse_workflow
from fetcher.mapping.workflow_graph import Workflow

MOST_FILES: Final = 5  # each is one charged request for all deployments of a commit
MOST_CALLS: Final = 4  # nested
LOCAL: Final = re.compile(r"\./(?P<path>\.github/workflows/[^@]+)")
ELSEWHERE: Final = re.compile(
    r"(?P<repository>[\w-]+/(?!\.{1,2}/)[\w.-]+)/(?P<path>\.github/workflows/[^@]+)@(?P<ref>.+)"
)
COMMIT: Final = re.compile(r"[0-9a-f]{40}")


class WorkflowFile(Answer):
    """A file of a repository, of which only the jobs that it declares are kept.

    Attributes:
        id: Files have none.
        jobs: None if it is not a workflow, or so long that GitHub does not show it.
    """

    id: int = 0
    jobs: tuple[WorkflowJob, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _parsed(cls, answer: Any) -> Any:
        if not isinstance(answer, Mapping) or "content" not in answer:
            return answer
        # A file of more than 1 MB comes with another encoding, and nothing in it.
        # https://docs.github.com/en/rest/repos/contents
        shown = answer.get("encoding") == "base64"
        return {"jobs": parse_workflow(_decoded(answer["content"])) if shown else None}


class _File(NamedTuple):
    repository: str
    path: str
    ref: str


@dataclass(slots=True)
class _Reading:
    """The files that were read; None for one that could not be."""

    reader: Reader
    shas: Mapping[str, str]
    read: dict[_File, tuple[WorkflowJob, ...] | None] = field(default_factory=dict)

    async def workflow(self, file: _File, calls: int) -> Workflow | None:
        """The workflow of a file, with those that it calls, nested so many times at most."""
        if file not in self.read and len(self.read) < MOST_FILES:
            self.read[file] = await _jobs(self.reader, file)
        if (jobs := self.read.get(file)) is None:
            return None
        called: dict[str, Workflow] = {}
        for job in jobs if calls else ():
            callee = _called(file, job.uses or "", self.shas)
            if callee and (found := await self.workflow(callee, calls - 1)):
                called[job.id] = found
        return Workflow(jobs, called)


async def read_workflow(
    reader: Reader, repository: str, run: Run, names: tuple[str, ...]
) -> Workflow | None:
    """The workflow of a run, with those that it calls if any of the jobs is in one.

    Args:
        reader: It asks for each file of a commit once.
        repository: The run's.
        run: Its file is taken from its commit.
        names: The names of the jobs to be found in the workflow.

    Returns:
        None if its file can't be read, or is not a workflow.

    Raises:
        GitHubError: GitHub does not say now; it may later.
    """
    path = run.path.partition("@")[0]
    if not (path.startswith(".github/workflows/") and run.head_sha):
        return None
    calls = MOST_CALLS if any(SEGMENT in name for name in names) else 0
    reading = _Reading(reader, run.referenced_workflows)
    return await reading.workflow(_File(repository, path, run.head_sha), calls)


async def _jobs(reader: Reader, file: _File) -> tuple[WorkflowJob, ...] | None:
    path = f"/repos/{file.repository}/contents/{quote(file.path, safe='')}"
    try:
        found = await reader.one(path, WorkflowFile, query={"ref": file.ref}, again=False)
    except (Missing, Forbidden, Garbled):
        return None
    return found.jobs


def _called(caller: _File, uses: str, shas: Mapping[str, str]) -> _File | None:
    """The file that a job uses; one of another repository only at a commit, which never changes."""
    if found := LOCAL.fullmatch(uses):
        return _File(caller.repository, found["path"], caller.ref)
    if found := ELSEWHERE.fullmatch(uses):
        name = uses.partition("@")[0]
        refs = {sha for path, sha in shas.items() if path.partition("@")[0] == name}
        ref = refs.pop() if len(refs) == 1 else found["ref"]
        return _File(found["repository"], found["path"], ref) if COMMIT.fullmatch(ref) else None
    return None


def _decoded(content: object) -> str:
    try:
        return base64.b64decode(str(content)).decode()
    except ValueError:
        return ""
