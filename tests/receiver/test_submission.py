import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.batch import Append, Batch
from receiver.event import Event, encode_json
from receiver.submission import Invalid, Submission, check_headers, explain, parse
from tests.receiver.examples import EVERY_FIELD, REQUIRED, as_json, submission

LIMITS = {
    "deployment_id": 200,
    "service": 255,
    "environment": 255,
    "version": 256,
    "run_url": 2048,
    "actor": 256,
    "ref": 512,
    "sha": 128,
}
NAMES = ("deployment_id", "service", "environment")
OPTIONAL = ("version", "run_url", "run_number", "actor", "ref", "sha", "parent_deployments")
STRINGS = tuple(LIMITS)


def stored(fields: dict[str, Any]) -> Event:
    batch = Batch(0, datetime(2026, 11, 20, 12, tzinfo=UTC), {})
    batch.add(Append(parse(as_json(fields))))
    return batch.events[0]


def pointers(body: bytes) -> list[str]:
    """Where the mistakes of a body are."""
    with pytest.raises(Invalid) as refused:
        parse(body)
    assert all(mistake.message for mistake in refused.value.mistakes)
    return [mistake.pointer for mistake in refused.value.mistakes]


def test_the_required_fields_are_enough() -> None:
    sent = parse(as_json(REQUIRED))

    assert (sent.deployment_id, sent.service, sent.environment) == ("run-1", "checkout", "prod")
    assert sent.status == "success"
    assert sent.happened_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert all(getattr(sent, field) is None for field in OPTIONAL)


def test_every_field_is_kept_as_sent() -> None:
    sent = parse(as_json(EVERY_FIELD))

    kept = {field: getattr(sent, field) for field in EVERY_FIELD if field != "happened_at"}
    assert kept == {field: EVERY_FIELD[field] for field in kept}


def test_the_model_has_the_fields_of_the_contract_and_no_others() -> None:
    assert set(Submission.model_fields) == set(EVERY_FIELD)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_must_be_there(field: str) -> None:
    body = submission()
    del body[field]

    assert pointers(as_json(body)) == [f"/{field}"]


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [None, "", [], {}, 1, True])
def test_nothing_stands_in_for_a_required_string(field: str, value: object) -> None:
    assert pointers(as_json(submission(**{field: value}))) == [f"/{field}"]


@pytest.mark.parametrize("field", OPTIONAL)
@pytest.mark.parametrize("value", [None, ""])
def test_null_and_the_empty_string_mean_absent(field: str, value: object) -> None:
    assert stored(submission(**{field: value})) == stored(REQUIRED)


def test_an_empty_list_of_parents_means_absent() -> None:
    assert stored(submission(parent_deployments=[])) == stored(REQUIRED)


@pytest.mark.parametrize(("field", "longest"), LIMITS.items())
@pytest.mark.parametrize("character", ["x", "é", "🚀"])
def test_a_string_may_have_as_many_characters_as_the_contract_says(
    field: str, longest: int, character: str
) -> None:
    fits = character * longest

    assert getattr(parse(as_json(submission(**{field: fits}))), field) == fits
    assert pointers(as_json(submission(**{field: fits + character}))) == [f"/{field}"]


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize("name", ["a", "ä b", "-", "0", "a/b~c", "null", "日本", '"', "\\", "<b>"])
def test_a_name_is_free_text(field: str, name: str) -> None:
    assert getattr(parse(as_json(submission(**{field: name}))), field) == name


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize(
    "name",
    [" ", " a", "a ", "a\n", "\ta", "a\nb", "a\rb", "a\x00b", "\x1f", "a\x7fb", "a\x85b", "\x9f"],
)
def test_a_name_has_no_control_character_and_no_space_at_either_end(field: str, name: str) -> None:
    assert pointers(as_json(submission(**{field: name}))) == [f"/{field}"]


@pytest.mark.parametrize("field", ["version", "run_url", "actor", "ref", "sha"])
@pytest.mark.parametrize("text", [" a ", "a\nb", "\x7f", "javascript:alert(1)", "not a url"])
def test_other_strings_are_stored_as_sent(field: str, text: str) -> None:
    assert getattr(parse(as_json(submission(**{field: text}))), field) == text


