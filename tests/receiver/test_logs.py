"""The program's own log."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

from receiver.logs import TEXT, Json
from tests.program import Receiver

AT = datetime(2026, 11, 23, 10, 0, 0, 123_456, tzinfo=UTC)


def record() -> logging.LogRecord:
    error = ValueError("far below")
    made = logging.LogRecord(
        "receiver.x", 40, "x", 1, "two\nlines of %s", ("it",), (ValueError, error, None)
    )
    made.created = AT.timestamp()
    return made


def test_a_line_of_text_begins_with_the_time_in_utc() -> None:
    assert TEXT.format(record()).startswith("2026-11-23T10:00:00Z ERROR   two")


def test_a_line_of_json_is_one_line_whatever_it_tells() -> None:
    line = Json().format(record())

    assert "\n" not in line
    fields = json.loads(line)
    assert datetime.fromisoformat(fields.pop("time")) == AT
    assert fields == {
        "level": "error",
        "logger": "receiver.x",
        "message": "two\nlines of it",
        "traceback": "ValueError: far below",
    }


def test_the_first_line_has_the_facts_and_no_key(tmp_path: Path) -> None:
    read_key = "a-key-to-read-0123456789"
    own = {"RECEIVER_READ_KEY": read_key, "RECEIVER_RETENTION_DAYS": "1"}
    with Receiver(tmp_path, **own) as receiver:
        line = receiver.logged("receiver ").string

    assert line.endswith("up to event 0, kept 1 day; keys: default; read keys: default")
    assert read_key not in line
    assert receiver.key not in line


def test_without_a_read_key_the_first_line_says_so(receiver: Receiver) -> None:
    line = receiver.logged("receiver ").string

    assert line.endswith("kept forever; keys: default; read keys: none, anyone can read")


def test_set_to_json_each_line_is_json_from_start_to_stop(tmp_path: Path) -> None:
    with Receiver(tmp_path, RECEIVER_LOG_FORMAT="json") as receiver:
        receiver.send(key="wrong")
        receiver.hang_up()
        receiver.logged("the keys are now")
        assert receiver.stop() == 0

    lines = [json.loads(line) for line in receiver.log]
    assert lines[-1]["message"] == "stopped"
    assert {line["level"] for line in lines} == {"info"}
