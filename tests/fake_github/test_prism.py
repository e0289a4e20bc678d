"""The fake GitHub keeps to GitHub's own description of its API, and so does what the fetcher asks.

Prism stands between the two and judges every request and every answer. It takes about ten
seconds, and half a minute more the first time, when it is fetched.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from aiohttp import ClientSession

from tests.fake_github import FakeGitHub, Job, garbage, repository_routes, routes, serve
from tests.fake_github.conftest import NOON
from tests.fake_github.organisation import Organisation
from tests.fake_github.prism import Prism, prism
from tests.fetcher.reading import reading


@pytest.fixture(scope="module")
def proxy() -> Iterator[Prism]:
    """Prism in front of wherever a test serves its GitHub."""
    with prism() as running:
        yield running


def rich_github() -> FakeGitHub:
    """A GitHub with something of everything."""
    fake = FakeGitHub()
    shop = fake.add_repository(
        "acme/shop",
        environments=("staging",),
        protected=("production",),
        workflows={"deploy.yml": "name: Deploy\n"},
    )
    fake.add_app().install("acme", repositories=["shop"])
    run = shop.start_run("deploy.yml", ref="v1.2.0", actor="ana", event="release", title="Go")
    run.call("deploy.yml")
    run.add_job("build").start()
    for decide in (Job.approve, Job.reject, Job.hold):
        decide(run.add_job("deploy", environment="production"))
    run.add_job("deploy", environment="production")
    run.deploy("staging", conclusion="failure")
    run.cancel()
    run.rerun_failed("zoe", carry_over=True)
    shop.start_run("deploy.yml").deploy("staging")
    other = shop.create_deployment("staging", creator="argo[bot]", payload='{"tag": "x"}')
    other.add_status("pending", log_url="https://cd.example/1")
    return fake


def paths_of(fake: FakeGitHub) -> list[str]:
    """A path for everything that the fake answers to a GET."""
    [shop], [installation] = fake.repositories, fake.installations
    run, deployment = shop.runs[0], shop.deployments[0]
    names = {
        "path": ".github/workflows/deploy.yml",
        "name": "deploy.yml",
        "workflow": run.workflow.id,
        "run_id": run.id,
        "attempt": run.attempt.number,
        "job_id": run.jobs[-1].id,
        "suite_id": run.check_suite_id,
        "deployment_id": deployment.id,
    }
    below = [
        re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda part: str(names[part[1]]), pattern)
        for pattern, _permission, _view in repository_routes.ROUTES
    ]
    return [
        *("/rate_limit", "/user", "/user/repos", "/orgs/acme/repos", "/users/acme/repos"),
        *("/app", "/app/installations", f"/app/installations/{installation.id}"),
        *("/orgs/acme/installation", "/users/acme/installation"),
        *("/repos/acme/shop/installation", "/installation/repositories"),
        *(f"/repos/acme/shop{rest}" for rest in below),
        f"/repos/acme/shop/actions/runs/{run.id}/jobs?filter=all&per_page=2",
    ]


async def test_everything_that_the_fake_answers_is_as_github_describes_it(proxy: Prism) -> None:
    fake = rich_github()
    app = fake.apps[0]
    now = int(fake.now().timestamp())
    claims = {"iat": now - 60, "exp": now + 500, "iss": app.client_id}
    proof = "Bearer " + jwt.encode(claims, app.private_key, algorithm="RS256")
    paths = paths_of(fake)
    for pattern, _view in routes.ROUTES:
        assert any(re.fullmatch(pattern, path) for path in paths), f"{pattern} is not asked"
    before = len(proxy.complaints())
    async with serve(fake, proxy.upstream_port), ClientSession(proxy.url) as session:
        tokens = f"/app/installations/{app.installations[0].id}/access_tokens"
        async with session.post(tokens, headers={"Authorization": proof}) as answer:
            assert answer.status == 201, await answer.text()
            token = (await answer.json())["token"]
        for path in paths:
            of_app = re.fullmatch(routes.OF_APPS, path)
            text = token if path.startswith("/installation") else "ghs_fake"
            headers = {"Authorization": proof if of_app else f"Bearer {text}"}
            async with session.get(path, headers=headers) as answer:
                assert answer.status == 200, (path, await answer.text())
                etag = answer.headers["ETag"]
            async with session.get(path, headers=headers | {"If-None-Match": etag}) as answer:
                assert path == "/rate_limit" or answer.status == 304, path
    assert proxy.complaints()[before:] == []


async def test_a_fetcher_asks_as_github_describes_and_is_answered_so(
    proxy: Prism, tmp_path: Path
) -> None:
    organisation = Organisation(NOON)
    organisation.advance_to(NOON)
    fake, before = organisation.fake, len(proxy.complaints())
    async with reading(fake, tmp_path, port=proxy.upstream_port, api_url=proxy.url) as world:
        for name in organisation.repositories:
            await world.reads(name)
        assert await world.bodies()
    assert {request.status for request in fake.requests} <= {200, 304}
    assert proxy.complaints()[before:] == []


async def test_an_answer_that_github_would_not_give_is_caught(proxy: Prism) -> None:
    fake = rich_github()
    async with serve(fake, proxy.upstream_port), ClientSession(proxy.url) as session:
        path = "/repos/acme/shop/actions/runs"
        async with session.get(path) as answer:
            whole = await answer.json()
        del whole["workflow_runs"][0]["workflow_id"]
        fake.fail("*", garbage(json.dumps(whole)))
        async with session.get(path) as answer:
            assert answer.status == 500
            assert "workflow_id" in answer.headers["sl-violations"]
        async with session.get(path, params={"per_page": "many"}) as answer:
            assert answer.status == 422
