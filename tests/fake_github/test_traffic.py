"""Tokens, limits, ETags, pages and faults of the fake GitHub."""

import asyncio

import pytest
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession

from tests.fake_github import (
    disconnect,
    garbage,
    hang,
    late,
    not_modified,
    primary_limit,
    secondary_limit,
    server_error,
    truncated,
)
from tests.fake_github.conftest import NOON, World


async def test_a_304_is_free_to_an_authorised_request(world: World) -> None:
    first = await world.get("/repos/acme/shop/deployments")
    again = await world.get("/repos/acme/shop/deployments", If_None_Match=first.headers["ETag"])
    assert (first.status, again.status) == (200, 304)
    assert first.headers["X-RateLimit-Used"] == again.headers["X-RateLimit-Used"] == "1"
    assert [request.charged for request in world.fake.requests] == [True, False]


async def test_a_304_costs_an_unauthorised_request(world: World) -> None:
    async with ClientSession() as nobody:
        anonymous = World(world.clock, world.fake, world.shop, nobody)
        first = await anonymous.get("/repos/acme/shop")
        etag = first.headers["ETag"]
        again = await anonymous.get("/repos/acme/shop", If_None_Match=etag)
    assert (again.status, again.headers["X-RateLimit-Used"]) == (304, "2")
    assert again.headers["X-RateLimit-Limit"] == "60"


async def test_an_etag_belongs_to_its_token_and_to_what_was_accepted(world: World) -> None:
    world.fake.add_token("other")
    path = "/repos/acme/shop"
    etags = {
        (await world.get(path)).headers["ETag"],
        (await world.get(path)).headers["ETag"],
        (await world.get(path, Authorization="Bearer other")).headers["ETag"],
        (await world.get(path, Accept="application/json")).headers["ETag"],
    }
    assert len(etags) == 3
    assert all(etag.startswith('W/"') for etag in etags)


async def test_a_wrong_token_is_401_and_a_private_repository_is_404_without_one(
    world: World,
) -> None:
    world.fake.add_repository("acme/secret", private=True)
    assert (await world.get("/repos/acme/secret")).status == 200
    wrong = await world.get("/repos/acme/shop", Authorization="Bearer wrong")
    assert wrong.status == 401
    async with ClientSession() as nobody:
        anonymous = World(world.clock, world.fake, world.shop, nobody)
        assert (await anonymous.get("/repos/acme/secret")).status == 404
        assert (await anonymous.get("/repos/acme/shop")).status == 200


async def test_a_missing_permission_is_403_and_named(world: World) -> None:
    world.shop.deny("deployments")
    answer = await world.get("/repos/acme/shop/deployments")
    assert answer.status == 403
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "deployments=read"
    assert (await world.get("/repos/acme/shop/actions/runs")).status == 200


async def test_the_hours_requests_run_out_and_come_back(world: World) -> None:
    world.fake.rate.limit = 2
    statuses = [(await world.get("/repos/acme/shop")).status for _ in range(3)]
    assert statuses == [200, 200, 403]
    refused = await world.get("/repos/acme/shop")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.headers["X-RateLimit-Reset"] == str(int(NOON.timestamp()) + 3600)
    assert (await world.get("/rate_limit")).status == 200
    world.clock.tick(3600)
    assert (await world.get("/repos/acme/shop")).status == 200


async def test_an_enterprise_server_may_have_no_limits_and_no_headers(world: World) -> None:
    world.fake.rate_limited = False
    assert "X-RateLimit-Limit" not in (await world.get("/repos/acme/shop")).headers


async def test_pages_are_linked_under_the_repositorys_number(world: World) -> None:
    for _ in range(5):
        world.shop.start_run("deploy.yml").deploy("staging")
    seen: list[int] = []
    url = f"{world.fake.api_url}/repos/acme/shop/deployments?per_page=2"
    while url:
        async with world.session.get(url) as response:
            seen += [each["id"] for each in await response.json()]
            url = str(response.links["next"]["url"]) if "next" in response.links else ""
        assert not url or f"/repositories/{world.shop.id}/deployments?" in url
    assert seen == [each.id for each in reversed(world.shop.deployments)]


