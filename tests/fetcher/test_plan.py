import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from fetcher.explain.explanation import Explanation, Outlook
from fetcher.explain.repositories import Asking, explain
from fetcher.explain.table import as_json, as_table, useless
from fetcher.mapping.rules import Change, Match, Rule
from tests.fake_github import FakeGitHub
from tests.fetcher.reading import START, World, fake_github, reading


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_github()


@pytest.fixture
async def world(fake: FakeGitHub, tmp_path: Path) -> AsyncIterator[World]:
    async with reading(fake, tmp_path) as world:
        yield world


def asking(world: World, *rules: Rule) -> Asking:
    """Asks the fake GitHub, of which everything is read every 30 seconds."""
    cycle = timedelta(seconds=30)
    return Asking(githubs=world.githubs, rules=rules, cycle=cycle, clock=world.clock)


async def explained(world: World, name: str, *rules: Rule) -> Explanation:
    (explanation,) = (await explain(asking(world, *rules), [name])).explanations
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
    assert found.why == "it creates deployments, the newest at 2026-11-20T12:00:00Z"


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
    assert found.workflows == ("deploy.yml",)
    assert found.others == ("ci.yml: neither its name nor a job's says that it deploys",)
    assert found.why == (
        "it creates no deployments; deploy.yml is read by its runs: job 'deploy dev' says so"
    )


async def test_a_repository_that_deploys_nothing_says_so(world: World, fake: FakeGitHub) -> None:
    fake.add_repository("acme/docs", workflows={"ci.yml": ""})

    found = await explained(world, "acme/docs")

    assert (found.lane, found.services) == ("none", ())
    assert found.why == "it creates no deployments, and no workflow is named as if it deploys"


async def test_what_is_wrong_with_one_repository_is_said_beside_the_others(
    world: World, fake: FakeGitHub
) -> None:
    fake.add_repository("acme/shop")
    fake.add_repository("acme/secret").deny("deployments")

    found, _points = await explain(asking(world), ["acme/secret", "acme/shop"])

    lanes = {each.repository: each for each in found}

    assert lanes["acme/shop"].lane == "none"
    assert lanes["acme/secret"].lane == "error"
    assert "Deployments: read" in lanes["acme/secret"].why
    assert "Grant it to the token at " in lanes["acme/secret"].why
    assert lanes["acme/secret"].services == ()


async def test_who_has_no_token_and_comes_to_its_limit_is_told_that_a_token_helps(
    fake: FakeGitHub, tmp_path: Path
) -> None:
    for number in range(40):
        fake.add_repository(f"acme/shop-{number}")
    names = [repository.full_name for repository in fake.repositories]

    async with reading(fake, tmp_path, token=None) as world:
        found, _points = await explain(asking(world), names)

    assert "60 requests an hour is used up; asking again at " in found[-1].why
    assert found[-1].why.endswith(
        ". With a token it is thousands: set fetcher.github.token (FETCHER_GITHUB__TOKEN)"
    )


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

    found, _points = await explain(asking(world), ["acme/shop", "beta/shop"])

    assert [explanation.services for explanation in found] == [("shop",), ("beta/shop",)]


async def test_the_services_are_those_that_would_be_told(world: World, fake: FakeGitHub) -> None:
    shop = fake.add_repository("acme/shop", workflows={"cd.yml": ""})
    run = shop.start_run("cd.yml")
    for leg in ("api", "web"):
        run.deploy("production", name=f"deploy ({leg})")

    found = await explained(world, "acme/shop")

    assert found.services == ("shop/api", "shop/web")


async def test_a_workflow_that_files_nothing_is_planned_beside_those_that_do(
    world: World, fake: FakeGitHub
) -> None:
    shop = fake.add_repository("acme/shop", workflows={"cd.yml": "", "legacy.yml": "name: Legacy"})
    shop.start_run("cd.yml").deploy("staging")
    job = shop.start_run("legacy.yml").add_job("deploy legacy")
    job.start()
    job.finish()
    job.run.finish()

    found = await explained(world, "acme/shop")

    assert found.lane == "both"
    assert found.workflows == ("cd.yml", "legacy.yml")
    assert found.environments == ("staging", "production")
    assert found.why.endswith("; legacy.yml is read by its runs: job 'deploy legacy' says so")


