"""What other pollers of GitHub got wrong, each as something that must hold here.

Most of it is held by tests that stand beside what they are about; `HELD_ELSEWHERE` says where. The
issues are those of the projects named.
"""

import importlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fake_github import FakeGitHub, Repository, answer, run_answers
from tests.fetcher.reading import World, fake_github, reading
from tests.fetcher.receiver_double import Fault, receiver_double
from tests.fetcher.working import working

HELD_ELSEWHERE = {
    "a status in the second of the newest one seen is skipped": (
        "poll.test_watched.test_a_status_in_the_second_of_the_last_one_seen_is_told"
    ),
    "one high-water mark for a repository hides older news of another deployment": (
        "poll.test_watched.test_an_older_status_of_one_deployment_is_not_hidden_by_a_newer_one_of_another"
    ),
    "an approval that takes longer than the look-back is never told": (
        "poll.test_watched.test_an_approval_after_weeks_is_told_though_others_deployed_meanwhile"
    ),
    "one repository's 404 ends the cycle of all": (
        "test_work.test_one_repositorys_failure_does_not_touch_another"
    ),
    "beyond 64 repositories every ETag is forgotten": (
        "poll.test_told.test_seventy_quiet_repositories_cost_nothing"
    ),
    "ETags are in memory, so a restart is charged for everything": (
        "test_rota.test_while_nothing_happens_nothing_is_charged"
    ),
    "a run's id is taken for its number, and does not fit": (
        "test_mapping_deployments.test_the_run_number_is_the_runs_number_and_not_its_id"
    ),
    "of the legs of a matrix only the last is kept": (
        "poll.test_told.test_the_legs_of_a_matrix_do_not_collapse"
    ),
    "a lost answer doubles an event": (
        "test_deliver_faults.test_after_any_fault_every_event_is_there_exactly_once"
    ),
    "a repository without environments yields nothing": (
        "poll.test_runs.test_a_job_that_deploys_is_told_as_it_goes"
    ),
    "every deployment's statuses are read in every cycle": (
        "poll.test_told.test_passes_without_news_tell_nothing_and_cost_nothing"
    ),
    "the version is never more than seven digits of a commit": (
        "test_mapping_deployments.test_the_version_is_the_payloads_or_the_tag_or_the_commit"
    ),
    "what was in progress when first seen is never told to have ended (apache/devlake#9127)": (
        "poll.test_told.test_a_deployment_is_told_as_it_goes"
    ),
    "filtered lists of runs are stale or empty (dawidd6/action-download-artifact#147)": (
        "poll.test_told.test_no_list_is_ever_filtered"
    ),
    "a re-run of an old run is not noticed, for its creation is long ago": (
        "poll.test_runs_watched.test_a_rerun_is_told_though_the_list_does_not_show_it"
    ),
    "jobs that a re-run carries over count twice (r-universe-org/help#607)": (
        "test_mapping_runs.test_a_job_that_reruns_carry_over_is_not_deployed_again"
    ),
    "a busy workflow hides the quiet ones (Jebel-Quant/monitoring#3)": (
        "poll.test_runs_watched.test_a_busy_repository_is_read_back_to_where_the_last_pass_began"
    ),
    "a superseded deployment counts as inactive, not as the success that it was": (
        "test_mapping_deployments.test_a_superseded_deployment_still_tells_how_it_ended"
    ),
    "the first run skips the backlog (apache/devlake#9016)": (
        "poll.test_window.test_what_ended_before_the_window_is_not_told_and_what_ended_in_it_is"
    ),
    "a cold start asks for everything at once (giantswarm/draughtsman#26)": (
        "poll.test_window.test_a_long_history_is_committed_piece_by_piece_the_newest_first"
    ),
    "a next page is wherever its link leads": (
        "test_reader.test_a_next_page_is_counted_up_and_no_link_is_followed"
    ),
    "what cannot succeed is tried again": (
        "test_client.test_a_missing_permission_is_named_and_not_asked_for_again"
    ),
    "GitHub is asked on while it refuses": (
        "test_work.test_the_daemon_asks_nothing_while_the_gate_is_closed"
    ),
}

SHOP, SITE = "acme/shop", "acme/site"
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("where", HELD_ELSEWHERE.values(), ids=HELD_ELSEWHERE)
def test_it_is_held_elsewhere(where: str) -> None:
    module, _, name = where.rpartition(".")

    assert callable(getattr(importlib.import_module(f"tests.fetcher.{module}"), name))


@pytest.fixture
def fake() -> FakeGitHub:
    return fake_github()


@pytest.fixture
def shop(fake: FakeGitHub) -> Repository:
    return fake.add_repository(SHOP, workflows={"deploy.yml": "name: Deploy"})


@pytest.fixture
def site(fake: FakeGitHub) -> Repository:
    """A repository whose jobs name no environment."""
    return fake.add_repository(SITE, workflows={"deploy.yml": "name: Deploy"})


@pytest.fixture
async def world(
    fake: FakeGitHub, shop: Repository, site: Repository, tmp_path: Path
) -> AsyncIterator[World]:
    assert [shop, site] == fake.repositories
    async with reading(fake, tmp_path) as world:
        yield world


@pytest.mark.parametrize("fault", ["503", "429", "drop", "500", "401"])
async def test_an_end_that_could_not_be_sent_is_not_forgotten_because_it_was_seen(
    fake: FakeGitHub, shop: Repository, tmp_path: Path, fault: Fault
) -> None:
    """An earlier poller of ours: it noted a deployment as finished before its event was sent."""
    async with (
        receiver_double() as receiver,
        working(fake, tmp_path, receiver.url) as (world, work),
    ):
        shop.start_run("deploy.yml").deploy("staging")
        receiver.faults.append(fault)
        for _ in range(20):  # GitHub answers 304 from the second on
            await work.read(SHOP)
            await work.deliver()
            world.clock.tick(60)
        assert sorted(status for _, status in receiver.stored().elements()) == [
            "in-progress",
            "success",
        ]


