"""The GraphQL API of the fake: deployments of many repositories in one question."""

from typing import Any

import pytest

from tests.fake_github.conftest import World

FRAGMENT = """
fragment F on Repository { nameWithOwner databaseId
  deployments(first: 20, orderBy: {field: CREATED_AT, direction: DESC}) { nodes {
    databaseId id createdAt updatedAt environment originalEnvironment latestEnvironment state task
    payload description commitOid ref { name prefix } creator { login }
    latestStatus {
      id state createdAt updatedAt environmentUrl logUrl environment description creator { login }
    }
  } }
}"""


def detector(*names: str) -> str:
    """A question for the newest deployments of repositories."""
    aliases = " ".join(
        f'r{n}: repository(owner: "{owner}", name: "{name}") {{ ...F }}'
        for n, (owner, name) in enumerate(each.split("/") for each in names)
    )
    return f"query {{ rateLimit {{ cost nodeCount remaining resetAt }} {aliases} }} {FRAGMENT}"


async def ask(world: World, query: str, **variables: Any) -> Any:
    answer = await world.post("/graphql", {"query": query, "variables": variables})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_deployments_of_many_repositories_come_newest_first_with_their_last_status(
    world: World,
) -> None:
    blog = world.fake.add_repository("acme/blog")
    old = world.shop.start_run("deploy.yml").deploy("staging")
    new = world.shop.start_run("deploy.yml", ref="v1.2.0").deploy("staging", conclusion=None)
    other = blog.create_deployment("production", payload='{"tag": "x"}')
    whole = await ask(world, detector("acme/shop", "acme/blog"))
    assert "errors" not in whole
    first, second = whole["data"]["r0"]["deployments"]["nodes"]
    assert (first["databaseId"], second["databaseId"]) == (new.id, old.id)
    assert first["state"] == first["latestStatus"]["state"] == "IN_PROGRESS"
    assert first["ref"] == {"name": "v1.2.0", "prefix": "refs/tags/"}
    assert (second["state"], second["latestStatus"]["state"]) == ("ACTIVE", "SUCCESS")
    assert second["latestStatus"]["logUrl"].startswith("https://github.com/acme/shop/actions/runs/")
    [third] = whole["data"]["r1"]["deployments"]["nodes"]
    assert (third["databaseId"], third["latestStatus"]) == (other.id, None)
    assert third["payload"] == '{"tag": "x"}'


async def test_it_says_of_a_deployment_what_the_rest_api_says(world: World) -> None:
    world.shop.start_run("deploy.yml", actor="ana").deploy("staging", conclusion="failure")
    [rest] = await world.json("/deployments")
    [status, *_] = await world.json(f"/deployments/{rest['id']}/statuses")
    whole = await ask(world, detector("acme/shop"))
    [told] = whole["data"]["r0"]["deployments"]["nodes"]
    assert (told["databaseId"], told["id"]) == (rest["id"], rest["node_id"])
    assert (told["createdAt"], told["updatedAt"]) == (rest["created_at"], rest["updated_at"])
    assert (told["commitOid"], told["ref"]["name"]) == (rest["sha"], rest["ref"])
    assert told["creator"]["login"] == rest["creator"]["login"] == "ana"
    assert told["latestStatus"]["id"] == status["node_id"]
    assert told["latestStatus"]["state"].lower() == status["state"]


async def test_ids_are_numbers_beyond_32_bits_or_texts(world: World) -> None:
    deployment = world.shop.start_run("deploy.yml").deploy("staging")
    world.fake.graphql_ids_are_text = True
    whole = await ask(world, detector("acme/shop"))
    [told] = whole["data"]["r0"]["deployments"]["nodes"]
    assert told["databaseId"] == str(deployment.id)
    assert deployment.id > 2**32