@pytest.mark.parametrize("field", STRINGS)
@pytest.mark.parametrize("text", ["\x00", "a\x00", "\ud800", "a\udfffb", "\udc00\ud800"])
def test_nul_and_lone_surrogates_are_errors_in_every_string(field: str, text: str) -> None:
    assert pointers(as_json(submission(**{field: text}))) == [f"/{field}"]


def test_a_pair_of_escaped_surrogates_is_one_character() -> None:
    body = as_json(REQUIRED).replace(b'"run-1"', rb'"\ud83d\ude80"')

    assert parse(body).deployment_id == "🚀"


@pytest.mark.parametrize("field", ["version", "run_url", "actor", "ref", "sha"])
@pytest.mark.parametrize("value", [0, 1.5, True, False, ["a"], {"a": 1}])
def test_an_optional_string_is_a_string(field: str, value: object) -> None:
    assert pointers(as_json(submission(**{field: value}))) == [f"/{field}"]


@pytest.mark.parametrize("status", ["in-progress", "success", "failure"])
def test_there_are_three_statuses(status: str) -> None:
    assert parse(as_json(submission(status=status))).status == status


@pytest.mark.parametrize(
    "status", ["Success", "success ", "cancelled", "in_progress", "\ud800", "\x00", 1, ["success"]]
)
def test_nothing_else_is_a_status(status: object) -> None:
    assert pointers(as_json(submission(status=status))) == ["/status"]


@pytest.mark.parametrize("number", [0, 1, -1, 2**63 - 1, -(2**63)])
def test_a_run_number_is_any_integer_of_64_bits(number: int) -> None:
    assert parse(as_json(submission(run_number=number))).run_number == number


@pytest.mark.parametrize(
    "number",
    [
        *(str(2**63), str(-(2**63) - 1), "1" + "0" * 5000, "-1" + "0" * 60_000),
        *("42.0", "4.2", "1e2", "1e400", "-0.0", '"42"', '"x"', "true", "false", "[1]", "{}"),
    ],
)
def test_nothing_else_is_a_run_number(number: str) -> None:
    body = as_json(submission(run_number=7)).replace(b": 7", b": " + number.encode())

    assert pointers(body) == ["/run_number"]


def test_parents_are_up_to_32_strings_of_up_to_200_characters() -> None:
    parents = ["x" * 200] * 32

    assert parse(as_json(submission(parent_deployments=parents))).parent_deployments == parents


