import io
import logging
from collections.abc import Iterator

import pytest

from fetcher.progress import ERASE, AboveTheBar, Progress


@pytest.fixture
def seconds() -> Iterator[float]:
    """A clock on which a second passes whenever it is read."""
    return map(float, range(10_000))


def test_on_a_terminal_a_bar_fills_and_is_gone_at_the_end(seconds: Iterator[float]) -> None:
    terminal = io.StringIO()

    with Progress(terminal, seconds.__next__).of("Reading repositories", 2_000) as step:
        for _ in range(1_000):
            step()

    drawn = terminal.getvalue().split(ERASE)
    assert drawn[1] == f"Reading repositories [{'-' * 30}] 1 of 2,000"
    assert drawn[-2] == f"Reading repositories [{'#' * 15}{'-' * 15}] 1,000 of 2,000"
    assert drawn[-1] == ""


def test_a_line_of_the_log_stands_above_the_bar(
    seconds: Iterator[float], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = io.StringIO()
    progress = Progress(terminal, seconds.__next__)
    with progress.of("Delivering events", 2) as step:
        step()
        record = logging.LogRecord("fetcher", logging.INFO, "", 0, "a line", (), None)
        AboveTheBar(progress).emit(record)

        assert capsys.readouterr().err == "a line\n"
        bar = f"Delivering events [{'#' * 15}{'-' * 15}] 1 of 2"
        assert terminal.getvalue() == ERASE + bar + ERASE + ERASE + bar


def test_in_a_log_a_line_now_and_then_tells_how_far_it_is(
    seconds: Iterator[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    with Progress(None, seconds.__next__).of("Reading repositories", 2_000) as step:
        for _ in range(25):
            step()

    assert caplog.messages == [
        "Reading repositories: 10 of 2,000",
        "Reading repositories: 20 of 2,000",
    ]


def test_what_is_done_at_once_is_not_talked_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    terminal = io.StringIO()

    for progress in (Progress(None, lambda: 0), Progress(terminal, lambda: 0)):
        with progress.of("Reading repositories", 1) as step:
            step()

    assert (caplog.messages, terminal.getvalue()) == ([], "")
