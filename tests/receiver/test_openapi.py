"""/openapi.json is the contract that the answers keep."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

from receiver import __version__, openapi
from receiver.api import routes
from receiver.query import ListQuery, parse_query
from receiver.submission import Invalid, parse
from tests.program import Answer
from tests.receiver.api import Api
from tests.receiver.examples import EVERY_FIELD, REQUIRED, as_json, submission

DOCUMENT: Any = json.loads(openapi.document())


def validator(schema: Any) -> OAS31Validator:
    """A validator of a schema in the document, formats too."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return OAS31Validator(whole, format_checker=oas31_format_checker)


def assert_documented(answer: Answer, path: str, method: str = "get") -> None:
    """The answer is one that the document tells of."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    content = responses[str(answer.status)].get("content", {})
    content_type = answer.headers["Content-Type"].split(";")[0]
    value = answer.json if "json" in content_type else answer.body.decode()
    validator(content[content_type]["schema"]).validate(value)


def test_the_document_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()

    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["version"] == __version__


def test_every_route_is_documented_and_everything_documented_is_routed() -> None:
    routed = {(route.method.lower(), route.path) for route in routes([])}

    assert routed == {
        (method, path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }


async def test_it_is_served_as_json(api: Api) -> None:
    answer = await api.get("/openapi.json")

    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.json == DOCUMENT


async def test_what_posts_are_answered_is_documented(api: Api) -> None:
    posts = [
        await api.post(REQUIRED),
        await api.post(EVERY_FIELD, X_Progress_Reporter="fetcher/1"),
        await api.post(submission(service="", extra=1)),
        await api.post(b"{"),
        await api.post(REQUIRED, X_Api_Key="wrong"),
        await api.post(REQUIRED, Content_Type="text/plain"),
        await api.post(b" " * 70_000),
    ]

    assert [answer.status for answer in posts] == [201, 201, 422, 422, 401, 415, 413]
    for answer in posts:
        assert_documented(answer, "/api/deployments", "post")


async def test_what_reads_are_answered_is_documented(api: Api) -> None:
    for status, second in (("success", 0), ("failure", 1), ("in-progress", 2)):
        await api.append(
            **EVERY_FIELD | {"status": status, "happened_at": f"2026-11-20T12:00:0{second}Z"}
        )
    for path in (
        *("/api/deployments", "/api/matrix", "/api/services", "/api/environments"),
        *("/api/version", "/api/settings", "/openapi.json", "/healthz", "/readyz", "/metrics"),
    ):
        assert_documented(await api.get(path), path)
    assert_documented(await api.get("/api/deployments?limit=1"), "/api/deployments")
    assert_documented(await api.get("/api/deployments?limit=0"), "/api/deployments")
    assert_documented(await api.get("/api/matrix?at=2026-11-20T12:00:00Z"), "/api/matrix")
    assert_documented(await api.get("/api/matrix?x=1"), "/api/matrix")
    assert_documented(await api.get("/api/events/stream?x=1"), "/api/events/stream")
    assert_documented(await api.get("/api/deployments/1"), "/api/deployments/{id}")
    assert_documented(await api.get("/api/deployments/99"), "/api/deployments/{id}")


ACCEPTED: tuple[dict[str, Any], ...] = (
    REQUIRED,
    EVERY_FIELD,
    submission(deployment_id="x" * 200, service="s" * 255, sha="c" * 128),
    submission(run_number=-(2**63), version=None, parent_deployments=["a"] * 32),
)
REFUSED: tuple[dict[str, Any], ...] = (
    submission(deployment_id=""),
    submission(service="x" * 256),
    submission(service=" a"),
    submission(environment="a\x07"),
    submission(happened_at="yesterday"),
    submission(status="done"),
    submission(run_number="42"),
    submission(run_number=2**63),
    submission(version="x" * 257),
    submission(parent_deployments=[""]),
    submission(parent_deployments=["a"] * 33),
    submission(extra=1),
    {},
)


@pytest.mark.parametrize("body", ACCEPTED)
def test_the_schema_accepts_what_the_receiver_accepts(body: dict[str, Any]) -> None:
    parse(as_json(body))

    validator(DOCUMENT["components"]["schemas"]["Submission"]).validate(body)


@pytest.mark.parametrize("body", REFUSED)
def test_the_schema_refuses_what_the_receiver_refuses(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse(as_json(body))

    assert not validator(DOCUMENT["components"]["schemas"]["Submission"]).is_valid(body)


def operations() -> Iterator[tuple[str, Any]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_parameter_of_a_read_is_there() -> None:
    for path, names in {
        "/api/deployments": {
            *("service", "environment", "status", "deployment_id"),
            *("since", "until", "limit", "cursor"),
        },
        "/api/matrix": {"service", "at", "If-None-Match"},
        "/api/events/stream": {"service", "environment", "last_event_id", "Last-Event-ID"},
    }.items():
        parameters = DOCUMENT["paths"][path]["get"]["parameters"]
        assert {parameter["name"] for parameter in parameters} == names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", limit) for limit in (0, 1, 500, 501)),
        *(("service", "é" * length) for length in (0, 1, 255, 256)),
        *(("deployment_id", "é" * length) for length in (0, 1, 200, 201)),
        *(("status", status) for status in ("success", "done")),
    ],
)
def test_the_schema_of_a_parameter_refuses_what_the_receiver_refuses(
    name: str, value: int | str
) -> None:
    parameters = DOCUMENT["paths"]["/api/deployments"]["get"]["parameters"]
    (schema,) = [each["schema"] for each in parameters if each["name"] == name]

    try:
        parse_query(ListQuery, urlencode({name: value}))
    except Invalid:
        assert not validator(schema).is_valid(value)
    else:
        validator(schema).validate(value)


def test_every_tag_parameter_header_and_answer_is_explained() -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    for name, operation in operations():
        assert tags.issuperset(operation["tags"]), name
        answers = operation["responses"].values()
        headers = [header for answer in answers for header in answer.get("headers", {}).values()]
        explained = [*operation.get("parameters", []), *headers, *answers]
        assert [each for each in explained if not each.get("description")] == [], name


def test_every_field_that_is_sent_or_answered_in_an_event_is_explained() -> None:
    for name in ("Submission", "Event"):
        properties = DOCUMENT["components"]["schemas"][name]["properties"]
        assert [field for field in properties if not properties[field].get("description")] == []


def test_every_example_keeps_its_schema() -> None:
    answers = [
        answer for _, operation in operations() for answer in operation["responses"].values()
    ]
    contents = [content for answer in answers for content in answer.get("content", {}).values()]
    with_one = [content for content in contents if "example" in content]
    with_some = [each for each in DOCUMENT["components"]["schemas"].values() if "examples" in each]

    assert with_one
    assert with_some
    for content in with_one:
        validator(content["schema"]).validate(content["example"])
    for schema in with_some:
        for example in schema["examples"]:
            validator(schema).validate(example)


async def test_the_example_of_a_post_is_answered_with_the_example_of_an_event(api: Api) -> None:
    (sent,) = DOCUMENT["components"]["schemas"]["Submission"]["examples"]
    (stored,) = DOCUMENT["components"]["schemas"]["Event"]["examples"]

    answer = await api.post(as_json(sent))

    assert answer.status == 201
    receivers = {name: answer.json[name] for name in ("id", "received_at")}
    assert list(answer.json.items()) == list((stored | receivers).items())


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/matrix"])
def test_what_has_a_tag_may_be_answered_with_304(path: str) -> None:
    answers = DOCUMENT["paths"][path]["get"]["responses"]

    assert "ETag" in answers["200"]["headers"]
    assert answers["304"]["headers"] == answers["200"]["headers"]


def test_a_refusals_example_is_of_its_own_status_and_path() -> None:
    refused = DOCUMENT["paths"]["/api/matrix"]["get"]["responses"]["429"]

    example = refused["content"]["application/problem+json"]["example"]
    assert (example["status"], example["instance"]) == (429, "/api/matrix")