async def test_requests_are_counted_by_the_hour(world: World, fake: FakeGitHub) -> None:
    shop = fake.add_repository("acme/shop", workflows={"cd.yml": ""})
    for _ in range(21):
        shop.start_run("cd.yml").deploy("dev")

    found = await explained(world, "acme/shop")

    assert (found.free, found.charged) == (126, 1)


async def test_an_archived_repository_takes_a_request_an_hour(
    world: World, fake: FakeGitHub
) -> None:
    shop = fake.add_repository("acme/shop")
    shop.create_deployment("dev")
    shop.archive()

    found = await explained(world, "acme/shop")

    assert (found.archived, found.active_at, found.free) == (True, START, 1)


async def test_rules_are_applied_and_those_of_no_use_are_named(
    world: World, fake: FakeGitHub
) -> None:
    shop = fake.add_repository("acme/shop", environments=("pages",), workflows={"cd.yml": ""})
    shop.start_run("cd.yml").deploy("live")
    fake.add_repository("acme/docs")
    rules = (
        Rule(match=Match(repository="acme/docs"), ignore=True),
        Rule(match=Match(environment="pages"), ignore=True),
        Rule(match=Match(job="smoke*", environment="x"), ignore=True),
        Rule(match=Match(environment="live"), set=Change(service="till", environment="production")),
    )

    found, _points = await explain(asking(world, *rules), ["acme/shop", "acme/docs"])

    assert [(each.lane, each.rules) for each in found] == [("deployments", (4,)), ("ignored", (1,))]
    assert (found[0].services, found[0].environments) == (("till",), ("production",))
    assert found[1].why == "rule 1 ignores it"
    assert useless(found, rules) == [
        'fetcher.rules[2] has no effect on what was looked at: environment = "pages"',
        'fetcher.rules[3] has no effect on what was looked at: job = "smoke*", environment = "x"',
    ]


def test_a_row_of_the_table_has_its_reason_below_and_long_cells_go_on() -> None:
    shop = Explanation(
        repository="acme/shop",
        lane="runs",
        services=("shop",),
        environments=("dev", "staging", "production"),
        others=("ci.yml: no run of it has ended yet",),
        free=120,
        charged=0.25,
        why="because",
    )

    assert as_table(Outlook([shop], 0)).splitlines()[:5] == [
        "REPOSITORY  LANE  SERVICES  ENVIRONMENTS   WORKFLOWS  FREE/H  CHARGED/H",
        "acme/shop   runs  shop      dev, staging,  -          120     0.25",
        "                            production",
        "    because",
        "    left alone: ci.yml: no run of it has ended yet",
    ]


def test_the_table_fits_120_columns_whatever_it_holds() -> None:
    names = tuple(f"service-number-{number}" for number in range(40))
    many = Explanation(
        repository="organisation/repository",
        lane="deployments",
        services=names,
        environments=names,
        workflows=names,
        free=1_000,
        charged=10_000.5,
        why="it creates deployments " * 20,
    )

    lines = as_table(Outlook([many], 0)).splitlines()

    assert max(map(len, lines)) <= 120
    assert len(lines) < 20


def test_of_several_repositories_the_sums_are_told_and_the_points_of_graphql() -> None:
    one = Explanation(repository="acme/shop", lane="none", free=60, charged=0.5, why="because")

    text = " ".join(as_table(Outlook([one, one], 360)).split())

    assert "In all 120 and 1.00." in text
    assert text.endswith("by GraphQL, for 360 points an hour of its own limit.")


def test_json_has_an_object_for_each_repository() -> None:
    shop = Explanation(repository="acme/shop", lane="none", why="because")

    (found,) = json.loads(as_json(Outlook([shop], 0)))

    assert found == {
        "repository": "acme/shop",
        "lane": "none",
        "services": [],
        "environments": [],
        "workflows": [],
        "others": [],
        "archived": False,
        "active_at": None,
        "free": 0,
        "charged": 0,
        "rules": [],
        "why": "because",
    }