async def test_a_repository_that_is_not_there_is_an_error_beside_the_others(world: World) -> None:
    whole = await ask(world, detector("acme/shop", "acme/gone"))
    assert whole["data"]["r0"]["nameWithOwner"] == "acme/shop"
    assert whole["data"]["r1"] is None
    [error] = whole["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["r1"])
    assert error["message"] == "Could not resolve to a Repository with the name 'acme/gone'."


async def test_a_renamed_repository_is_found_by_its_old_name(world: World) -> None:
    world.fake.rename("acme/shop", "acme/store")
    whole = await ask(world, detector("acme/shop"))
    assert whole["data"]["r0"]["nameWithOwner"] == "acme/store"


async def test_a_missing_permission_takes_the_whole_repository_away(world: World) -> None:
    world.shop.deny("deployments")
    whole = await ask(world, detector("acme/shop"))
    assert whole["data"]["r0"] is None
    [error] = whole["errors"]
    assert (error["type"], error["path"]) == ("FORBIDDEN", ["r0", "deployments"])


async def test_a_question_costs_a_hundredth_of_its_connections_and_at_least_one(
    world: World,
) -> None:
    names = ["acme/shop"] * 160
    small, large = await ask(world, detector("acme/shop")), await ask(world, detector(*names))
    assert small["data"]["rateLimit"]["cost"] == 1
    assert large["data"]["rateLimit"] == {
        "cost": 2,
        "nodeCount": 3200,
        "remaining": 4997,
        "resetAt": "2026-11-20T13:00:00Z",
    }
    nested = detector("acme/shop").replace("databaseId id", "statuses(first: 5) { nodes { id } }")
    assert (await ask(world, nested))["data"]["rateLimit"]["nodeCount"] == 120
    assert world.fake.rate.used == 0


async def test_when_nothing_is_left_of_its_own_limit_it_says_so_with_200(world: World) -> None:
    account = world.fake.tokens["ghs_fake"].account
    account.graphql_rate.limit = 1
    await ask(world, detector("acme/shop"))
    answer = await world.post("/graphql", {"query": detector("acme/shop")})
    assert answer.status == 200
    assert [each["type"] for each in (await answer.json())["errors"]] == ["RATE_LIMITED"]
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert answer.headers["X-RateLimit-Resource"] == "graphql"
    assert (await world.get("/repos/acme/shop")).status == 200
    world.clock.tick(3600)
    assert "errors" not in await ask(world, detector("acme/shop"))


async def test_too_large_a_question_is_answered_in_part(world: World) -> None:
    world.fake.graphql_most_repositories = 2
    whole = await ask(world, detector(*["acme/shop"] * 3))
    assert [whole["data"][name] is None for name in ("r0", "r1", "r2")] == [False, False, True]
    assert [each["type"] for each in whole["errors"]] == ["RESOURCE_LIMITS_EXCEEDED"]


async def test_statuses_are_had_by_the_deployments_global_id(world: World) -> None:
    deployment = world.shop.start_run("deploy.yml").deploy("staging")
    [listed] = await world.json("/deployments")
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Deployment {
      databaseId state updatedAt
      statuses(first: 20) { nodes { id state createdAt logUrl creator { login } } } } } }"""
    whole = await ask(world, query, ids=[listed["node_id"]])
    [node] = whole["data"]["nodes"]
    assert node["databaseId"] == deployment.id
    states = [each["state"] for each in node["statuses"]["nodes"]]
    assert states == ["SUCCESS", "IN_PROGRESS", "QUEUED"]


async def test_a_list_is_paged_through_by_cursors(world: World) -> None:
    made = [world.shop.start_run("deploy.yml").deploy("staging").id for _ in range(3)]
    query = """query($after: String) { repository(owner: "acme", name: "shop") {
      deployments(first: 2, after: $after) {
        totalCount nodes { databaseId } pageInfo { hasNextPage endCursor } } } }"""
    seen, after = [], None
    while True:
        page = (await ask(world, query, after=after))["data"]["repository"]["deployments"]
        seen += [each["databaseId"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == made


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("query { nonsense }", "Cannot query field 'nonsense'"),
        ("query {", "Syntax Error"),
        (detector("acme/shop").replace("first: 20, ", ""), "You must provide"),
        (detector("acme/shop").replace("first: 20", "first: 101"), "exceeds"),
    ],
)
async def test_a_wrong_question_is_an_error_with_200(world: World, query: str, words: str) -> None:
    whole = await ask(world, query)
    assert any(words in error["message"] for error in whole["errors"])


async def test_it_is_for_tokens_only_and_an_old_server_has_none(world: World) -> None:
    question = {"query": "query { viewer { login } }"}
    assert (await world.post("/graphql", question, Authorization="")).status == 401
    assert (await world.post("/graphql", {})).status == 400
    assert (await world.post("/api/graphql", question)).status == 200
    world.fake.has_graphql = False
    assert (await world.post("/graphql", question)).status == 404
