"""The guide's two tables hold: its fields are the model's, its answers are the receiver's."""

import re
from typing import Any, Final

from receiver.submission import Submission
from tests.program import Receiver, deployment
from tests.system import guide


def test_the_table_of_fields_is_the_model() -> None:
    properties = Submission.model_json_schema()["properties"]

    assert [(field.name, field.required, field.type) for field in guide.fields()] == [
        (name, info.is_required(), type_in_the_guide(properties[name]))
        for name, info in Submission.model_fields.items()
    ]


def type_in_the_guide(schema: dict[str, Any]) -> str:
    present: dict[str, Any] = next(
        option for option in schema.get("anyOf", [schema]) if option["type"] != "null"
    )
    if "enum" in present:
        return "enum"
    is_array = present["type"] == "array"
    return f"{present['items']['type']}[]" if is_array else present["type"]


def test_the_table_of_fields_lists_the_models_statuses() -> None:
    (enum,) = (field for field in guide.fields() if field.type == "enum")

    allowed = Submission.model_json_schema()["properties"]["status"]["enum"]
    assert enum.notes.rstrip(".").split(" | ") == allowed


def test_the_tests_below_hold_every_row_of_the_table_of_answers() -> None:
    assert guide.responses().keys() == {201, 401, 422}


def test_201_gives_the_place_of_the_row(receiver: Receiver) -> None:
    answer = receiver.send(**deployment(version="1.2.3"))

    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/deployments/{answer.json['id']}"
    assert receiver.get(answer.headers["Location"]) == answer.json


def test_401_where_the_key_is_missing_or_invalid(receiver: Receiver) -> None:
    for key in ("", "wrong", f"{receiver.key}-and-more"):
        assert receiver.send(key, **deployment()).status == 401

    assert receiver.get("/api/deployments")["items"] == []


REFUSED: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "missing required field": ("/service", {"service": None}),
    "bad enum": ("/status", {"status": "succeeded"}),
    "non-integer run_number": ("/run_number", {"run_number": "42"}),
    "malformed happened_at": ("/happened_at", {"happened_at": "2026-11-23 10:00:00"}),
    "unknown field": ("/colour", {"colour": "green"}),
}


def test_422_is_for_what_the_guide_lists() -> None:
    (listed,) = re.findall(r"\((.*)\)", guide.responses()[422])

    assert listed.split(", ") == list(REFUSED)


def test_422_points_at_the_mistake_and_leaves_no_row(receiver: Receiver) -> None:
    for pointer, fields in REFUSED.values():
        sent = {name: value for name, value in deployment(**fields).items() if value is not None}

        answer = receiver.send(**sent)

        assert answer.status == 422
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert receiver.get("/api/deployments")["items"] == []
