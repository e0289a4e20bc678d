from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from fetcher.event import Event
from fetcher.github.answers import Job, Run
from fetcher.mapping.rules import Facts, Rule, Ruled, ignored, ruled
from fetcher.mapping.source import Source

NOW = datetime(2026, 11, 20, tzinfo=UTC)
EVENT = Event(
    deployment_id="gh-dep-1",
    service="shop",
    environment="live-eu",
    status="success",
    happened_at=NOW,
    version="4f0c9a1",
    ref="main",
    sha="4f0c9a1b2c3d",
    run_number=42,
)
SOURCE = Source(
    repository="acme/shop",
    run=Run(id=1, created_at=NOW, path=".github/workflows/deploy.yml@main", head_branch="main"),
    job=Job(id=2, name="deploy (api, live-eu)"),
)
THIRD_PARTY = Source(repository="acme/shop")


def rule(match: Mapping[str, str], **rest: Any) -> Rule:
    return Rule.model_validate({"match": match, **rest})


def told(*rules: Rule, source: Source = SOURCE) -> Ruled:
    found = ruled(rules, EVENT, source)
    assert found
    return found


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"repository": "acme/shop"}, True),
        ({"repository": "ACME/*"}, True),
        ({"repository": "shop"}, False),
        ({"workflow": "deploy.y*ml"}, True),
        ({"workflow": "deploy"}, False),
        ({"job": "Deploy (api,*"}, True),
        ({"job": "deploy"}, False),
        ({"environment": "live-??"}, True),
        ({"environment": "live"}, False),
        ({"repository": "*/shop", "environment": "LIVE-[ae]*"}, True),
        ({"repository": "*/shop", "environment": "dev"}, False),
    ],
)
def test_a_rule_matches_by_globs_in_any_case_all_of_which_have_to_fit(
    match: dict[str, str],
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (ruled([rule(match, ignore=True)], EVENT, SOURCE) is None) is expected


def test_the_first_rule_that_matches_decides() -> None:
    keep = rule({"job": "deploy*"}, ignore=False)
    drop = rule({"repository": "*"}, ignore=True)

    assert told(keep, drop).event == EVENT
    assert ruled([drop, keep], EVENT, SOURCE) is None


def test_a_rule_sets_what_it_names_and_leaves_the_rest() -> None:
    wanted = {"service": "shop-{leg}", "environment": "production", "version": "{run_number}-{sha}"}

    found = told(rule({"job": "*"}, set=wanted))

    assert found.event.service == "shop-api"
    assert found.event.environment == "production"
    assert found.event.version == "42-4f0c9a1b2c3d"
    assert found.event.ref == EVENT.ref
    assert found.sight is None


def test_a_template_that_speaks_of_what_is_not_known_changes_nothing() -> None:
    wanted = {"service": "{workflow}", "version": "{ref}/{leg}"}

    found = told(rule({"repository": "*"}, set=wanted), source=THIRD_PARTY)

    assert found.event == EVENT


def test_where_a_rule_gives_no_service_the_names_do_in_the_environment_that_is_told() -> None:
    found = told(rule({"job": "*"}, set={"environment": "production"}))

    assert found.sight
    assert found.sight.place == (("api",), "production")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(repository="acme/shop"), False),
        (Facts(repository="acme/shop", environment="dev"), False),
        (Facts(repository="acme/shop", environment="live"), False),
        (Facts(repository="acme/docs", environment="live"), True),
    ],
)
def test_what_is_ignored_is_known_before_the_job_is_unless_a_rule_about_jobs_comes_first(
    facts: Facts,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    rules = [
        rule({"repository": "*/shop", "job": "deploy"}, ignore=False),
        rule({"environment": "live"}, ignore=True),
    ]

    assert ignored(rules, facts) is expected


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"match": {}, "ignore": True}, "name at least one of repository, workflow, job"),
        ({"match": {"repo": "x"}, "ignore": True}, "Extra inputs are not permitted"),
        ({"match": {"job": ""}, "ignore": True}, "at least 1 character"),
        ({"match": {"job": "x"}}, "say what to `set`, or whether to `ignore`"),
        (
            {"match": {"job": "x"}, "ignore": True, "set": {"service": "a"}},
            "what is ignored has nothing to `set`",
        ),
        ({"match": {"job": "x"}, "set": {}}, "name at least one of service, environment, version"),
        (
            {"match": {"job": "x"}, "set": {"service": "{team}"}},
            "{team} is unknown; there are {owner}, {repository}, {workflow}, {job}, {leg},",
        ),
    ],
)
def test_a_rule_that_means_nothing_is_refused_in_words(
    written: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Rule.model_validate(written)

    assert complaint in str(refused.value)
