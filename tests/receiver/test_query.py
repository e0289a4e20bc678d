import base64
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from receiver.event import OrderKey
from receiver.filter import EVERYTHING
from receiver.query import ListQuery, MatrixQuery, StreamQuery, encode_cursor, parse_query
from receiver.submission import Invalid
from tests.receiver.examples import NOON

ORDER_KEYS: st.SearchStrategy[OrderKey] = st.tuples(
    st.datetimes(timezones=st.just(UTC)), st.booleans(), st.integers(1, 2**63 - 1)
)


def mistakes(model: type[BaseModel], **given_: str) -> list[str]:
    """The messages for a query string."""
    with pytest.raises(Invalid) as refused:
        parse_query(model, urlencode(given_))
    assert {mistake.pointer for mistake in refused.value.mistakes} == {""}
    return [mistake.message for mistake in refused.value.mistakes]


def test_nothing_given_is_the_first_hundred_of_everything() -> None:
    query = parse_query(ListQuery, "")

    assert (query.limit, query.cursor) == (100, None)
    assert query.filter == EVERYTHING


@given(ORDER_KEYS)
def test_any_place_in_the_order_survives_as_a_cursor(key: OrderKey) -> None:
    cursor = encode_cursor(key)

    assert parse_query(ListQuery, urlencode({"cursor": cursor})).cursor == key
    assert cursor.isascii()
    assert not set(cursor) & set("+/=& ")


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("0/")
@example("0_")
def test_any_other_cursor_is_refused(cursor: str) -> None:
    assert len(mistakes(ListQuery, cursor=cursor)) == 1


@pytest.mark.parametrize(
    "text",
    ["1.1", "1.1.1.1", "a.1.1", "99999999999999999999.1.1", "1.1.9223372036854775808", "1.1.", ""],
)
def test_a_forged_cursor_is_refused(text: str) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    assert len(mistakes(ListQuery, cursor=cursor)) == 1


@pytest.mark.parametrize("limit", ["1", "100", "500"])
def test_a_page_has_1_to_500_events(limit: str) -> None:
    assert parse_query(ListQuery, urlencode({"limit": limit})).limit == int(limit)


@pytest.mark.parametrize(
    "limit", ["0", "501", "-1", "+5", "1.0", "1e2", "", " 5", "ten", "\u0665", "9" * 5000]
)
def test_no_other_limit_will_do(limit: str) -> None:
    assert len(mistakes(ListQuery, limit=limit)) == 1


@pytest.mark.parametrize("bound", ["since", "until"])
def test_a_bound_is_an_rfc_3339_time(bound: str) -> None:
    query = parse_query(ListQuery, urlencode({bound: "2026-11-20T14:00:00+02:00"}))

    assert getattr(query.filter, bound) == NOON


@pytest.mark.parametrize("bound", ["since", "until"])
@pytest.mark.parametrize("text", ["", "2026-11-20", "2026-11-20T12:00:00", "1790000000", "now"])
def test_no_other_bound_will_do(bound: str, text: str) -> None:
    assert len(mistakes(ListQuery, **{bound: text})) == 1


@pytest.mark.parametrize("status", ["", "done", "SUCCESS"])
def test_no_unknown_status_will_do(status: str) -> None:
    assert len(mistakes(ListQuery, status=status)) == 1


@pytest.mark.parametrize(
    ("name", "longest"), [("service", 255), ("environment", 255), ("deployment_id", 200)]
)
def test_a_name_is_one_that_could_have_been_stored(name: str, longest: int) -> None:
    fits = parse_query(ListQuery, urlencode({name: "é" * longest}))

    assert getattr(fits, name) == "é" * longest
    for bad in ("", "é" * (longest + 1), " a", "a\x00"):
        assert len(mistakes(ListQuery, **{name: bad})) == 1


@pytest.mark.parametrize("model", [MatrixQuery, ListQuery, StreamQuery])
def test_an_unknown_parameter_is_refused_by_name(model: type[BaseModel]) -> None:
    assert mistakes(model, sevice="checkout") == ["sevice is not a known parameter"]


@pytest.mark.parametrize("model", [MatrixQuery, ListQuery, StreamQuery])
def test_a_parameter_given_twice_is_refused_by_name(model: type[BaseModel]) -> None:
    with pytest.raises(Invalid) as refused:
        parse_query(model, "service=a&service=a")

    assert [mistake.message for mistake in refused.value.mistakes] == [
        "service is given more than once"
    ]


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(ListQuery, status="x", since="x", limit="x", cursor="x", foo="x", service="")

    assert [message.split(" ")[0] for message in found] == [
        *("service", "status", "since", "limit", "cursor", "foo")
    ]


def test_the_instant_of_a_cursor_is_aware() -> None:
    cursor = encode_cursor((datetime(1969, 1, 1, tzinfo=UTC), False, 3))

    key = parse_query(ListQuery, urlencode({"cursor": cursor})).cursor
    assert key is not None
    assert key[0].utcoffset() == NOON.utcoffset()
