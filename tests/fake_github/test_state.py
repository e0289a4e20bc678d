"""The fake changes as GitHub does: ids, statuses, re-runs, approvals, repositories."""

from datetime import timedelta

from tests.fake_github.conftest import World


async def test_ids_need_more_than_32_bits_and_grow(world: World) -> None:
    first = world.shop.start_run("deploy.yml").deploy("staging")
    second = world.shop.start_run("deploy.yml").deploy("staging")
    assert 2**32 < first.id < second.id
    listed = await world.json("/deployments")
    assert [each["id"] for each in listed] == [second.id, first.id]


async def test_a_deployment_tells_its_job_and_run_by_the_log_url_of_its_statuses(
    world: World,
) -> None:
    run = world.shop.start_run("deploy.yml", ref="main", actor="ana")
    deployment = run.deploy("staging")
    assert deployment.job
    statuses = await world.json(f"/deployments/{deployment.id}/statuses")
    assert [status["state"] for status in statuses] == ["success", "in_progress", "queued"]
    page = f"https://github.com/acme/shop/actions/runs/{run.id}/job/{deployment.job.id}"
    assert {status["log_url"] for status in statuses} == {page}
    assert {status["target_url"] for status in statuses} == {page}
    [job] = (await world.json(f"/actions/runs/{run.id}/jobs"))["jobs"]
    assert (job["html_url"], job["id"]) == (page, deployment.job.id)
    assert "environment" not in job
    check = await world.json(f"/check-runs/{job['id']}")
    assert check["deployment"]["id"] == deployment.id


async def test_a_status_moves_the_deployments_updated_at_and_the_lists_etag(world: World) -> None:
    deployment = world.shop.start_run("deploy.yml").deploy("staging", conclusion=None)
    before = await world.get("/repos/acme/shop/deployments")
    world.clock.tick(60)
    assert deployment.job
    deployment.job.finish("success")
    [after] = await world.json("/deployments")
    assert after["created_at"] == "2026-11-20T12:00:00Z"
    assert after["updated_at"] == "2026-11-20T12:01:00Z"
    again = await world.get("/repos/acme/shop/deployments", If_None_Match=before.headers["ETag"])
    assert again.status == 200


async def test_two_statuses_in_one_second_leave_the_lists_etag_as_it_was(world: World) -> None:
    deployment = world.shop.start_run("deploy.yml").deploy("staging", conclusion=None)
    before = await world.get("/repos/acme/shop/deployments")
    assert deployment.job
    deployment.job.finish("success")
    again = await world.get("/repos/acme/shop/deployments", If_None_Match=before.headers["ETag"])
    assert again.status == 304


async def test_a_newer_success_makes_the_older_ones_inactive(world: World) -> None:
    old = world.shop.start_run("deploy.yml").deploy("staging")
    failed = world.shop.start_run("deploy.yml").deploy("staging", conclusion="failure")
    elsewhere = world.shop.start_run("deploy.yml").deploy("test")
    new = world.shop.start_run("deploy.yml").deploy("staging")
    assert [s.state for s in old.statuses] == ["queued", "in_progress", "success", "inactive"]
    assert (failed.state, elsewhere.state, new.state) == ("failure", "success", "success")


async def test_in_production_the_older_successes_stay(world: World) -> None:
    old = world.shop.start_run("deploy.yml").deploy("production")
    world.shop.start_run("deploy.yml").deploy("production")
    assert old.state == "success"


async def test_a_protected_environment_waits_until_it_is_approved(world: World) -> None:
    job = world.shop.start_run("deploy.yml").add_job("deploy", environment="production")
    job.approve()
    job.start()
    job.finish()
    assert job.deployment
    states = [status.state for status in job.deployment.statuses]
    assert states == ["waiting", "queued", "in_progress", "success"]


