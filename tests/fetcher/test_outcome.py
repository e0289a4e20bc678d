from datetime import UTC, datetime, timedelta

import pytest

from fetcher.deliver.outcome import Answer, Blocked, Busy, Refused, Stored, Unknown, judge

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def answer(
    status: int,
    body: bytes | None = b"",
    *,
    location: str | None = None,
    retry_after: str | None = None,
) -> Answer:
    return Answer(status, location, retry_after, body)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (201, Stored),
        (400, Refused),
        (413, Refused),
        (422, Refused),
        (429, Busy),
        (503, Busy),
        (401, Blocked),
        (403, Blocked),
        (301, Blocked),
        (308, Blocked),
        (404, Blocked),
        (405, Blocked),
        (415, Blocked),
        (500, Unknown),
        (502, Unknown),
        (504, Unknown),
        (200, Unknown),
        (202, Unknown),
    ],
)
def test_the_status_decides_what_became_of_the_event(status: int, meaning: type) -> None:
    assert type(judge(answer(status), NOON)) is meaning


def test_an_event_is_stored_though_the_answer_was_cut_short() -> None:
    assert judge(answer(201, None, location="/api/deployments/7"), NOON) == Stored(
        "/api/deployments/7"
    )


def test_a_refusal_is_quoted_in_one_short_line() -> None:
    outcome = judge(answer(422, b'{"detail":\n "no\x1b[31m\xff"}' + b"x" * 9000), NOON)

    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith('answered 422 {"detail": "no[31m\ufffd"}xxx')
    assert len(outcome.reason) < 600


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refuses the API key (401): set fetcher.api_key (FETCHER_API_KEY)"),
        (307, "redirects to https://elsewhere/ (307)"),
        (404, "check fetcher.receiver_url (FETCHER_RECEIVER_URL)"),
    ],
)
def test_what_blocks_delivery_names_the_setting_to_mend(status: int, words: str) -> None:
    outcome = judge(answer(status, location="https://elsewhere/"), NOON)

    assert isinstance(outcome, Blocked)
    assert words in outcome.reason


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("120", 120),
        (" 5 ", 5),
        ("Fri, 20 Nov 2026 12:01:30 GMT", 90),
        ("Fri, 20 Nov 2026 12:01:30 -0000", 90),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("86400", 600),
        ("9" * 400, 0),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_retry_after_is_honoured_within_bounds(header: str | None, seconds: int) -> None:
    outcome = judge(answer(503, retry_after=header), NOON)

    assert outcome == Busy("answered 503", timedelta(seconds=seconds))