@pytest.mark.parametrize(
    ("parents", "wrong"),
    [
        (["x"] * 33, [""]),
        (["x" * 201], ["/0"]),
        (["a", "", "b"], ["/1"]),
        ([None, 1, ["a"], {}, "ok"], ["/0", "/1", "/2", "/3"]),
        (["a\x00", "\ud800"], ["/0", "/1"]),
        ("run-1", [""]),
        ({"0": "run-1"}, [""]),
        (1, [""]),
    ],
)
def test_a_mistake_in_the_parents_is_pointed_at(parents: object, wrong: list[str]) -> None:
    expected = [f"/parent_deployments{end}" for end in wrong]

    assert pointers(as_json(submission(parent_deployments=parents))) == expected


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"),
        ("2026-11-20t12:00:00z", "2026-11-20T12:00:00Z"),
        ("2026-11-20T12:00:00+02:00", "2026-11-20T10:00:00Z"),
        ("2026-11-20T01:30:00+23:59", "2026-11-19T01:31:00Z"),
        ("2026-12-31T23:59:59-00:30", "2027-01-01T00:29:59Z"),
        ("2026-11-20T12:00:00-00:00", "2026-11-20T12:00:00Z"),
        ("2026-11-20T12:00:00.5Z", "2026-11-20T12:00:00.500000Z"),
        ("2026-11-20T12:00:00.000001Z", "2026-11-20T12:00:00.000001Z"),
        ("2026-11-20T12:00:00.1234567891+01:00", "2026-11-20T11:00:00.123456Z"),
        ("2026-11-20T12:00:00.9999999Z", "2026-11-20T12:00:00.999999Z"),
        ("2026-11-20T12:00:00." + "0" * 999 + "1Z", "2026-11-20T12:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_is_kept_to_the_microsecond_and_in_utc(sent: str, stored: str) -> None:
    happened_at = parse(as_json(submission(happened_at=sent))).happened_at

    assert json.loads(encode_json(happened_at)) == stored


@pytest.mark.parametrize(
    "sent",
    [
        *("2026-11-20", "12:00:00Z", "2026-11-20T12:00:00", "2026-11-20 12:00:00Z"),
        *("2026-11-20T12:00Z", "20261120T120000Z", "2026-W47-5T12:00:00Z", "2026-324T12:00:00Z"),
        *("2026-11-20T12:00:60Z", "2016-12-31T23:59:60Z", "2026-11-20T24:00:00Z"),
        *("2026-11-20T12:60:00Z", "2026-13-01T12:00:00Z", "2026-02-29T12:00:00Z"),
        *("2026-00-01T12:00:00Z", "2026-11-00T12:00:00Z", "2026-11-31T12:00:00Z"),
        *("2026-11-20T12:00:00+2:00", "2026-11-20T12:00:00+0200", "2026-11-20T12:00:00+02"),
        *("2026-11-20T12:00:00+24:00", "2026-11-20T12:00:00+02:60", "2026-11-20T12:00:00 Z"),
        *("2026-11-20T12:00:00+02:00:00", "2026-11-20T12:00:00UTC", "2026-11-20T12:00:00ZZ"),
        *("2026-11-20T12:00:00,5Z", "2026-11-20T12:00:00.Z", " 2026-11-20T12:00:00Z"),
        *("2026-11-20T12:00:00Z\n", "2026-11-20T12:00:00Z\x00", "2026-11-20T12:00:00\u221202:00"),
        *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"),
        *("12026-11-20T12:00:00Z", "-2026-11-20T12:00:00Z", "2026-11-20T12:00:0\u0660Z", "now"),
        *("1790000000", 1790000001, 1790000000.5),
    ],
)
def test_anything_else_is_no_time(sent: object) -> None:
    assert pointers(as_json(submission(happened_at=sent))) == ["/happened_at"]


def test_of_two_equal_keys_the_last_counts() -> None:
    body = as_json(REQUIRED)[:-1] + b', "service": "second"}'

    assert parse(body).service == "second"
    assert pointers(body.replace(b'"second"', b"null")) == ["/service"]


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("Service", "/Service"),
        ("id", "/id"),
        ("received_at", "/received_at"),
        ("progress_reporter", "/progress_reporter"),
        ("a/b~c", "/a~1b~0c"),
        ("~1", "/~01"),
        ("", "/"),
        ("\ud800", "/\ud800"),
        ("\x00", "/\x00"),
    ],
)
def test_an_unknown_field_is_an_error_even_when_empty(field: str, pointer: str) -> None:
    assert pointers(as_json(submission(**{field: None}))) == [pointer]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"42",
        b"{'service': 'a'}",
        b"\xef\xbb\xbf" + as_json(REQUIRED),
        as_json(REQUIRED).decode().encode("utf-16"),
        json.dumps(submission(actor="é"), ensure_ascii=False).encode("latin-1"),
        json.dumps(submission(actor="\ud800"), ensure_ascii=False).encode(errors="surrogatepass"),
        as_json(REQUIRED) * 2,
        as_json(REQUIRED)[:-1] + b",}",
        as_json(submission(actor="x")).replace(b"x", b"a\nb"),
        as_json(submission(run_number=1)).replace(b": 1", b": 01"),
        as_json(submission(run_number=float("nan"))),
        as_json(submission(run_number=float("inf"))),
        as_json(submission(unknown=float("-inf"))),
        b"[" * 30_000 + b"]" * 30_000,
    ],
)
def test_what_is_not_a_json_object_in_utf_8_is_one_mistake_of_the_whole(body: bytes) -> None:
    assert pointers(body) == [""]


@pytest.mark.parametrize(
    "value", [b"[" * 30_000 + b"]" * 30_000, b'{"":' * 12_000 + b"1" + b"}" * 12_000]
)
def test_a_value_nested_too_deeply_is_refused(value: bytes) -> None:
    body = as_json(submission(unknown=1)).replace(b": 1", b": " + value)

    # What is too deep for Python's reader of JSON depends on its version, and on the stack.
    assert pointers(body) in ([""], ["/unknown"])


