"""An event as a line of an exported log."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from receiver.event import Event
from receiver.ndjson import LARGEST_ID, LONGEST_LINE, decode, encode
from receiver.submission import Invalid
from tests.receiver.examples import EVERY_FIELD, as_json, event

LINE: dict[str, Any] = {
    **EVERY_FIELD,
    "id": 7,
    "received_at": "2026-11-20T12:00:01.5Z",
    "progress_reporter": "gh/1.0",
    "sent_by": "ci of the shop",
}

names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
texts = st.none() | st.text(
    st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20
)
spans = st.timedeltas(timedelta(days=-9000), timedelta(days=9000))


@st.composite
def events(draw: st.DrawFn) -> Event:
    plain = event(
        draw(st.integers(1, LARGEST_ID)),
        status=draw(st.sampled_from(["in-progress", "success", "failure"])),
        seconds=draw(spans).total_seconds(),
    )
    parents = st.none() | st.lists(names, min_size=1, max_size=3).map(tuple)
    more = {
        "service": names,
        "version": texts,
        "run_url": texts,
        "actor": texts,
        "parent_deployments": parents,
        "sent_by": texts,
    }
    return Event(**plain.__dict__ | {name: draw(values) for name, values in more.items()})


@settings(max_examples=50)
@example(event(seconds=3600))  # readers are told that its sender's clock is wrong
@given(events())
def test_an_event_comes_back_from_its_line(stored: Event) -> None:
    line = encode(stored)

    assert line.index(b"\n") == len(line) - 1
    assert decode(line) == stored


@pytest.mark.parametrize("happened_at", [EVERY_FIELD["happened_at"], "2030-01-01T00:00:00Z"])
def test_a_line_has_all_that_is_stored_and_no_more(happened_at: str) -> None:
    line = LINE | {"happened_at": happened_at}

    encoded = json.loads(encode(decode(as_json(line))))

    assert encoded == line | {"received_at": "2026-11-20T12:00:01.500000Z"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"id": None}, "/id must be an integer"),
        ({"id": 0}, "/id must be at least 1"),
        ({"id": LARGEST_ID + 1}, f"/id must be at most {LARGEST_ID}"),
        ({"id": "7"}, "/id must be an integer"),
        ({"received_at": "yesterday"}, "/received_at must be an RFC 3339 time"),
        ({"progress_reporter": "A B"}, "/progress_reporter must be 1 to 128 characters of"),
        ({"status": "done"}, "/status must be 'in-progress', 'success' or 'failure'"),
        ({"service": " a"}, "/service must have no control character"),
        ({"colour": "red"}, "/colour is not a known field"),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused_in_the_contracts_words(
    change: dict[str, Any], text: str
) -> None:
    with pytest.raises(Invalid) as refused:
        decode(as_json(LINE | change))

    assert refused.value.text.startswith(text)


def test_every_mistake_of_a_line_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        decode(b'{"id": 1, "service": "a", "environment": "", "status": "success"}')

    told = {mistake.pointer for mistake in refused.value.mistakes}
    assert told == {"/deployment_id", "/environment", "/happened_at", "/received_at"}


@pytest.mark.parametrize("line", [b"", b"{", b'{"id": 1', b"[]", b"\xff", b"null"])
def test_a_line_that_was_cut_off_is_no_event(line: bytes) -> None:
    with pytest.raises(Invalid):
        decode(line)


def test_an_endless_line_is_not_read() -> None:
    with pytest.raises(Invalid) as refused:
        decode(as_json(LINE) + b" " * LONGEST_LINE)

    assert refused.value.text == f"must have at most {LONGEST_LINE} bytes"
