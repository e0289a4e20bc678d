import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from fetcher import outbox
from fetcher.check.everything import MOST_PROBED, check
from fetcher.check.findings import Finding, as_json, as_lines
from fetcher.config import load
from fetcher.event import Event
from fetcher.state import open_state
from tests.fake_github import FakeGitHub, answer, secondary_limit, serve
from tests.fetcher.reading import START, TOKEN
from tests.fetcher.receiver_double import API_KEY, ReceiverDouble, receiver_double


@dataclass
class Field:
    """What is checked, and with what settings."""

    fake: FakeGitHub
    receiver: ReceiverDouble
    folder: Path
    url: str
    repositories: str = '["acme/shop"]'
    asking: str = f'token = "{TOKEN}"'
    api_key: str = API_KEY
    state: str = ""

    async def found(self) -> list[Finding]:
        """What `check` finds."""
        config = self.folder / "config.toml"
        config.write_text(
            f"""
            [fetcher]
            repositories = {self.repositories}
            receiver_url = "{self.receiver.url}"
            api_key = "{self.api_key}"
            state = "{self.state or self.folder / "fetcher.db"}"
            [fetcher.github]
            api_url = "{self.url}"
            requests_per_minute = 60000
            {self.asking}
            """
        )
        return await check(load(config))

    async def wrong(self) -> list[Finding]:
        """What is not ok."""
        return [finding for finding in await self.found() if finding.level != "ok"]


@pytest.fixture
async def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Field]:
    for name in ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    fake = FakeGitHub()
    fake.add_repository("acme/shop", private=True, workflows={"cd.yml": ""})
    async with serve(fake) as url, receiver_double() as receiver:
        yield Field(fake, receiver, tmp_path, url)


def event(deployment_id: str) -> Event:
    return Event(
        deployment_id=deployment_id,
        service="shop",
        environment="production",
        status="success",
        happened_at=START,
    )


async def test_when_nothing_is_wrong_every_line_says_what_was_tried(field: Field) -> None:
    lines = as_lines(await field.found()).splitlines()

    assert [line.split(":")[0].split()[0] for line in lines] == ["ok"] * 4
    assert "the token: as octocat, 4,999 of 5,000 requests left until" in lines[0]
    assert lines[1] == "ok       acme/shop: can be read"
    assert lines[2] == "ok       the receiver: takes the key (version 1.2.3)"
    assert lines[3].endswith("fetcher.db will be created")


async def test_it_stores_nothing_and_makes_nothing(field: Field) -> None:
    await field.found()

    assert field.receiver.rows == []
    assert [path.name for path in field.folder.iterdir()] == ["config.toml"]
    assert {request.method for request in field.fake.requests} == {"GET"}


@pytest.mark.parametrize("status", [200, 404, 406])
async def test_an_address_at_which_something_else_answers_is_said_with_the_right_form(
    field: Field, status: int
) -> None:
    page = answer(status, "<html>Sign in</html>", {"Content-Type": "text/html"})
    field.fake.fail("*", page, times=9)

    findings = await field.wrong()

    assert [finding.subject for finding in findings] == ["the token", "acme/shop"]
    for finding in findings:
        assert finding.text == f"{field.url} does not answer as GitHub's API ({status})"
        assert "for an Enterprise Server it is https://HOST/api/v3" in finding.remedy


@pytest.mark.parametrize(
    ("permission", "level", "text"),
    [
        ("deployments", "error", "the token lacks a permission: Deployments: read"),
        ("actions", "error", "the token lacks a permission: Actions: read"),
        ("contents", "warning", "the token lacks a permission: Contents: read"),
    ],
)
async def test_a_missing_permission_is_named_with_what_to_do(
    field: Field, permission: str, level: str, text: str
) -> None:
    field.fake.repositories[0].deny(permission)

    (finding,) = await field.wrong()

    assert (finding.level, finding.subject) == (level, "acme/shop")
    assert finding.text.startswith(text)
    assert f"{field.url}/settings/personal-access-tokens" in finding.remedy


async def test_without_contents_it_says_what_parents_are_told_by(field: Field) -> None:
    field.fake.repositories[0].deny("contents")

    (finding,) = await field.wrong()

    assert finding.text.endswith("which deployment follows which is inferred from times")


async def test_checks_are_wanted_only_where_a_log_does_not_name_its_job(field: Field) -> None:
    (shop,) = field.fake.repositories
    shop.deny("checks")
    run = shop.start_run("cd.yml")
    deployment = run.deploy("production")
    assert await field.wrong() == []

    run_page = f"{field.fake.server_url}/acme/shop/actions/runs/{run.id}"
    for status in deployment.statuses:
        status.log_url = run_page

    (finding,) = await field.wrong()

    assert finding.level == "warning"
    assert finding.text.startswith("the token lacks a permission: Checks: read")
    assert finding.text.endswith("which job made a deployment is not known")


