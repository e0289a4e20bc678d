import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fetcher.explain import Explanation, as_json, as_table, explain
from tests.fake_github import FakeGitHub
from tests.fetcher.reading import World, fake_github, reading


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_github()


@pytest.fixture
async def world(fake: FakeGitHub, tmp_path: Path) -> AsyncIterator[World]:
    async with reading(fake, tmp_path) as world:
        yield world


async def explained(world: World, name: str) -> Explanation:
    (explanation,) = await explain(world.githubs, [name])
    return explanation


async def test_a_repository_that_files_deployments_is_read_by_them(
    world: World, fake: FakeGitHub
) -> None:
    shop = fake.add_repository(
        "acme/shop", environments=("dev", "qa"), workflows={"cd.yml": "", "ci.yml": ""}
    )
    shop.start_run("cd.yml").deploy("dev")
    shop.create_deployment("preview").add_status("success", log_url="https://cd.example/1")

    found = await explained(world, "acme/shop")

    assert found.lane == "deployments"
    assert found.services == ("shop",)
    assert set(found.environments) == {"dev", "qa", "preview"}
    assert found.workflows == ("a third party", "cd.yml")
    assert found.why == "it files deployments, the newest at 2026-11-20T12:00:00Z"


async def test_a_repository_without_deployments_is_read_by_the_names_of_its_workflows(
    world: World, fake: FakeGitHub
) -> None:
    site = fake.add_repository(
        "acme/site", workflows={"deploy.yml": "name: Deploy", "ci.yml": "name: CI"}
    )
    run = site.start_run("deploy.yml")
    for name in ("deploy dev", "deploy"):
        run.add_job(name).finish()
    run.finish()

    found = await explained(world, "acme/site")

    assert found.lane == "runs"
    assert found.environments == ("dev", "production")
    assert found.workflows == ("deploy.yml: job 'deploy dev' says so",)
    assert found.others == ("ci.yml: neither its name nor a job's says that it deploys",)
    assert found.why == "it files no deployments, and Deploy deploys by its name"


async def test_a_repository_that_deploys_nothing_says_so(world: World, fake: FakeGitHub) -> None:
    fake.add_repository("acme/docs", workflows={"ci.yml": ""})

    found = await explained(world, "acme/docs")

    assert (found.lane, found.services) == ("none", ())
    assert found.why == "it files no deployments, and no workflow is named as deploying"


async def test_what_is_wrong_with_one_repository_is_said_beside_the_others(
    world: World, fake: FakeGitHub
) -> None:
    fake.add_repository("acme/shop")
    fake.add_repository("acme/secret").deny("deployments")

    lanes = {e.repository: e for e in await explain(world.githubs, ["acme/secret", "acme/shop"])}

    assert lanes["acme/shop"].lane == "none"
    assert lanes["acme/secret"].lane == "error"
    assert "Deployments: read" in lanes["acme/secret"].why


async def test_environments_that_may_not_be_listed_are_those_that_were_deployed_to(
    world: World, fake: FakeGitHub
) -> None:
    shop = fake.add_repository("acme/shop", environments=("dev",), workflows={"cd.yml": ""})
    shop.start_run("cd.yml").deploy("qa")
    shop.deny("actions")

    found = await explained(world, "acme/shop")

    assert (found.environments, found.workflows) == (("qa",), ("a workflow",))


async def test_two_repositories_of_one_name_are_two_services(
    world: World, fake: FakeGitHub
) -> None:
    for name in ("acme/shop", "beta/shop"):
        fake.add_repository(name).create_deployment("dev")

    found = await explain(world.githubs, ["acme/shop", "beta/shop"])

    assert [explanation.services for explanation in found] == [("shop",), ("beta/shop",)]


def test_a_table_is_as_wide_as_what_it_holds() -> None:
    shop = Explanation(
        repository="acme/shop",
        lane="runs",
        services=("shop",),
        environments=("dev", "production"),
        why="because",
    )

    assert as_table([shop]).splitlines() == [
        "REPOSITORY  LANE  SERVICES  ENVIRONMENTS     WORKFLOWS  WHY",
        "acme/shop   runs  shop      dev, production  -          because",
    ]


def test_json_has_an_object_for_each_repository() -> None:
    shop = Explanation(repository="acme/shop", lane="none", services=(), why="because")

    (found,) = json.loads(as_json([shop]))

    assert found == {
        "repository": "acme/shop",
        "lane": "none",
        "services": [],
        "environments": [],
        "workflows": [],
        "others": [],
        "why": "because",
    }
