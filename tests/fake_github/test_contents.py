"""Workflow files, as the fake answers them."""

import base64
from typing import Any

from tests.fake_github.conftest import WORKFLOW, World

FILE = "/contents/.github/workflows/deploy.yml"


def text(document: Any) -> str:
    return base64.b64decode(document["content"]).decode()


async def test_a_workflow_file_is_answered_as_it_was_written(world: World) -> None:
    assert text(await world.json(f"{FILE}?ref=main")) == WORKFLOW
    assert (await world.get("/repos/acme/shop/contents/nothing.yml")).status == 404


async def test_a_file_is_what_it_was_at_the_commit(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    before = await world.get(f"/repos/acme/shop{FILE}")
    world.clock.tick(60)
    world.shop.edit("deploy.yml", "name: Roll out\n")
    after = world.shop.start_run("deploy.yml")
    assert text(await world.json(f"{FILE}?ref={run.sha}")) == WORKFLOW
    assert text(await world.json(f"{FILE}?ref={after.sha}")) == "name: Roll out\n"
    assert (await world.json(f"/actions/workflows/{run.workflow.id}"))["name"] == "Roll out"
    now = await world.get(f"/repos/acme/shop{FILE}", If_None_Match=before.headers["ETag"])
    assert now.status == 200
    assert now.headers["Last-Modified"] == "Fri, 20 Nov 2026 12:01:00 GMT"


async def test_a_commit_that_is_not_there_is_404(world: World) -> None:
    answer = await world.get(f"/repos/acme/shop{FILE}?ref={'0' * 40}")
    assert answer.status == 404
    assert (await answer.json())["message"] == f"No commit found for the ref {'0' * 40}"


async def test_a_file_over_a_megabyte_comes_without_its_content(world: World) -> None:
    world.shop.edit("deploy.yml", "#" * 1_000_001)
    document = await world.json(FILE)
    assert (document["encoding"], document["content"]) == ("none", "")
    assert document["download_url"].startswith("https://raw.githubusercontent.com/acme/shop/")


async def test_a_called_workflow_is_named_with_its_repository_and_commit(world: World) -> None:
    shared = world.fake.add_repository("acme/shared", workflows={"roll-out.yml": "jobs: {}\n"})
    run = world.shop.start_run("deploy.yml")
    run.call("roll-out.yml", of=shared)
    run.call("deploy.yml")
    other, own = (await world.json(f"/actions/runs/{run.id}"))["referenced_workflows"]
    assert other["path"] == "acme/shared/.github/workflows/roll-out.yml@main"
    assert own["sha"] == run.sha
    path = f"/repos/acme/shared/contents/.github/workflows/roll-out.yml?ref={other['sha']}"
    assert text(await (await world.get(path)).json()) == "jobs: {}\n"