def test_what_is_no_json_is_told_with_its_place() -> None:
    with pytest.raises(Invalid) as refused:
        parse(b'{"service":\n "a\tb"}')

    (mistake,) = refused.value.mistakes
    assert mistake.message == (
        "must be JSON in UTF-8: Invalid control character at line 2, column 4"
    )


@pytest.mark.parametrize("depth", [10, 400])
def test_a_deep_value_is_one_mistake(depth: int) -> None:
    deep: list[Any] = []
    for _ in range(depth):
        deep = [deep]

    assert pointers(as_json(submission(service=deep, extra=deep))) == ["/service", "/extra"]


def test_all_mistakes_are_told_at_once() -> None:
    body = {
        "service": "",
        "environment": " prod",
        "status": "done",
        "happened_at": "yesterday",
        "version": 1,
        "run_number": "42",
        "parent_deployments": ["", "ok", 3],
        "zeta": 1,
        "alpha": 2,
    }

    assert pointers(as_json(body)) == [
        "/deployment_id",
        "/service",
        "/environment",
        "/status",
        "/happened_at",
        "/version",
        "/run_number",
        "/parent_deployments/0",
        "/parent_deployments/2",
        "/alpha",
        "/zeta",
    ]


def test_a_message_never_quotes_what_was_sent() -> None:
    fields = dict.fromkeys(EVERY_FIELD, "hunter2\x00")

    with pytest.raises(Invalid) as refused:
        parse(as_json(fields))

    assert len(refused.value.mistakes) == len(EVERY_FIELD)
    assert not [mistake for mistake in refused.value.mistakes if "hunter2" in mistake.message]


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
)
lists = st.lists(scalars, max_size=3)
values = scalars | lists | st.dictionaries(st.text(max_size=3), scalars | lists, max_size=3)


@given(st.dictionaries(st.sampled_from(list(EVERY_FIELD)) | st.text(max_size=3), values))
def test_any_json_object_is_taken_or_refused(fields: dict[str, Any]) -> None:
    _taken_or_refused(as_json(submission(**fields)))


NOTHING: st.SearchStrategy[object] = st.sampled_from([None, "", []])
PLAUSIBLE = st.fixed_dictionaries(
    {field: st.just(value) for field, value in REQUIRED.items()},
    optional={
        "version": NOTHING | st.text(max_size=3),
        "run_number": NOTHING | st.integers(-(2**64), 2**64) | st.just(4.0) | st.booleans(),
        "actor": NOTHING | st.sampled_from(["Zoë", "a\ud800", "a\0"]),
        "parent_deployments": NOTHING | st.lists(st.text(max_size=2), max_size=3),
    },
)


def outcome(read: Callable[[bytes], Submission], body: bytes) -> object:
    try:
        return read(body)
    except Invalid as error:
        return error.mistakes


@given(PLAUSIBLE | st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3)))
def test_reading_at_once_and_reading_in_steps_come_to_the_same(fields: dict[str, Any]) -> None:
    body = as_json(fields)

    assert outcome(parse, body) == outcome(partial(explain, Submission), body)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    _taken_or_refused(body)


def _taken_or_refused(body: bytes) -> None:
    try:
        assert isinstance(parse(body), Submission)
    except Invalid as refused:
        assert refused.mistakes  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("reporter", ["a", "fetcher/1.0.0", "a-z.0/9", "x" * 128])
def test_a_progress_reporter_is_a_short_plain_name(reporter: str) -> None:
    assert check_headers(reporter, None) == []


@pytest.mark.parametrize("reporter", ["A", "a b", "a_b", "é", "a\n", "x" * 129])
def test_another_progress_reporter_is_a_mistake_of_the_whole(reporter: str) -> None:
    assert [mistake.pointer for mistake in check_headers(reporter, None)] == [""]


@pytest.mark.parametrize("key", ["a", "!", "~", "x" * 255, "6f1c…".replace("…", "-")])
def test_an_idempotency_key_is_visible_ascii(key: str) -> None:
    assert check_headers(None, key) == []


@pytest.mark.parametrize("key", ["", " ", "a b", "a\t", "é", "\x7f", "a\n", "x" * 256])
def test_another_idempotency_key_is_a_mistake_of_the_whole(key: str) -> None:
    assert [mistake.pointer for mistake in check_headers(None, key)] == [""]


def test_both_headers_can_be_wrong() -> None:
    assert len(check_headers("A", "")) == 2