async def test_what_is_to_be_said_of_many_repositories_is_said_once(field: Field) -> None:
    names = [f"acme/r{number}" for number in range(5)]
    for name in names:
        field.fake.add_repository(name).deny("actions")
    field.repositories = json.dumps([*names, "acme/shop"])

    found = await field.found()

    (finding,) = [finding for finding in found if finding.level != "ok"]
    assert finding.subject == "5 repositories (acme/r0, acme/r1, acme/r2, …)"
    assert finding.text.startswith("the token lacks a permission: Actions: read")
    assert finding.names == tuple(names)
    assert "ok       acme/shop: can be read" in as_lines(found)


async def test_a_classic_token_is_told_its_scope(field: Field) -> None:
    field.fake.repositories[0].private = False
    field.fake.add_token("ghp_zoe", login="zoe", scopes=("read:user",))
    field.fake.repositories[0].deny("actions")
    field.asking = 'token = "ghp_zoe"'

    (finding,) = await field.wrong()

    assert "lacks a scope: it has read:user, and needs one of repo" in finding.text
    assert finding.remedy.startswith("Give the scope repo to the token at ")


async def test_what_is_hidden_from_the_token_is_said_with_what_to_do(field: Field) -> None:
    field.repositories = '["acme/gone", "acme/shop"]'

    (finding,) = await field.wrong()

    assert finding.subject == "acme/gone"
    assert finding.text == "GitHub does not know it, or hides it from the token"
    assert "Check how it is spelled" in finding.remedy


async def test_without_a_token_it_says_so_once_and_what_is_private_needs_one(field: Field) -> None:
    field.fake.add_repository("acme/public")
    field.repositories = '["acme/shop", "acme/public"]'
    field.asking = ""

    general, shop = await field.wrong()

    assert (general.level, general.subject) == ("warning", "no token")
    assert general.text.startswith("only what is public can be read; ")
    assert "a private repository needs a token: set fetcher.github.token" in shop.remedy


async def test_a_refused_token_is_said_once_for_all_repositories(field: Field) -> None:
    field.fake.add_repository("acme/api")
    field.fake.tokens.clear()
    field.repositories = '["acme/shop", "acme/api"]'

    (finding,) = await field.wrong()

    assert (finding.level, finding.subject) == ("error", "the token")
    assert "GitHub refuses the token: it expired, was revoked or belongs" in finding.text
    assert "Create a token at" in finding.remedy


async def test_single_sign_on_is_named_with_the_address(field: Field) -> None:
    field.fake.saml_owners.add("acme")
    field.fake.tokens[TOKEN].saml_authorised = False

    (finding,) = await field.wrong()

    assert "single sign-on https://github.com/orgs/acme/sso" in finding.text
    assert finding.remedy == "Open that address as the token's owner"


async def test_a_limit_is_said_once(field: Field) -> None:
    field.fake.add_repository("acme/api")
    field.repositories = '["acme/shop", "acme/api"]'
    field.fake.fail("/repos/*", secondary_limit(30), times=99)

    (finding,) = await field.wrong()

    assert (finding.level, finding.subject) == ("error", "the token")
    assert "GitHub asks to wait" in finding.text


async def test_github_away_is_said_once(field: Field) -> None:
    field.repositories = '["acme/shop", "acme/api"]'
    field.url = "http://127.0.0.1:9"

    (finding,) = await field.wrong()

    assert "127.0.0.1 can't be reached" in finding.text
    assert "fetcher.github.api_url" in finding.remedy


async def test_a_token_that_ends_soon_is_a_warning(field: Field) -> None:
    now = datetime.now(UTC)
    field.fake.tokens[TOKEN].expires_at = now + timedelta(days=3, hours=1)

    (finding,) = await field.wrong()

    assert (finding.level, finding.subject) == ("warning", "the token")
    assert finding.text.startswith("expires in 3 days, at ")


async def test_a_token_that_ends_later_is_fine(field: Field) -> None:
    field.fake.tokens[TOKEN].expires_at = datetime(2999, 12, 31, tzinfo=UTC)

    assert "expires on 2999-12-31" in as_lines(await field.found())


async def test_a_wrong_clock_is_a_warning(field: Field) -> None:
    body = json.dumps({"resources": {}})
    date = {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}
    field.fake.fail("/rate_limit", answer(200, body, date))

    (finding,) = await field.wrong()

    assert finding.subject == "this machine's clock"
    assert "s ahead of GitHub's" in finding.text


async def test_an_enterprise_server_without_limits_is_fine(field: Field) -> None:
    field.fake.rate_limited = False
    field.fake.fail("/rate_limit", answer(404, '{"message": "Rate limiting is not enabled."}'))

    assert "the token: as octocat, no limit" in as_lines(await field.found())


async def test_each_credential_is_tried(field: Field) -> None:
    app = field.fake.add_app()
    app.install("globex")
    field.fake.add_repository("globex/site", private=True)
    field.folder.joinpath("app.pem").write_text(app.private_key)
    field.repositories = '["acme/shop", "globex/site", "initech/x"]'
    field.asking += f"""
        [[fetcher.github.credentials]]
        owners = ["globex", "initech"]
        app_id = {app.id}
        private_key_file = "{field.folder}/app.pem"
    """

    found = await field.found()

    subjects = [finding.subject for finding in found[:3]]
    assert subjects == [
        "the token",
        f"the App {app.id} for globex",
        f"the App {app.id} for initech",
    ]
    (wrong,) = [finding for finding in found if finding.level != "ok"]
    assert wrong.text == f"The App {app.id} is not installed for initech"
    assert "/organizations/initech/settings/installations" in wrong.remedy


