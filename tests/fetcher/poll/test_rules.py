"""The rules of the settings, through whole passes."""

from pathlib import Path

import pytest

from fetcher.mapping.rules import Change, Match, Rule
from tests.fake_github import FakeGitHub, Repository
from tests.fetcher.reading import reading

SHOP = "acme/shop"


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return fake.add_repository(SHOP, workflows={"deploy.yml": "name: Deploy"})


async def test_an_ignored_environment_is_asked_about_no_further(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    rule = Rule(match=Match(environment="github-pages"), ignore=True)
    shop.add_workflow("pages.yml")
    shop.start_run("pages.yml").deploy("github-pages", name="pages")
    async with reading(fake, tmp_path, rules=[rule]) as world:
        await world.reads(SHOP)

        assert await world.told() == []
        assert not [r for r in world.requests() if r.path.endswith("/statuses")]


async def test_a_job_of_an_ignored_environment_is_not_told_by_its_name_either(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    rule = Rule(match=Match(environment="github-pages"), ignore=True)
    run = shop.start_run("deploy.yml")
    run.deploy("github-pages", name="deploy")
    run.finish()
    async with reading(fake, tmp_path, rules=[rule]) as world:
        for _ in range(2):
            await world.reads(SHOP)
            world.clock.tick(60)

        assert await world.told() == []
        asked = [request.path for request in world.requests()]
        assert sum(path.endswith("/statuses") for path in asked) == 1


async def test_an_ignored_job_is_looked_at_no_more(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    rule = Rule(match=Match(job="smoke*"), ignore=True)
    run = shop.start_run("deploy.yml")
    run.add_job("smoke test", environment="production").start()
    run.add_job("deploy", environment="production").start()
    async with reading(fake, tmp_path, rules=[rule]) as world:
        await world.reads(SHOP)

        assert await world.told() == [("production", "in-progress")]
        assert await world.watched_ids() == [shop.deployments[1].id]


async def test_a_rule_names_the_service_in_either_lane(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    site = fake.add_repository("acme/site", workflows={"deploy.yml": "name: Deploy"})
    job = site.start_run("deploy.yml").add_job("deploy")
    job.start()
    shop.start_run("deploy.yml").deploy("production", conclusion=None)
    named = Change(service="{owner}/{repository}", version="{run_number}")
    rule = Rule(match=Match(workflow="deploy.yml"), set=named)
    async with reading(fake, tmp_path, rules=[rule]) as world:
        await world.reads(SHOP)
        await world.reads("acme/site")

        assert await world.told("service", "version") == [("acme/shop", "1"), ("acme/site", "1")]
