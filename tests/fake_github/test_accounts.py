"""Tokens, GitHub Apps and what is said of them."""

import time
from datetime import timedelta
from typing import Any

import githubkit_schemas.v2022_11_28.models as github
import jwt
import pytest

from tests.fake_github.apps import App
from tests.fake_github.conftest import NOON, World


def signed(app: App, **changes: Any) -> str:
    """The header by which an App proves itself."""
    now = int(NOON.timestamp())
    claims = {"iat": now - 60, "exp": now + 540, "iss": app.client_id} | changes
    return "Bearer " + jwt.encode(claims, app.private_key, algorithm="RS256")


async def token_for(world: World, app: App, owner: str) -> str:
    """The header of a new token of the App's installation for an owner."""
    authorization = signed(app)
    found = await world.get(f"/orgs/{owner}/installation", Authorization=authorization)
    number = (await found.json())["id"]
    path = f"/app/installations/{number}/access_tokens"
    made = await world.post(path, Authorization=authorization)
    assert made.status == 201
    return f"Bearer {(await made.json())['token']}"


async def test_what_is_said_of_an_app_is_what_github_describes(world: World) -> None:
    app = world.fake.add_app()
    installation = app.install("acme", repositories=["shop"])
    me = signed(app)
    for path, model in (
        ("/app", github.Integration),
        (f"/app/installations/{installation.id}", github.Installation),
        ("/repos/acme/shop/installation", github.Installation),
        ("/orgs/acme/installation", github.Installation),
        ("/users/acme/installation", github.Installation),
    ):
        model.model_validate(await (await world.get(path, Authorization=me)).json())
    [listed] = await (await world.get("/app/installations", Authorization=me)).json()
    github.Installation.model_validate(listed)
    made = await world.post(f"/app/installations/{installation.id}/access_tokens", Authorization=me)
    github.InstallationToken.model_validate(await made.json())
    github.PublicUser.model_validate(await (await world.get("/user")).json())


async def test_an_installations_token_sees_the_repositories_it_is_for(world: World) -> None:
    for name in ("acme/secret", "acme/other", "globex/hidden"):
        world.fake.add_repository(name, private=True)
    app = world.fake.add_app()
    app.install("acme", repositories=["shop", "secret"])
    app.install("globex")
    token = await token_for(world, app, "acme")
    listed = await (await world.get("/installation/repositories", Authorization=token)).json()
    github.InstallationRepositoriesGetResponse200.model_validate(listed)
    assert [each["full_name"] for each in listed["repositories"]] == ["acme/shop", "acme/secret"]
    statuses = [
        (await world.get(f"/repos/{name}", Authorization=token)).status
        for name in ("acme/shop", "acme/secret", "acme/other", "globex/hidden")
    ]
    assert statuses == [200, 200, 404, 404]
    assert (await world.get("/installation/repositories")).status == 403
    assert (await world.get("/user", Authorization=token)).status == 403


async def test_an_installations_token_lasts_an_hour_and_is_long(world: World) -> None:
    app = world.fake.add_app()
    app.install("acme")
    token = await token_for(world, app, "acme")
    assert len(token) > 400
    world.clock.tick(3599)
    assert (await world.get("/repos/acme/shop", Authorization=token)).status == 200
    world.clock.tick(1)
    assert (await world.get("/repos/acme/shop", Authorization=token)).status == 401


async def test_each_new_token_of_an_installation_has_etags_of_its_own_but_one_limit(
    world: World,
) -> None:
    app = world.fake.add_app()
    app.install("acme")
    first, second = [await token_for(world, app, "acme") for _ in range(2)]
    answers = [
        await world.get("/repos/acme/shop", Authorization=token) for token in (first, second)
    ]
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]
    assert [answer.headers["X-RateLimit-Used"] for answer in answers] == ["1", "2"]
    assert (await world.get("/repos/acme/shop")).headers["X-RateLimit-Used"] == "1"


async def test_what_an_installation_may_not_read_is_named(world: World) -> None:
    app = world.fake.add_app()
    app.install("acme", permissions=("actions",))
    token = await token_for(world, app, "acme")
    refused = await world.get("/repos/acme/shop/deployments", Authorization=token)
    assert refused.status == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "deployments=read"
    assert "by integration" in await refused.text()
    runs = await world.get("/repos/acme/shop/actions/runs", Authorization=token)
    assert runs.status == 200


