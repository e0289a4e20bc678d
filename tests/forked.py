"""`python -m …` without the second that Python takes to import a program.

Each is a process of its own all the same: a server that has imported the modules forks it.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

CONTEXT: Final = multiprocessing.get_context("forkserver")
# `__main__` is the test runner: unless the server has it, each process would import it anew.
CONTEXT.set_forkserver_preload(["__main__", "tests.forked", "receiver.app", "uvloop"])


class Forked:
    """A running program; speaks as `subprocess.Popen` does."""

    def __init__(
        self, module: str, *arguments: str, folder: Path, environment: Mapping[str, str]
    ) -> None:
        output, end = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(
            target=run,
            args=(module, arguments, folder, dict(environment), end),
            daemon=True,  # it ends with the tests, whatever becomes of them
        )
        self._process.start()
        end.close()
        with output:
            self.stdout = os.fdopen(os.dup(output.fileno()))
        assert self._process.pid
        self.pid: int = self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # it has ended
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """The exit code.

        Raises:
            subprocess.TimeoutExpired: It goes on after so many seconds.
        """
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(str(self._process), timeout)
        return code


def run(
    module: str,
    arguments: tuple[str, ...],
    folder: Path,
    environment: dict[str, str],
    output: Connection,
) -> None:
    """Be the program, in the new process."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output.fileno(), stream.fileno())
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