async def test_a_rejected_job_fails_without_ever_having_been_in_progress(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    job = run.add_job("deploy", environment="production")
    job.reject()
    run.finish()
    assert job.deployment
    assert [status.state for status in job.deployment.statuses] == ["waiting", "failure"]
    shown = await world.json(f"/actions/runs/{run.id}")
    assert (shown["status"], shown["conclusion"]) == ("completed", "failure")


async def test_a_rerun_keeps_id_and_creation_and_place_in_the_list(world: World) -> None:
    run = world.shop.start_run("deploy.yml", actor="ana")
    first = run.deploy("staging", conclusion="failure")
    run.finish()
    newer = world.shop.start_run("deploy.yml")
    world.clock.tick(timedelta(days=5).total_seconds())
    run.rerun("zoe")
    second = run.deploy("staging")
    run.finish()
    listed = (await world.json("/actions/runs"))["workflow_runs"]
    assert [each["id"] for each in listed] == [newer.id, run.id]
    shown = listed[1]
    assert (shown["run_attempt"], shown["run_number"], shown["conclusion"]) == (2, 1, "success")
    assert shown["created_at"] == "2026-11-20T12:00:00Z"
    assert shown["run_started_at"] == "2026-11-25T12:00:00Z"
    assert (shown["actor"]["login"], shown["triggering_actor"]["login"]) == ("ana", "zoe")
    assert second.id > first.id
    newest = (await world.json("/deployments"))[0]
    assert newest["id"] == second.id


async def test_an_attempt_is_shown_as_it_was_with_a_creation_of_its_own(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    run.finish("failure")
    world.clock.tick(100)
    run.rerun("zoe")
    run.finish("success")
    first = await world.json(f"/actions/runs/{run.id}/attempts/1")
    second = await world.json(f"/actions/runs/{run.id}/attempts/2")
    assert (first["conclusion"], first["run_attempt"]) == ("failure", 1)
    assert (second["conclusion"], second["run_attempt"]) == ("success", 2)
    assert second["run_started_at"] == "2026-11-20T12:01:40Z"
    assert second["created_at"] == "2026-11-20T12:01:42Z"
    assert second["previous_attempt_url"].endswith("/attempts/1")
    assert (await world.get(f"/repos/acme/shop/actions/runs/{run.id}/attempts/3")).status == 404


async def test_the_latest_jobs_are_those_of_the_last_attempt_only(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    build = run.add_job("build")
    build.start()
    build.finish()
    run.deploy("staging", conclusion="failure")
    run.finish()
    run.rerun()
    run.deploy("staging")
    latest = (await world.json(f"/actions/runs/{run.id}/jobs"))["jobs"]
    every = (await world.json(f"/actions/runs/{run.id}/jobs?filter=all"))["jobs"]
    assert [job["name"] for job in latest] == ["deploy (staging)"]
    assert [job["run_attempt"] for job in every] == [1, 1, 2]


async def test_a_carried_over_job_has_the_new_attempt_and_its_old_times(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    build = run.add_job("build")
    build.start()
    build.finish()
    world.clock.tick(600)
    run.rerun()
    run.carry_over(build)
    [job] = (await world.json(f"/actions/runs/{run.id}/jobs"))["jobs"]
    assert (job["run_attempt"], job["started_at"]) == (2, "2026-11-20T12:00:00Z")
    assert job["id"] != build.id


async def test_a_run_title_takes_the_place_of_the_workflows_name(world: World) -> None:
    plain = world.shop.start_run("deploy.yml")
    titled = world.shop.start_run("deploy.yml", title="Deploy to qa by @ana")
    assert (await world.json(f"/actions/runs/{plain.id}"))["name"] == "Deploy"
    shown = await world.json(f"/actions/runs/{titled.id}")
    assert shown["name"] == shown["display_title"] == "Deploy to qa by @ana"
    assert shown["path"] == ".github/workflows/deploy.yml"


async def test_a_run_is_queued_then_in_progress_then_completed(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    seen = [run.status_of(run.attempt)]
    job = run.add_job("build")
    seen.append(run.status_of(run.attempt))
    job.start()
    seen.append(run.status_of(run.attempt))
    job.finish("cancelled")
    seen.append(run.status_of(run.attempt))
    run.finish()
    seen.append(run.status_of(run.attempt))
    assert seen == ["queued", "queued", "in_progress", "in_progress", "completed"]
    assert run.attempt.conclusion == "cancelled"


async def test_a_job_whose_environment_files_no_deployment_may_still_wait(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    job = run.add_job("migrate", environment="production", deployment=False)
    assert (job.status, job.deployment) == ("waiting", None)
    assert await world.json("/deployments") == []


async def test_what_a_run_waits_for_is_pending_and_then_what_was_decided(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    job = run.add_job("deploy", environment="production")
    [pending] = await world.json(f"/actions/runs/{run.id}/pending_deployments")
    assert pending["environment"]["name"] == "production"
    assert await world.json(f"/actions/runs/{run.id}/approvals") == []
    job.approve("ana", "ship it")
    assert await world.json(f"/actions/runs/{run.id}/pending_deployments") == []
    [approval] = await world.json(f"/actions/runs/{run.id}/approvals")
    assert (approval["state"], approval["comment"]) == ("approved", "ship it")
    assert approval["user"]["login"] == "ana"


async def test_only_the_failed_jobs_run_again(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    build = run.add_job("build")
    build.start()
    build.finish()
    first = run.deploy("staging", conclusion="failure")
    run.finish()
    [again] = run.rerun_failed("zoe")
    assert (again.name, again.attempt, again.environment) == ("deploy (staging)", 2, "staging")
    assert again.deployment
    assert again.deployment.id > first.id
    latest = (await world.json(f"/actions/runs/{run.id}/jobs"))["jobs"]
    assert [job["id"] for job in latest] == [again.id]


async def test_the_jobs_that_succeeded_were_once_listed_again(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    run.deploy("staging")
    failed = run.add_job("smoke test")
    failed.finish("failure")
    run.finish()
    run.rerun_failed(carry_over=True)
    latest = (await world.json(f"/actions/runs/{run.id}/jobs"))["jobs"]
    assert [(job["name"], job["run_attempt"]) for job in latest] == [
        ("deploy (staging)", 2),
        ("smoke test", 2),
    ]
    assert len(world.shop.deployments) == 1


async def test_the_check_runs_of_a_suite_tell_which_job_made_which_deployment(
    world: World,
) -> None:
    run = world.shop.start_run("deploy.yml")
    run.add_job("build")
    deployment = run.deploy("staging")
    suite = (await world.json(f"/actions/runs/{run.id}"))["check_suite_id"]
    checks = (await world.json(f"/check-suites/{suite}/check-runs"))["check_runs"]
    told = {check["id"]: check.get("deployment", {}).get("id") for check in checks}
    assert told == {run.jobs[0].id: None, run.jobs[1].id: deployment.id}


async def test_a_cancelled_run_ends_everything_that_had_not_ended(world: World) -> None:
    run = world.shop.start_run("deploy.yml")
    done = run.deploy("staging")
    held = run.add_job("deploy again", environment="staging")
    held.hold()
    assert (await world.json(f"/actions/runs/{run.id}"))["status"] == "in_progress"
    run.cancel()
    assert held.deployment
    assert [status.state for status in held.deployment.statuses] == ["queued", "pending", "failure"]
    assert (done.state, run.attempt.conclusion) == ("success", "cancelled")


async def test_a_repository_can_be_archived_deleted_and_made_anew(world: World) -> None:
    before = await world.get("/repos/acme/shop")
    world.clock.tick(60)
    world.shop.archive()
    after = await world.get("/repos/acme/shop", If_None_Match=before.headers["ETag"])
    assert (await after.json())["archived"] is True
    assert after.headers["Last-Modified"] == "Fri, 20 Nov 2026 12:01:00 GMT"
    world.fake.delete("acme/shop")
    assert (await world.get("/repos/acme/shop")).status == 404
    assert (await world.get(f"/repositories/{world.shop.id}")).status == 404
    anew = world.fake.add_repository("acme/shop")
    assert (await world.json(""))["id"] == anew.id != world.shop.id


async def test_a_name_that_was_taken_again_redirects_no_more(world: World) -> None:
    world.fake.rename("acme/shop", "globex/store")
    moved = await (await world.get("/repos/globex/store")).json()
    assert (moved["id"], moved["owner"]["login"]) == (world.shop.id, "globex")
    other = world.fake.add_repository("acme/shop")
    assert (await world.json(""))["id"] == other.id


async def test_a_time_serves_as_a_condition_where_there_is_no_etag_to_ask_by(
    world: World,
) -> None:
    deployment = world.shop.start_run("deploy.yml").deploy("staging")
    path = f"/repos/acme/shop/deployments/{deployment.id}"
    since = (await world.get(path)).headers["Last-Modified"]
    assert (await world.get(path, If_Modified_Since=since)).status == 304
    assert "Last-Modified" not in (await world.get("/repos/acme/shop/deployments")).headers