async def test_a_suspended_or_removed_installation_reads_nothing(world: World) -> None:
    app = world.fake.add_app()
    installation = app.install("acme")
    token = await token_for(world, app, "acme")
    installation.suspended_at = NOON
    path = f"/app/installations/{installation.id}/access_tokens"
    assert (await world.post(path, Authorization=signed(app))).status == 403
    assert (await world.get("/repos/acme/shop", Authorization=token)).status == 403
    app.installations.clear()
    assert (await world.post(path, Authorization=signed(app))).status == 404
    assert (await world.get("/repos/acme/shop", Authorization=token)).status == 401


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exp": int(NOON.timestamp()) + 601}, "too far in the future"),
        ({"exp": int(NOON.timestamp())}, "future time"),
        ({"iat": int(NOON.timestamp()) + 5}, "'Issued at'"),
        ({"iss": "nobody"}, "Integration not found"),
    ],
)
async def test_an_apps_jwt_is_judged_by_githubs_rules(
    world: World, changes: dict[str, Any], words: str
) -> None:
    refused = await world.get("/app", Authorization=signed(world.fake.add_app(), **changes))
    assert refused.status in (401, 404)
    assert words in (await refused.json())["message"]


async def test_a_jwt_must_be_signed_with_the_apps_key_and_opens_nothing_else(world: World) -> None:
    app = world.fake.add_app()
    claims = {"iat": int(time.time()), "exp": int(time.time()) + 60, "iss": str(app.id)}
    forged = "Bearer " + jwt.encode(claims, "secret" * 8, algorithm="HS256")
    assert (await world.get("/app", Authorization=forged)).status == 401
    assert (await world.get("/app", Authorization="Bearer garbage")).status == 401
    assert (await world.get("/app")).status == 401
    assert (await world.get("/repos/acme/shop", Authorization=signed(app))).status == 401


async def test_a_token_tells_when_it_expires_and_then_is_wrong(world: World) -> None:
    world.fake.add_token("github_pat_short", expires_at=NOON + timedelta(hours=1))
    mine = "token github_pat_short"
    answer = await world.get("/repos/acme/shop", Authorization=mine)
    assert answer.headers["GitHub-Authentication-Token-Expiration"] == "2026-11-20 13:00:00 UTC"
    world.clock.tick(3600)
    assert (await world.get("/repos/acme/shop", Authorization=mine)).status == 401


async def test_a_classic_token_tells_its_scopes_and_a_fine_grained_one_is_for_one_owner(
    world: World,
) -> None:
    world.fake.add_repository("acme/secret", private=True)
    world.fake.add_token("ghp_classic", scopes=("repo_deployment",))
    world.fake.add_token("github_pat_fine", owner="acme", permissions=["deployments"])
    world.fake.add_token("github_pat_other", owner="globex")
    classic = await world.get("/repos/acme/shop", Authorization="Bearer ghp_classic")
    assert classic.headers["X-OAuth-Scopes"] == "repo_deployment"
    assert classic.headers["X-Accepted-OAuth-Scopes"] == "repo"
    fine = {"Authorization": "Bearer github_pat_fine"}
    assert (await world.get("/repos/acme/secret/deployments", **fine)).status == 200
    assert (await world.get("/repos/acme/secret/actions/runs", **fine)).status == 403
    for text in ("ghp_classic", "github_pat_other"):
        hidden = await world.get("/repos/acme/secret", Authorization=f"Bearer {text}")
        assert hidden.status == 404


async def test_single_sign_on_shuts_a_token_out_that_is_not_authorised_for_it(
    world: World,
) -> None:
    world.fake.saml_owners.add("acme")
    world.fake.add_token("ghp_plain", saml_authorised=False)
    for path in ("/repos/acme/shop/deployments", "/orgs/acme/repos"):
        refused = await world.get(path, Authorization="Bearer ghp_plain")
        assert refused.status == 403
        assert refused.headers["X-GitHub-SSO"].startswith("required; url=https://github.com/orgs/")
        assert (await world.get(path)).status == 200


async def test_every_account_has_limits_of_its_own(world: World) -> None:
    world.fake.add_token("ghp_same")
    world.fake.add_token("ghp_zoe", login="zoe")
    used = [
        (await world.get("/repos/acme/shop", Authorization=f"Bearer {text}")).headers[
            "X-RateLimit-Used"
        ]
        for text in ("ghs_fake", "ghp_same", "ghp_zoe")
    ]
    assert used == ["1", "2", "1"]
    limits = await (await world.get("/rate_limit", Authorization="Bearer ghp_zoe")).json()
    assert limits["resources"]["core"]["used"] == 1
    assert limits["resources"]["graphql"] == limits["resources"]["graphql"] | {"used": 0}


async def test_who_asks_too_fast_is_told_to_wait(world: World) -> None:
    world.fake.points_a_minute = 2
    statuses = [(await world.get("/repos/acme/shop")).status for _ in range(3)]
    assert statuses == [200, 200, 403]
    refused = await world.get("/repos/acme/shop")
    assert refused.headers["Retry-After"] == "60"
    assert "secondary rate limit" in await refused.text()
    world.clock.tick(60)
    assert (await world.get("/repos/acme/shop")).status == 200


async def test_every_answer_can_tell_how_long_to_wait_before_the_next_question(
    world: World,
) -> None:
    assert "X-Poll-Interval" not in (await world.get("/repos/acme/shop")).headers
    world.fake.poll_interval = 90
    assert (await world.get("/repos/acme/shop")).headers["X-Poll-Interval"] == "90"
