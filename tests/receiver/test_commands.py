"""The commands as an operator runs them: processes, signals, exit codes."""

import asyncio
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from receiver.arguments import build_parser
from receiver.commands.export import export_log
from receiver.commands.failure import Failure
from receiver.commands.import_ import LINES_AT_ONCE
from receiver.commands.progress import Progress, progress
from tests.forked import Forked
from tests.program import Program, clean_environment, end_unread, eventually
from tests.receiver.exported import bring, exported, lines_of, log_of


class Command(Program):
    """A command on the log of a folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        super().__init__("receiver", folder=folder, settings={"RECEIVER_DATABASE_URL": url(folder)})
        self._arguments = arguments

    def _begin(self, environment: Mapping[str, str]) -> Forked:
        return Forked("receiver", *self._arguments, folder=self.folder, environment=environment)


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/log.db"


def stored(folder: Path) -> int:
    """How many events the log of a folder has."""
    with closing(connect(folder / "log.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
        return int(count)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_an_import_that_is_ended_anywhere_and_begun_again_loses_and_doubles_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    lines = lines_of(log_of(LINES_AT_ONCE + 100))
    await bring(url(tmp_path), b"", tmp_path)
    os.mkfifo(tmp_path / "pipe")

    with Command(tmp_path, "import", "pipe") as process, (tmp_path / "pipe").open("wb") as pipe:
        pipe.write(lines[:-1000])
        pipe.flush()  # and the import waits for more
        eventually(lambda: assert_stored(tmp_path, LINES_AT_ONCE))
        os.kill(process.pid, number)
        assert process.wait() in (-number, 128 + number)
    assert stored(tmp_path) == LINES_AT_ONCE
    said = "\n".join(process.log)
    assert "Traceback" not in said
    assert ("run it again with the same lines to continue" in said) == (number == signal.SIGTERM)

    assert await bring(url(tmp_path), lines, tmp_path) == 0
    assert await exported(url(tmp_path), tmp_path) == lines


def assert_stored(folder: Path, count: int) -> None:
    assert stored(folder) == count


def test_bad_lines_are_an_exit_code_of_1(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"{}\n" + lines_of(log_of(1)))

    with Command(tmp_path, "import", "lines") as process:
        assert process.wait() == 1

    bad, summary = process.log
    assert bad.startswith("line 1: /deployment_id is required; ")
    assert summary.endswith("1 event imported, 1 bad line skipped; the log ends at event 2")


def test_what_cannot_be_had_is_said_in_one_line(tmp_path: Path) -> None:
    with Command(tmp_path, "backup", "copy.db") as process:
        assert process.wait() == 69

    assert process.log == [f"deployment-receiver: {url(tmp_path)}: there is no such file"]


@pytest.mark.parametrize("command", ["export", "import"])
def test_a_dash_stands_for_the_standard_stream(command: str) -> None:
    assert build_parser().parse_args([command, "-"]).file is None
    assert build_parser().parse_args([command, "./-"]).file == Path("-")


async def test_an_export_into_a_pipe_that_nobody_reads_ends_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bring(url(tmp_path), lines_of(log_of(1)), tmp_path)
    read, write = os.pipe()
    os.close(read)

    with os.fdopen(write, "w") as output, monkeypatch.context() as patched:
        patched.setattr("sys.stdout", output)
        with pytest.raises(Failure, match=r"^standard output: Broken pipe$"):
            await export_log(url(tmp_path), None, 0)


async def test_a_check_into_a_pipe_that_nobody_reads_ends_with_a_word(tmp_path: Path) -> None:
    await bring(url(tmp_path), lines_of(log_of(1)), tmp_path)

    code, said = await asyncio.to_thread(
        end_unread,
        "receiver",
        "check",
        folder=tmp_path,
        settings={"RECEIVER_DATABASE_URL": url(tmp_path)},
    )

    assert code == 1
    assert said.endswith("deployment-receiver: standard output: Broken pipe\n")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("export >&-", 1, "deployment-receiver: standard output: Bad file descriptor"),
        ("import <&-", 1, "deployment-receiver: standard input: Bad file descriptor"),
        ("import /proc/self/mem", 1, "deployment-receiver: /proc/self/mem: Input/output error"),
        ("export copy 2>&-", 0, ""),
    ],
)
async def test_a_stream_that_was_closed_or_fails_ends_no_command_with_a_traceback(
    tmp_path: Path, command: str, code: int, said: str
) -> None:
    lines = lines_of(log_of(1))
    await bring(url(tmp_path), lines, tmp_path)

    ended = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m receiver {command}",
        cwd=tmp_path,
        env=clean_environment() | {"RECEIVER_DATABASE_URL": url(tmp_path)},
        stderr=subprocess.PIPE,
    )
    _, errors = await ended.communicate()

    assert (ended.returncode, errors.decode().rpartition("\n")[0].rpartition("\n")[2]) == (
        code,
        said,
    )
    if code == 0:
        assert (tmp_path / "copy").read_bytes() == lines


@pytest.fixture
def seconds() -> list[float]:
    return [0.0]


def test_a_terminal_shows_a_bar_and_is_left_clean(seconds: list[float]) -> None:
    terminal = io.StringIO()
    shown = Progress("Exporting", terminal, lambda: seconds[0])

    shown.step(0.1, "100 events")
    assert terminal.getvalue() == ""
    seconds[0] += 1
    shown.step(0.5, "500 events")
    assert terminal.getvalue().endswith("Exporting [###############---------------] 500 events")
    shown.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("bar", [True, False])
def test_a_bar_is_drawn_on_a_terminal_that_shows_no_rows(
    monkeypatch: pytest.MonkeyPatch, *, bar: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("receiver.commands.progress.SECONDS_BETWEEN_BARS", 0)

    with progress("Exporting", bar=bar) as shown:
        shown.step(1, "10 events")

    assert ("[####" in terminal.getvalue()) == bar


def test_a_log_gets_a_line_now_and_then(
    seconds: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shown = Progress("Importing", None, lambda: seconds[0])

    for share in (0.1, 0.2, 0.3):
        shown.step(share, f"{share:.0%}")
        seconds[0] += 6
    shown.step(None, "4 lines")

    assert caplog.messages == ["Importing: 30% (30%)"]
