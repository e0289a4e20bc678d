"""The rules of the matrix, without I/O."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.event import Event, Status
from receiver.matrix import Slot, promotion_order, reduce
from tests.receiver.examples import answered, event

STARTED: Status = "in-progress"


def slot(*events: Event) -> Slot:
    """The one slot that these events make."""
    (only,) = reduce(events).values()
    return only


def answer(*events: Event) -> Any:
    return json.loads(slot(*events).json)


def statuses(answered: dict[str, Any]) -> dict[str, Any]:
    """The answer with each event cut down to its id."""
    return {
        name: value if isinstance(value, bool) else value["id"] for name, value in answered.items()
    }


def test_the_event_that_happened_last_is_current_whatever_came_last() -> None:
    assert slot(event(1, 10), event(2, 5), event(3, 0)).current.id == 1


def test_a_late_arrival_still_counts_as_the_last_success() -> None:
    found = answer(event(1, 10, "failure"), event(2, 5, "success"))

    assert statuses(found) == {"current": 1, "last_successful": 2}


@pytest.mark.parametrize("finished", ["success", "failure"])
def test_at_the_same_second_the_finished_event_is_current(finished: Status) -> None:
    assert slot(event(1, 0, finished), event(2, 0, STARTED)).current.id == 1


def test_at_the_same_second_the_larger_id_is_current() -> None:
    assert slot(event(1, 0, "failure"), event(2, 0, "success")).current.id == 2
    assert slot(event(1, 0, "success"), event(2, 0, "failure")).current.id == 2
    assert slot(event(1, 0, STARTED), event(2, 0, STARTED)).current.id == 2


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event(1, 0, "success")], {"current": 1}),
        ([event(1, 0, "failure")], {"current": 1}),
        ([event(1, 0, STARTED)], {"current": 1}),
        ([event(1, 0, "success"), event(2, 1, "success")], {"current": 2}),
        ([event(1, 0, "failure"), event(2, 1, "success")], {"current": 2}),
        ([event(1, 0, STARTED), event(2, 1, "success")], {"current": 2}),
        ([event(1, 0, "success"), event(2, 1, "failure")], {"current": 2, "last_successful": 1}),
        ([event(1, 0, "success"), event(2, 1, STARTED)], {"current": 2, "last_successful": 1}),
        ([event(1, 0, "failure"), event(2, 1, "failure")], {"current": 2}),
        ([event(1, 0, "failure"), event(2, 1, STARTED)], {"current": 2, "prev_failed": True}),
        (
            [event(1, 0, "success"), event(2, 1, "failure"), event(3, 2, STARTED)],
            {"current": 3, "last_successful": 1, "prev_failed": True},
        ),
        (
            [event(1, 0, "failure"), event(2, 1, "success"), event(3, 2, STARTED)],
            {"current": 3, "last_successful": 2},
        ),
        (
            [event(1, 0, "failure"), event(2, 1, STARTED), event(3, 2, STARTED)],
            {"current": 3, "prev_failed": True},
        ),
        (
            [event(1, 0, "success"), event(2, 0, "failure"), event(3, 1, STARTED)],
            {"current": 3, "last_successful": 1, "prev_failed": True},
        ),
        (
            [event(1, 0, STARTED), event(2, 0, "failure"), event(3, 0, "failure")],
            {"current": 3},
        ),
    ],
    ids=lambda value: (
        "+".join(found.status for found in value) if isinstance(value, list) else None
    ),
)
def test_a_slot_tells_of_the_last_success_and_of_the_failure_before(
    events: list[Event], expected: dict[str, Any]
) -> None:
    assert statuses(answer(*events)) == expected
    assert statuses(answer(*reversed(events))) == expected


def test_a_slot_holds_whole_events() -> None:
    failed, succeeded = event(2, 1, "failure", actor="Zoë"), event(1, 0)

    assert answer(succeeded, failed) == {
        "current": answered(failed),
        "last_successful": answered(succeeded),
    }


def test_services_and_environments_are_apart() -> None:
    apart = [event(1, service="a", environment="b"), event(2, service="b", environment="a")]

    assert set(reduce(apart)) == {("a", "b"), ("b", "a")}


def expected_of(events: Sequence[Event]) -> Slot:
    """A slot as the contract words it: sort by the one total order, then look back."""
    ordered = sorted(
        events, key=lambda found: (found.happened_at, found.status != STARTED, found.id)
    )
    finished = [found for found in ordered if found.status != STARTED]
    successes = [found for found in finished if found.status == "success"]
    return Slot(
        current=ordered[-1],
        last_success=successes[-1] if successes else None,
        last_finished=finished[-1] if finished else None,
    )


@st.composite
def logs_and_arrivals(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """A log of one slot with many ties, and the same events in any order, some twice."""
    kinds = st.tuples(st.integers(0, 2), st.sampled_from([STARTED, "success", "failure"]))
    log = [
        event(number, second, status)
        for number, (second, status) in enumerate(draw(st.lists(kinds, min_size=1)), start=1)
    ]
    return log, draw(st.permutations(log + draw(st.lists(st.sampled_from(log), max_size=3))))


@given(logs_and_arrivals())
def test_any_order_of_arrival_makes_the_slot_that_the_contract_words(
    case: tuple[list[Event], list[Event]],
) -> None:
    log, arrivals = case

    assert slot(*log) == slot(*arrivals) == expected_of(log)


@pytest.mark.parametrize(
    ("configured", "ordered"),
    [
        (
            [],
            ["dev", "TEST", "qa", "staging", "uat", "pre-prod", "Production", "eu-1", "zoo"],
        ),
        (
            ["Production", "zoo", "absent"],
            ["Production", "zoo", "dev", "TEST", "qa", "staging", "uat", "pre-prod", "eu-1"],
        ),
    ],
    ids=["by stage", "configured"],
)
def test_environments_are_in_promotion_order(configured: list[str], ordered: list[str]) -> None:
    names = {"zoo", "uat", "qa", "eu-1", "pre-prod", "dev", "Production", "staging", "TEST"}

    assert promotion_order(names, configured) == ordered


@pytest.mark.parametrize(
    ("stage", "spellings"),
    [
        (0, ["dev", "DEV", "Development", "develop"]),
        (1, ["test", "testing", "tst", "Test"]),
        (2, ["qa", "QA", "Q.A."]),
        (3, ["staging", "stage", "stg", "Staging"]),
        (4, ["uat", "UAT", "acceptance", "acc", "user-acceptance"]),
        (5, ["preprod", "pre-prod", "pre_prod", "Pre-Production", "pre prod"]),
        (6, ["prod", "production", "prd", "PROD", "live"]),
    ],
)
def test_a_stage_is_known_by_its_usual_spellings(stage: int, spellings: list[str]) -> None:
    others = ["dev", "test", "qa", "staging", "uat", "preprod", "prod"]
    before, after = others[:stage], others[stage + 1 :]
    for spelling in spellings:
        assert promotion_order({*before, spelling, *after}) == [*before, spelling, *after]


@pytest.mark.parametrize("name", ["develop-shop", "production-eu", "latest", "contest", "", "é"])
def test_a_name_that_only_holds_a_stage_is_none(name: str) -> None:
    assert promotion_order([name, "prod", "dev"]) == ["dev", "prod", name]


@given(st.lists(st.text(), unique=True), st.lists(st.text()))
def test_the_order_loses_and_invents_nothing(names: list[str], configured: list[str]) -> None:
    ordered = promotion_order(names, configured)

    assert sorted(ordered) == sorted(names)
    assert promotion_order(list(reversed(names)), configured) == ordered