async def test_a_permission_that_is_missing_does_not_burn_the_quota(
    fake: FakeGitHub, shop: Repository, tmp_path: Path
) -> None:
    """Labbs/github-actions-exporter#26: it asked again at once, until nothing was left."""
    shop.deny("deployments", "actions")
    async with working(fake, tmp_path) as (world, work):
        for _ in range(120):  # an hour, a cycle every 30 seconds
            for name in (await work.due()).names:
                await work.read(name)
            world.clock.tick(30)
        assert len(world.requests()) < 20


async def test_no_question_is_asked_about_the_limit_that_every_answer_tells(
    world: World, shop: Repository
) -> None:
    """An earlier poller of ours asked /rate_limit, and counted it as a request."""
    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)

    assert "/rate_limit" not in {request.path for request in world.requests()}


async def test_a_run_of_more_jobs_than_a_page_holds_loses_none(
    world: World, site: Repository
) -> None:
    """apache/devlake#8615 read 20 jobs of a run, github/vscode-github-actions#72 read 30."""
    run = site.start_run("deploy.yml", ref="v1.2.0")
    for leg in range(130):
        run.add_job(f"deploy to staging ({leg})").start()
    await world.reads(SITE)

    assert len(await world.told()) == 130


async def test_a_total_that_is_no_number_is_not_minded(world: World, site: Repository) -> None:
    """Since September 2026 GitHub reports 2,500+ where a total would be costly to tell."""
    run = site.start_run("deploy.yml")
    run.add_job("deploy to staging").start()
    document = {"total_count": "2,500+", "workflow_runs": [run_answers.run(run)]}
    world.fake.fail("*/actions/runs", answer(200, json.dumps(document)))
    await world.reads(SITE)

    assert await world.told() == [("staging", "in-progress")]


async def test_everything_is_told_while_githubs_search_is_stale(
    world: World, shop: Repository, site: Repository
) -> None:
    """github.com/orgs/community#206725: filtered lists lacked weeks."""
    world.fake.search_is_stale = True
    shop.start_run("deploy.yml").deploy("staging")
    site.start_run("deploy.yml").add_job("deploy to staging").start()
    await world.reads(SHOP)
    await world.reads(SITE)

    assert len(await world.told()) == 3


async def test_two_runs_that_are_alike_in_every_name_are_two_deployments(
    world: World, shop: Repository
) -> None:
    """promhippie/github_exporter#234 told runs apart by their names."""
    for _ in range(2):
        shop.start_run("deploy.yml", sha="f" * 40, title="Deploy").deploy("staging")
    await world.reads(SHOP)

    assert len(set(await world.told("deployment_id", "status"))) == 4


async def test_a_deployment_without_a_log_is_told(world: World, shop: Repository) -> None:
    """atlassian/github-for-jira#808 rejected an empty log_url."""
    deployment = shop.create_deployment("staging")
    deployment.add_status("success", log_url="")
    await world.reads(SHOP)

    assert await world.told("status", "run_url") == [("success", None)]


@pytest.mark.parametrize("state", ["waiting", "abandoned", "what GitHub thinks of next year"])
async def test_a_state_that_is_not_in_githubs_description_stops_nothing(
    world: World, shop: Repository, state: str
) -> None:
    """atlassian/github-for-jira#1056 showed `waiting` as unknown; typed clients refuse it."""
    deployment = shop.create_deployment("staging")
    deployment.add_status(state)
    await world.reads(SHOP)
    world.clock.tick(60)
    deployment.add_status("success")
    await world.reads(SHOP)

    assert await world.told() == [("staging", "success")]


async def test_a_rerun_began_when_it_was_run_again(world: World, site: Repository) -> None:
    """int128/datadog-actions-metrics#232: its runs took days, for they were created days ago."""
    run = site.start_run("deploy.yml")
    run.add_job("deploy to staging").finish("failure")
    run.finish()
    world.clock.tick(5 * 24 * HOUR.total_seconds())
    run.rerun("zoe")
    run.add_job("deploy to staging").start()
    await world.reads(SITE)

    assert (await world.told("status", "happened_at"))[-1] == (
        "in-progress",
        "2026-11-25T12:00:00Z",
    )


async def test_an_end_stays_when_it_was_though_github_touches_the_run_again(
    world: World, site: Repository
) -> None:
    """fchimpan/gh-workflow-stats#11: `updated_at` moves years after a run has ended."""
    run = site.start_run("deploy.yml")
    job = run.add_job("deploy to staging")
    job.start()
    job.finish()
    run.finish()
    await world.reads(SITE)
    told = await world.told("status", "happened_at")
    world.clock.tick(24 * HOUR.total_seconds())
    run.touch()
    await world.reads(SITE)

    assert await world.told("status", "happened_at") == told


async def test_a_long_history_is_not_paged_through_again(world: World, shop: Repository) -> None:
    """grafana/github-datasource pages through all deployments each time it is asked."""
    for _ in range(120):
        shop.start_run("deploy.yml").deploy("staging")
        world.clock.tick(600)
    await world.reads(SHOP)
    world.requests()
    world.clock.tick(HOUR.total_seconds())
    shop.start_run("deploy.yml").deploy("staging")
    await world.reads(SHOP)

    lists = [r for r in world.requests() if r.path == f"/repos/{SHOP}/deployments"]
    assert len(lists) == 1