async def test_a_page_has_30_entries_and_at_most_100(world: World) -> None:
    for _ in range(101):
        world.shop.start_run("deploy.yml")
    runs = (await world.json("/actions/runs"))["workflow_runs"]
    most = await world.json("/actions/runs?per_page=200")
    assert (len(runs), len(most["workflow_runs"]), most["total_count"]) == (30, 100, 101)
    assert (await world.get("/repos/acme/shop/actions/runs?per_page=100&page=401")).status == 422


async def test_runs_are_filtered_by_a_search_that_may_be_stale(world: World) -> None:
    world.shop.start_run("deploy.yml").finish("success")
    world.clock.tick(86_400)
    waiting = world.shop.start_run("deploy.yml")
    for query in ("created=>=2026-11-21", "status=queued", "created=2026-11-21..2026-11-22"):
        found = (await world.json(f"/actions/runs?{query}"))["workflow_runs"]
        assert [run["id"] for run in found] == [waiting.id], query
    world.fake.search_is_stale = True
    assert (await world.json("/actions/runs?status=queued"))["workflow_runs"] == []
    assert len((await world.json("/actions/runs"))["workflow_runs"]) == 2


async def test_a_renamed_repository_redirects_from_its_old_name(world: World) -> None:
    world.fake.rename("acme/shop", "acme/store")
    url = f"{world.fake.api_url}/repos/acme/shop/deployments?per_page=5"
    async with world.session.get(url, allow_redirects=False) as response:
        assert response.status == 301
        target = f"{world.fake.api_url}/repositories/{world.shop.id}/deployments?per_page=5"
        assert response.headers["Location"] == target
    assert (await world.get("/repos/acme/store/deployments")).status == 200


async def test_a_persons_repositories_are_not_an_organisations(world: World) -> None:
    world.fake.users.add("ana")
    world.fake.add_repository("ana/dotfiles")
    world.fake.add_repository("acme/secret", private=True)
    assert (await world.get("/orgs/ana/repos")).status == 404
    names = [
        [each["name"] for each in await (await world.get(path)).json()]
        for path in ("/orgs/acme/repos", "/users/acme/repos", "/users/ana/repos")
    ]
    assert names == [["shop", "secret"], ["shop"], ["dotfiles"]]


async def test_planned_answers_are_given_as_often_as_planned(world: World) -> None:
    world.fake.fail("/repos/*/deployments", server_error(502), times=2)
    world.fake.fail("/repos/*/deployments", secondary_limit(retry_after=7))
    world.fake.fail("/repos/*/deployments", primary_limit(NOON))
    world.fake.fail("/repos/*/deployments", garbage())
    world.fake.fail("/repos/*/deployments", not_modified())
    assert (await world.get("/repos/acme/shop")).status == 200
    answers = [await world.get("/repos/acme/shop/deployments") for _ in range(7)]
    assert [each.status for each in answers] == [502, 502, 403, 403, 200, 304, 200]
    assert answers[2].headers["Retry-After"] == "7"
    assert answers[3].headers["X-RateLimit-Remaining"] == "0"
    assert [request.status for request in world.fake.requests][1:] == [
        each.status for each in answers
    ]


async def test_a_connection_can_break_before_and_amid_an_answer(world: World) -> None:
    world.fake.fail("*", truncated())
    with pytest.raises(ClientPayloadError):
        await world.get("/repos/acme/shop")
    world.fake.fail("*", disconnect(), times=2)
    with pytest.raises(ClientConnectionError):
        await world.get("/repos/acme/shop")
    assert (await world.get("/repos/acme/shop")).status == 200


async def test_an_answer_can_be_late_or_never_come(world: World) -> None:
    go = asyncio.Event()
    world.fake.fail("*", late(go))
    asking = asyncio.create_task(world.json("/actions/runs"))
    done, _ = await asyncio.wait({asking}, timeout=0.1)
    assert not done
    run = world.shop.start_run("deploy.yml")
    go.set()
    assert [each["id"] for each in (await asking)["workflow_runs"]] == [run.id]
    world.fake.fail("*", hang())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await world.get("/repos/acme/shop")


async def test_the_pages_for_people_can_be_the_fakes_own(world: World) -> None:
    world.fake.server_url = world.fake.api_url
    run = world.shop.start_run("deploy.yml")
    page = (await world.json(f"/actions/runs/{run.id}"))["html_url"]
    async with world.session.get(page) as response:
        assert response.status == 200
        assert "make-believe" in await response.text()
