"""docs/api.md is the contract: all of /openapi.json is in it, and its examples are true."""

import json
import re
import subprocess
from typing import Any, Final

import pytest

from receiver import openapi
from tests.docs import tree
from tests.program import Receiver, clean_environment

PAGE: Final = (tree.ROOT / "docs" / "api.md").read_text()
DOCUMENT: Final[Any] = json.loads(openapi.document())
OPERATIONS: Final = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
SECTIONS: Final = {
    (method, path): text
    for method, path, text in re.findall(
        r"^### ([A-Z]+) (\S+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE
    )
}
EXAMPLE: Final = re.compile(
    r"^```sh\n(.*?)^```\n\n```(json|text)\n(.*?)^```", re.DOTALL | re.MULTILINE
)
# When the receiver did something: another time in each run.
RECEIVERS_TIME: Final = re.compile(r'("(?:received|generated|rejected)_at": ?)"[^"]*"')


def test_it_has_every_operation_and_no_other() -> None:
    assert SECTIONS.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_an_operations_answers_and_parameters_are_all_there(operation: tuple[str, str]) -> None:
    told = SECTIONS[operation]
    rows = "\n".join(re.findall(r"^\| (.*?) \|", told, re.MULTILINE))
    listed = "\n".join(re.findall(r"Answers: (.*)", told))

    codes = {*re.findall(r"`(\d{3})`", listed + rows)}
    assert codes == {*OPERATIONS[operation]["responses"]}
    for parameter in OPERATIONS[operation].get("parameters", []):
        in_the_path = f"{{{parameter['name']}}}" in operation[1]
        assert in_the_path or f"`{parameter['name']}`" in rows


def test_every_field_of_every_schema_is_there() -> None:
    missing = [
        f"{name}: {field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        for field in fields(schema)
        if f"`{field}`" not in PAGE
    ]

    assert missing == []


def fields(schema: Any) -> set[str]:
    """The names of an object's fields, and of those within."""
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties", {})
    within = [*own.values(), schema.get("items"), schema.get("additionalProperties")]
    return {*own}.union(*map(fields, within))


def test_the_table_of_an_events_fields_has_the_models_limits() -> None:
    """The first table of the section, row by row."""
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \| ([\w ]+) \| (.*) \|$", PAGE, re.MULTILINE)
    schema = DOCUMENT["components"]["schemas"]["Submission"]

    assert {name for name, *_ in rows} == {*schema["properties"]}
    for name, required, kind, limits in rows:
        assert (required == "yes") == (name in schema["required"]), name
        rules = schema["properties"][name]
        present = next(r for r in rules.get("anyOf", [rules]) if r.get("type") != "null")
        assert kind.split()[0] == present["type"], name
        for limit in ("maxLength", "maxItems"):
            assert limit not in present or re.search(rf"\b{present[limit]}\b", limits), name


def test_the_examples_answer_what_is_shown(receiver: Receiver) -> None:
    examples = EXAMPLE.findall(PAGE)
    variables = {"DASHBOARD_URL": receiver.url, "DASHBOARD_API_KEY": receiver.key}

    assert len(examples) == PAGE.count("```sh\n")
    for command, kind, shown in examples:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=receiver.folder,
            env=clean_environment() | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        assert comparable(kind, done.stdout) == comparable(kind, shown), command


def comparable(kind: str, text: str) -> object:
    """An answer without what differs from run to run."""
    timeless = RECEIVERS_TIME.sub(r'\1"…"', text)
    return json.loads(timeless) if kind == "json" else timeless.strip()
