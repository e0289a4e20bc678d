"""What the tests of the road from GitHub to the matrix share."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.fake_github import Deployment, FakeGitHub, Job, Repository
from tests.program import DEADLINE_SECONDS, Program, Receiver

STATUSES: Final = {"in_progress": "in-progress", "success": "success", "failure": "failure"}


class Fetcher(Program):
    """The fetcher, whose waits must not hold up the fake GitHub that it asks."""

    def __init__(self, command: str, folder: Path, receiver: Receiver, github: FakeGitHub) -> None:
        settings = {
            "FETCHER_RECEIVER_URL": receiver.url,
            "FETCHER_API_KEY": receiver.key,
            "FETCHER_RECEIVER_TIMEOUT_SECONDS": "1",
            "FETCHER_REPOSITORIES": ",".join(r.full_name for r in github.repositories),
            "FETCHER_POLL_SECONDS": "1",
            "FETCHER_GITHUB__API_URL": github.api_url,
            "FETCHER_GITHUB__TOKEN": "ghs_fake",
            "FETCHER_GITHUB__REQUESTS_PER_MINUTE": "60000",
        }
        super().__init__("fetcher", command, folder=folder, settings=settings)

    async def ends(self) -> int:
        """Wait until it ends by itself; the exit code."""
        return await asyncio.to_thread(self.wait)

    async def says(self, pattern: str) -> None:
        """Wait for a line of its log."""
        await asyncio.to_thread(self.logged, pattern)


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait, and let the fake GitHub answer meanwhile."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"never came true: {what}"
        await asyncio.sleep(0.02)


async def everything_arrives(receiver: Receiver, github: FakeGitHub) -> None:
    """Wait until the receiver has what it should, each event once."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (  # noqa: ASYNC110 - it is another process
        rows(receiver) != owed(github) and time.monotonic() < deadline
    ):
        await asyncio.sleep(0.05)
    assert rows(receiver) == owed(github)


def rows(receiver: Receiver) -> Counter[tuple[str, ...]]:
    """The receiver's log, without regard to order, as what `owed` gives."""
    found: Counter[tuple[str, ...]] = Counter()
    cursor = ""
    while True:
        page = receiver.get(f"/api/deployments?limit=500{cursor}")
        found.update(
            tuple(event[name] for name in ("deployment_id", "environment", "status", "happened_at"))
            for event in page["items"]
        )
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def owed(github: FakeGitHub) -> Counter[tuple[str, ...]]:
    """The events that the deployments filed at GitHub make: one for each telling status."""
    return Counter(
        (
            f"gh-dep-{deployment.id}",
            deployment.environment,
            STATUSES[status.state],
            in_utc(status.created_at),
        )
        for repository in github.repositories
        for deployment in repository.deployments
        for status in deployment.statuses
        if status.state in STATUSES
    )


def in_utc(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def add_repository(github: FakeGitHub, name: str) -> Repository:
    return github.add_repository(
        f"acme/{name}", environments=("staging", "production"), workflows={"cd.yml": "name: CD"}
    )


def deploy(repository: Repository, environment: str = "staging") -> Deployment:
    run = repository.start_run("cd.yml", actor="ana")
    deployment = run.deploy(environment)
    run.finish()
    return deployment


def start(repository: Repository) -> Job:
    """A deployment that is in progress."""
    job = repository.start_run("cd.yml").add_job("deploy", environment="staging")
    job.start()
    return job


async def asked(github: FakeGitHub, requests: int) -> None:
    """Wait for so many more requests to GitHub."""
    before = len(github.requests)
    await until(lambda: len(github.requests) >= before + requests, f"{requests} requests")


async def told(receiver: Receiver, events: int) -> None:
    """Wait for so many more events in the log."""
    before = log_length(receiver)
    await until(lambda: log_length(receiver) >= before + events, f"{events} events")


def log_length(receiver: Receiver) -> int:
    length: int = receiver.get("/api/matrix")["last_event_id"]
    return length
