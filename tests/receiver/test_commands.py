"""The commands as an operator runs them: processes, signals, exit codes."""

import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import OperationalError, connect
from typing import Final

import pytest

from receiver.commands.import_ import LINES_AT_ONCE
from receiver.commands.progress import Progress
from tests.program import clean_environment, eventually
from tests.receiver.exported import bring, exported, lines_of, log_of

COMMAND: Final = (sys.executable, "-m", "receiver")
DEADLINE_SECONDS: Final = 30


def run(
    folder: Path, *arguments: str, lines: bytes = b"", output: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Run a command on the log of a folder."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=clean_environment() | {"RECEIVER_DATABASE_URL": url(folder)},
        input=lines,
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
        timeout=DEADLINE_SECONDS,
    )


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/log.db"


def stored(folder: Path) -> int:
    """How many events the log of a folder has."""
    try:
        with closing(connect(folder / "log.db")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
            return int(count)
    except OperationalError:
        return 0


@contextmanager
def importing(folder: Path, lines: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """An import that has taken these lines and waits for more."""
    read, write = os.pipe()
    with subprocess.Popen(
        [*COMMAND, "import"],
        cwd=folder,
        env=clean_environment() | {"RECEIVER_DATABASE_URL": url(folder)},
        stdin=read,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(read)
        try:
            with os.fdopen(write, "wb") as pipe:
                pipe.write(lines)
                pipe.flush()
                yield process
        finally:
            process.kill()


def assert_some_are_stored(folder: Path) -> None:
    assert stored(folder)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_an_import_that_is_ended_anywhere_and_begun_again_loses_and_doubles_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    lines = lines_of(log_of(LINES_AT_ONCE + 100))

    with importing(tmp_path, lines[:-1000]) as process:
        eventually(lambda: assert_some_are_stored(tmp_path))
        process.send_signal(number)
        assert process.wait(DEADLINE_SECONDS) in (-number, 128 + number)
        assert process.stderr
        said = process.stderr.read().decode()
    assert stored(tmp_path) == LINES_AT_ONCE
    assert "Traceback" not in said
    assert ("begin again with the same lines to go on" in said) == (number == signal.SIGTERM)

    assert await bring(url(tmp_path), lines, tmp_path) == 0
    assert await exported(url(tmp_path), tmp_path) == lines


def test_bad_lines_are_an_exit_code_of_1(tmp_path: Path) -> None:
    ran = run(tmp_path, "import", lines=b"{}\n" + lines_of(log_of(1)))

    assert ran.returncode == 1
    assert ran.stderr.startswith(b"line 1: /deployment_id is required; ")
    assert b" 1 events imported, 1 bad lines were left out" in ran.stderr


def test_what_cannot_be_had_is_said_in_one_line(tmp_path: Path) -> None:
    ran = run(tmp_path, "backup", "copy.db")

    assert ran.returncode == 69
    assert ran.stderr.decode() == f"deployment-receiver: {url(tmp_path)}: there is no such file\n"


async def test_an_export_into_a_pipe_that_nobody_reads_ends_with_a_word(tmp_path: Path) -> None:
    await bring(url(tmp_path), lines_of(log_of(1)), tmp_path)
    read, write = os.pipe()
    os.close(read)

    ran = run(tmp_path, "export", output=write)
    os.close(write)

    assert ran.returncode == 1
    assert ran.stderr == b"deployment-receiver: standard output: Broken pipe\n"


@pytest.fixture
def seconds() -> list[float]:
    return [0.0]


def test_a_terminal_shows_a_bar_and_is_left_clean(seconds: list[float]) -> None:
    terminal = io.StringIO()
    progress = Progress("Exporting", terminal, lambda: seconds[0])

    progress.step(0.1, "100 events")
    assert terminal.getvalue() == ""
    seconds[0] += 1
    progress.step(0.5, "500 events")
    assert terminal.getvalue().endswith("Exporting [###############---------------] 500 events")
    progress.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_a_line_now_and_then(
    seconds: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    progress = Progress("Importing", None, lambda: seconds[0])

    for share in (0.1, 0.2, 0.3):
        progress.step(share, f"{share:.0%}")
        seconds[0] += 6
    progress.step(None, "4 lines")

    assert caplog.messages == ["Importing: 30% (30%)"]