async def test_a_renamed_repository_is_a_warning_and_an_archived_one_is_not(field: Field) -> None:
    field.fake.rename("acme/shop", "acme/store")
    old = field.fake.add_repository("acme/old")
    old.archived = True
    field.repositories = '["acme/shop", "acme/old"]'

    (finding,) = await field.wrong()

    assert finding.text == "is acme/store now"
    assert "acme/old: can be read; it is archived" in as_lines(await field.found())


async def test_owners_are_followed_as_when_it_runs(field: Field) -> None:
    field.fake.add_repository("acme/api")
    field.repositories = '["acme/*", "!acme/shop", "nobody/*"]'

    found = {finding.subject: finding.level for finding in await field.found()}

    assert found["acme/api"] == "ok"
    assert found["nobody/*"] == "error"
    assert "acme/shop" not in found


async def test_of_many_repositories_the_permissions_are_tried_on_some(field: Field) -> None:
    names = [f"acme/r{number}" for number in range(MOST_PROBED + 5)]
    for name in names:
        field.fake.add_repository(name)
    field.repositories = json.dumps(names)

    found = await field.found()

    assert "the permissions were tried on 100 of 105 repositories" in as_lines(found)
    assert sum(r.path.endswith("/deployments") for r in field.fake.requests) == MOST_PROBED


async def test_a_refused_key_is_said_with_what_to_do_and_not_shown(field: Field) -> None:
    field.api_key = "wrong-key"

    (finding,) = await field.wrong()

    assert finding.subject == "the receiver"
    assert finding.text.startswith("refuses the API key (401): set fetcher.api_key")
    assert "wrong-key" not in finding.text


async def test_a_receiver_that_is_away_is_an_error(field: Field) -> None:
    field.receiver.url = "http://127.0.0.1:9"

    (finding,) = await field.wrong()

    assert "can't be reached" in finding.text
    assert finding.remedy == "Is it running at that address?"


async def test_a_receiver_that_asks_to_wait_is_running(field: Field) -> None:
    field.receiver.faults.append("429")

    (finding,) = await field.wrong()

    assert finding.text.startswith("answered 429")
    assert finding.remedy == "It asks to wait: try again in a minute"


async def test_beside_a_running_fetcher_refused_events_are_shown_with_the_answer(
    field: Field,
) -> None:
    def put_two_and_park_one(connection: Connection) -> None:
        outbox.put(connection, [event("gh-dep-1"), event("gh-dep-2")], START)
        (entry,) = outbox.waiting_of(connection, ["gh-dep-1"])["gh-dep-1"]
        change = outbox.parked(entry, "answered 422 service: too long", START)
        outbox.apply(connection, [change])

    place = field.folder / "fetcher 100%3F.db"  # not an address in which %3F would be a ?
    field.state = str(place)
    async with open_state(place) as state:
        await state.run(put_two_and_park_one)
        found = await field.found()

    assert "the state: 1 event waiting to be delivered" in as_lines(found)
    (wrong,) = [finding for finding in found if finding.level != "ok"]
    assert wrong.subject == "gh-dep-1 (shop, production, success)"
    assert wrong.text == "the receiver refused it: answered 422 service: too long"


async def test_a_state_in_postgresql_is_looked_into_beside_a_running_fetcher(
    field: Field, database: URL
) -> None:
    field.state = database.render_as_string(hide_password=False)
    assert f"the state: {database} will be created" in as_lines(await field.found())

    async with open_state(database) as state:
        await state.run(lambda connection: outbox.put(connection, [event("gh-dep-1")], START))

        assert "the state: 1 event waiting to be delivered" in as_lines(await field.found())


async def test_a_database_that_is_away_is_an_error_without_its_password(field: Field) -> None:
    field.state = "postgresql+asyncpg://ada:hush@127.0.0.1:9/x"

    (finding,) = await field.wrong()

    assert finding.text.startswith("The state postgresql+asyncpg://ada:***@127.0.0.1:9/x can't be")
    assert "hush" not in finding.text


async def test_a_state_of_something_else_is_an_error(field: Field) -> None:
    (field.folder / "fetcher.db").write_text("not a database at all, but a file")

    (finding,) = await field.wrong()

    assert "fetcher.db can't be read: file is not a database" in finding.text


def test_it_is_printed_as_lines_or_as_json() -> None:
    findings = [Finding("ok", "a", "well"), Finding("error", "b", "not well", "See a doctor")]

    assert as_lines(findings) == "ok       a: well\nerror    b: not well. See a doctor"
    assert json.loads(as_json(findings))[1] == {
        "level": "error",
        "subject": "b",
        "text": "not well",
        "remedy": "See a doctor",
        "names": [],
    }
