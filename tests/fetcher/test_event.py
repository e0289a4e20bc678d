import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetcher.event import Event

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def an_event(**fields: Any) -> Event:
    return Event(
        **{
            "deployment_id": "gh-dep-1",
            "service": "checkout",
            "environment": "production",
            "status": "success",
            "happened_at": NOON,
            **fields,
        }
    )


def test_the_body_has_what_is_known_and_nothing_else() -> None:
    event = an_event(version="v1.2.3", run_number=7, parent_deployments=("gh-dep-0",))

    assert json.loads(event.body()) == {
        "deployment_id": "gh-dep-1",
        "service": "checkout",
        "environment": "production",
        "status": "success",
        "happened_at": "2026-11-20T12:00:00Z",
        "version": "v1.2.3",
        "run_number": 7,
        "parent_deployments": ["gh-dep-0"],
    }


def test_the_same_instant_gives_the_same_bytes_in_every_time_zone() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7))).replace(microsecond=1)

    assert an_event(happened_at=elsewhere).body() == an_event().body()


def test_a_time_before_the_year_1000_has_four_digits() -> None:
    body = an_event(happened_at=datetime(1, 1, 1, tzinfo=UTC)).body()

    assert json.loads(body)["happened_at"] == "0001-01-01T00:00:00Z"


def test_the_key_is_the_deployment_status_service_and_environment() -> None:
    key = an_event().key

    assert key == an_event(happened_at=NOON + timedelta(days=1), version="v2", actor="ada").key
    assert len(key) == 64
    others = [
        an_event(deployment_id="gh-dep-2").key,
        an_event(status="failure").key,
        an_event(service="cart").key,
        an_event(environment="staging").key,
        an_event(again=True).key,
    ]
    assert len({key, *others}) == 6


def test_coming_back_to_a_status_is_a_new_event_each_time() -> None:
    later = NOON + timedelta(hours=1)

    assert an_event(again=True).key != an_event(again=True, happened_at=later).key
    assert an_event(again=True).key == an_event(again=True).key


def test_names_that_join_to_the_same_text_have_different_keys() -> None:
    assert (
        an_event(service="a|b", environment="c").key != an_event(service="a", environment="b|c").key
    )


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("service", "  check\tout\n", "check out"),
        ("environment", "p" * 254 + " prod", "p" * 254),
        ("version", "v" * 300, "v" * 256),
        ("version", "v1\0\ud800", "v1\ufffd\ufffd"),
        ("version", "", None),
        ("actor", "a" * 300, "a" * 256),
        ("ref", "r" * 600, "r" * 512),
        ("sha", "s" * 128, "s" * 128),
        ("sha", "s" * 129, None),
        ("run_url", "https://" + "u" * 2041, None),
        ("run_number", 2**63, None),
        ("run_number", 2**63 - 1, 2**63 - 1),
        ("parent_deployments", ("p" * 201, "", "p"), ["p"]),
        ("parent_deployments", ("p" * 201,), None),
        ("parent_deployments", tuple(map(str, range(40))), list(map(str, range(32)))),
    ],
)
def test_what_does_not_fit_the_contract_is_cut_or_left_out(
    field: str, value: Any, told: Any
) -> None:
    assert json.loads(an_event(**{field: value}).body()).get(field) == told


texts = st.text(st.characters(exclude_categories=()), max_size=600)  # surrogates, too


@given(service=texts, environment=texts, ref=texts, version=texts, actor=texts, run_url=texts)
def test_fitting_an_event_that_fits_changes_nothing(**fields: str) -> None:
    event = an_event(**fields)

    assert event.fitted().fitted() == event.fitted()
    assert event.fitted().body() == event.body()
    assert len(event.body()) < 64 * 1024
