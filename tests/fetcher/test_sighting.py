from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fetcher.github.answers import Deployment
from fetcher.github.sighting import Sighting, question, read

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = ["acme/shop", "acme/api"]


def node(number: int | str = 7, status: str | None = "DES_1", state: str = "SUCCESS") -> Any:
    latest = None if status is None else {"id": status, "state": state}
    return {"databaseId": number, "updatedAt": "2026-11-20T12:00:00Z", "latestStatus": latest}


def answer(*nodes: Any) -> dict[str, Any]:
    repository = {"deployments": {"nodes": list(nodes)}}
    return {"data": {"r0": repository, "r1": {"deployments": {"nodes": []}}}}


def sighting(*nodes: Any) -> Sighting:
    return read(NAMES, answer(*nodes)).seen["acme/shop"]


def listed(number: int, at: datetime) -> Deployment:
    return Deployment(id=number, created_at=AT, updated_at=at)


def test_a_name_cannot_change_the_question() -> None:
    assert r'name: "a\") { x }' in question(['acme/a") { x }'])


@pytest.mark.parametrize(
    "other",
    [
        [],
        [node(8)],
        [node(), node(6)],
        [node(status="DES_2")],
        [node(state="FAILURE")],
        [node(status=None)],
        [node() | {"updatedAt": "2026-11-20T12:00:01Z"}],
    ],
)
def test_whatever_changes_in_a_deployment_changes_the_marker(other: list[Any]) -> None:
    assert sighting(node()).marker == sighting(node()).marker
    assert sighting(*other).marker != sighting(node()).marker


def test_an_id_is_the_same_as_number_and_as_text() -> None:
    number = 26_365_060_973

    assert sighting(node(str(number))) == sighting(node(number))
    assert list(sighting(node(str(number))).updated_at) == [number]


@pytest.mark.parametrize(
    ("lists", "is_shown"),
    [
        ([listed(7, AT)], True),
        ([listed(8, AT), listed(7, AT + timedelta(seconds=1))], True),
        ([listed(7, AT - timedelta(seconds=1))], False),
        ([listed(6, AT)], False),
        ([], False),
    ],
)
def test_a_list_of_rest_shows_it_when_it_is_as_new(
    lists: list[Deployment], *, is_shown: bool
) -> None:
    assert sighting(node()).is_shown_in(lists) is is_shown


@pytest.mark.parametrize("kind", ["NOT_FOUND", "FORBIDDEN"])
def test_what_is_not_to_be_seen_is_not_asked_for_again(kind: str) -> None:
    error = {"type": kind, "path": ["r0"], "message": "no"}
    document = answer() | {"errors": [error]}
    document["data"]["r0"] = None

    assert read(NAMES, document).left == ()
    assert list(read(NAMES, document).seen) == ["acme/api"]


@pytest.mark.parametrize(
    "document",
    [
        {"data": None, "errors": [{"message": "Something went wrong"}]},
        {"errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["r0"]}]},
        {"data": {"r0": {"deployments": None}, "r1": {"deployments": {"nodes": [None]}}}},
        {"data": {"r0": {"deployments": {"nodes": [{"databaseId": None}]}}}},
        {"data": "?"},
        {"data": []},
        {"data": None, "errors": [{"type": ["NOT_FOUND"], "path": ["r0"]}]},
        {"data": None, "errors": [{"type": "NOT_FOUND", "path": [["r0"]]}]},
    ],
)
def test_an_answer_of_which_nothing_can_be_made_leaves_all(document: Any) -> None:
    assert read(NAMES, document).left == tuple(NAMES)
