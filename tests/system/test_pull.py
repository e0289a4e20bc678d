"""From GitHub to the matrix: a fake GitHub, and the real fetcher feeding the real receiver."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fake_github import FakeGitHub, Fault, Job, garbage, serve, server_error, truncated
from tests.program import Receiver
from tests.system.pull import (
    Fetcher,
    add_repository,
    asked,
    deploy,
    everything_arrives,
    in_utc,
    log_length,
    owed,
    rows,
    start,
    told,
    until,
)

FOR_EVER: Final = 10**9


@pytest.fixture
async def github() -> AsyncIterator[FakeGitHub]:
    """A GitHub without repositories, on loopback."""
    fake = FakeGitHub()
    fake.rate_limited = False
    async with serve(fake):
        yield fake


Once = Callable[[], Awaitable[int]]


@pytest.fixture
def once(receiver: Receiver, github: FakeGitHub, tmp_path: Path) -> Once:
    """Run `deployment-fetcher once` to its end; gives the exit code."""

    async def run() -> int:
        with Fetcher("once", tmp_path, receiver, github) as fetcher:
            return await fetcher.ends()

    return run


async def test_both_lanes_fill_the_matrix(
    receiver: Receiver, github: FakeGitHub, once: Once
) -> None:
    shop = add_repository(github, "shop")
    deployment = deploy(shop)
    run = shop.runs[-1]
    site = github.add_repository("acme/site", workflows={"deploy.yml": "name: Deploy"})
    site_run = site.start_run("deploy.yml", ref="v1.4.0", actor="zoe")
    job = site_run.add_job("deploy to staging")
    job.start()
    job.finish("failure")
    site_run.finish()

    assert await once() == 0

    slots = {row["service"]: row["slots"] for row in receiver.get("/api/matrix")["rows"]}
    assert without_receipt(slots) == {
        "shop": {
            "staging": {
                "current": {
                    "deployment_id": f"gh-dep-{deployment.id}",
                    "service": "shop",
                    "environment": "staging",
                    "status": "success",
                    "happened_at": in_utc(deployment.statuses[-1].created_at),
                    "version": run.sha[:7],
                    "run_url": f"https://github.com/acme/shop/actions/runs/{run.id}"
                    f"/job/{run.jobs[0].id}",
                    "run_number": 1,
                    "actor": "ana",
                    "ref": "main",
                    "sha": run.sha,
                }
            }
        },
        "site": {
            "staging": {
                "current": {
                    "deployment_id": f"gh-job-{job.id}",
                    "service": "site",
                    "environment": "staging",
                    "status": "failure",
                    "happened_at": in_utc(job.completed_at or job.created_at),
                    "version": "v1.4.0",
                    "run_url": f"https://github.com/acme/site/actions/runs/{site_run.id}"
                    f"/job/{job.id}",
                    "run_number": 1,
                    "actor": "zoe",
                    "ref": "v1.4.0",
                    "sha": site_run.sha,
                }
            }
        },
    }


def without_receipt(slots: dict[str, Any]) -> dict[str, Any]:
    """The slots without what the receiver adds to an event."""
    for service in slots.values():
        for slot in service.values():
            for added in ("id", "received_at", "progress_reporter"):
                slot["current"].pop(added, None)
    return slots


async def test_a_deployment_is_followed_while_it_goes_on(
    receiver: Receiver, github: FakeGitHub, tmp_path: Path
) -> None:
    shop = add_repository(github, "shop")
    deploy(shop)
    with Fetcher("run", tmp_path, receiver, github) as fetcher:
        await everything_arrives(receiver, github)

        job = shop.start_run("cd.yml").add_job("deploy", environment="production")
        job.start()
        await everything_arrives(receiver, github)
        assert receiver.slot("shop", "production")["current"]["status"] == "in-progress"

        job.finish("failure")
        await everything_arrives(receiver, github)
        assert receiver.slot("shop", "production")["current"]["status"] == "failure"

        assert await asyncio.to_thread(fetcher.stop) == 0
    assert rows(receiver) == owed(github)


async def test_a_fetcher_killed_again_and_again_loses_and_doubles_nothing(
    receiver: Receiver, github: FakeGitHub, once: Once, tmp_path: Path
) -> None:
    chance = random.Random(20261123)  # noqa: S311 - a schedule, not a secret
    repositories = [add_repository(github, f"service-{number}") for number in range(4)]
    under_way: list[Job] = []
    fetcher = Fetcher("run", tmp_path, receiver, github)
    for requests, events in ((3, None), (17, None), (None, 1), (None, 4), (41, None), (None, 7)):
        for job in under_way:
            job.finish(chance.choice(("success", "failure")))
        for repository in repositories:
            deploy(repository, chance.choice(("staging", "production")))
        under_way = [start(repository) for repository in repositories]
        with fetcher:
            if requests:
                await asked(github, requests)
            if events:
                await told(receiver, events)

    assert await once() == 0
    assert rows(receiver) == owed(github)


async def test_a_receiver_killed_again_and_again_is_told_everything_once(
    receiver: Receiver, github: FakeGitHub, tmp_path: Path
) -> None:
    shop = add_repository(github, "shop")
    with Fetcher("run", tmp_path, receiver, github):
        for events in (1, 4, 7):
            for environment in ("staging", "production", "staging", "staging"):
                deploy(shop, environment)
            await told(receiver, events)
            receiver.kill()
            receiver.start()

        await everything_arrives(receiver, github)


async def test_a_lost_state_doubles_nothing(
    receiver: Receiver, github: FakeGitHub, once: Once, tmp_path: Path
) -> None:
    shop = add_repository(github, "shop")
    for environment in ("staging", "production", "staging"):
        deploy(shop, environment)
    assert await once() == 0
    before = rows(receiver)

    for file in (tmp_path / "data").glob("fetcher.db*"):
        file.unlink()
    deploy(shop)

    assert await once() == 0
    assert rows(receiver) == owed(github)
    assert (rows(receiver) - before).total() == 2


@pytest.mark.parametrize(
    "fault",
    [server_error(500), server_error(502), garbage(), garbage('{"oddly": "shaped"}'), truncated()],
    ids=["500", "502", "not JSON", "another shape", "cut off"],
)
async def test_a_repository_that_cannot_be_read_is_told_of_and_holds_up_no_other(
    receiver: Receiver, github: FakeGitHub, tmp_path: Path, fault: Fault
) -> None:
    for name in ("a-good", "broken", "z-good"):
        deploy(add_repository(github, name))
    github.fail("/repos/acme/broken*", fault, times=FOR_EVER)

    with Fetcher("run", tmp_path, receiver, github) as fetcher:
        await until(lambda: log_length(receiver) == 4, "the others are there")
        assert receiver.get("/api/services")["items"] == ["a-good", "z-good"]
        await fetcher.says("acme/broken: ")
        github.faults.clear()
        deploy(github.repositories[0])
        await until(lambda: log_length(receiver) >= 6, "the others go on")
    told = [line for line in fetcher.log if "acme/broken" in line]
    assert len(told) <= 2, "it is said when it starts, and when it ends"
