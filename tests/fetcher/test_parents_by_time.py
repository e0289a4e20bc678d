"""Which deployments follow which, where only times and environments tell."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fetcher.mapping.parents import (
    leads_to,
    parents_by_time,
    promotes,
)
from tests.fetcher.deployed import steps

DAY = timedelta(days=1)


def test_by_time_a_deployment_follows_those_that_had_succeeded_when_it_was_filed() -> None:
    dev, staging, production = run = steps([("a", "dev"), ("b", "staging"), ("c", "production")])

    assert parents_by_time(dev, run) == ()
    assert parents_by_time(staging, run) == (dev,)
    assert parents_by_time(production, run) == (staging,)


def test_by_time_what_failed_or_goes_on_or_came_later_is_nobodys_parent() -> None:
    dev, staging, production = steps([("a", "dev"), ("b", "staging"), ("c", "production")])
    failed = replace(staging, succeeded_at=None)

    assert parents_by_time(production, [dev, failed]) == (dev,)
    assert parents_by_time(dev, [staging, production]) == ()


def test_by_time_deployments_beside_each_other_are_both_parents_and_not_each_others() -> None:
    staging, eu, us, done = steps(
        [("a", "staging"), ("b", "prod-eu"), ("c", "prod-us"), ("d", "status")]
    )
    # It waited for a runner until the other was over, and was filed together with it.
    us = replace(us, filed_at=eu.filed_at + timedelta(seconds=1))
    run = [staging, eu, us, done]

    assert parents_by_time(eu, run) == (staging,)
    assert parents_by_time(us, run) == (staging,)
    assert parents_by_time(done, run) == (eu, us)


def test_by_time_units_that_go_the_same_way_are_not_mixed() -> None:
    web, api, web_on = steps([("a", "staging"), ("b", "staging"), ("c", "production")])
    api = replace(api, unit=("api",), filed_at=web.filed_at)

    assert parents_by_time(web_on, [web, api]) == (web,)
    assert parents_by_time(replace(web_on, unit=("both",)), [web, api]) == (web, api)


def test_a_success_may_be_noted_a_moment_after_the_next_is_filed() -> None:
    staging, production = steps([("a", "staging"), ("b", "production")])
    late = replace(staging, succeeded_at=production.filed_at + timedelta(seconds=1))
    too_late = replace(staging, succeeded_at=production.filed_at + timedelta(seconds=3))

    assert parents_by_time(production, [late]) == (late,)
    assert parents_by_time(production, [too_late]) == ()


def test_a_promotion_brings_further_what_another_run_has_brought_before() -> None:
    dev, staging, production = (
        replace(step, run=number)
        for number, step in enumerate(
            steps([("a", "dev"), ("b", "staging"), ("c", "production")]), start=1
        )
    )

    assert promotes(staging, dev)
    assert promotes(production, staging)
    assert promotes(production, dev)
    assert not promotes(dev, staging)
    assert not promotes(production, replace(staging, succeeded_at=None))
    assert not promotes(production, replace(staging, succeeded_at=production.filed_at + DAY))
    assert not promotes(production, replace(staging, unit=("other",)))
    assert not promotes(production, replace(staging, run=production.run))
    assert not promotes(replace(production, environment=None), staging)


def test_a_third_partys_deployments_promote_too() -> None:
    staging, production = steps([("", "staging"), ("", "production")])

    assert promotes(production, staging)


@pytest.mark.parametrize(
    ("environment", "other", "expected"),
    [
        ("dev", "test", True),
        ("development", "qa", True),
        ("qa", "staging", True),
        ("staging", "production", True),
        ("STG", "Prod", True),
        ("uat", "prd", True),
        ("preprod", "prod", True),
        ("pre-production", "production", True),
        ("staging", "prod-eu", True),
        ("staging-eu", "prod-eu", True),
        ("staging-us", "prod-eu", False),
        ("staging-eu", "production", False),
        ("staging", "preprod", False),
        ("staging", "uat", False),
        ("production", "staging", False),
        ("prod-eu", "prod-us", False),
        ("production", "production", False),
        ("github-pages", "production", False),
        ("staging", "blue", False),
        ("test-prod", "production", False),
        ("", "production", False),
    ],
)
def test_environments_lead_to_those_of_a_later_stage_in_the_same_place(
    environment: str,
    other: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert leads_to(environment, other) is expected
