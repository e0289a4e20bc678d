"""The commands that maintain the log, as the command line calls them: each returns its exit code.

Each may raise BadSettings, Failure, and Stopped when a signal arrives.
"""

import asyncio
from argparse import Namespace
from collections.abc import Callable
from typing import Final

from sqlalchemy import make_url

from receiver.commands.backup import back_up
from receiver.commands.check import check_log
from receiver.commands.export import export_log, to_standard_output
from receiver.commands.failure import Failure
from receiver.commands.import_ import import_log
from receiver.commands.signals import die_on_signals, stop_on_signals
from receiver.config import load_log
from receiver.database import StoreUnavailable

__all__ = ["COMMANDS", "Failure"]

FAILED: Final = 1
EX_UNAVAILABLE: Final = 69  # sysexits.h


def _export(database_url: str, arguments: Namespace) -> int:
    stop_on_signals()
    asyncio.run(export_log(database_url, arguments.file, arguments.after))
    return 0


def _import(database_url: str, arguments: Namespace) -> int:
    stop_on_signals()
    bad = asyncio.run(import_log(database_url, arguments.file))
    return FAILED if bad else 0


def _backup(database_url: str, arguments: Namespace) -> int:
    stop_on_signals()
    back_up(database_url, arguments.target)
    return 0


def _check(database_url: str, _arguments: Namespace) -> int:
    die_on_signals()
    findings = asyncio.run(check_log(database_url))
    to_standard_output("".join(f"{line}\n" for line in findings.lines()).encode())
    return FAILED if findings else 0


def _on_the_log(command: Callable[[str, Namespace], int]) -> Callable[[Namespace], int]:
    def run(arguments: Namespace) -> int:
        url = load_log(arguments.config).database_url
        try:
            return command(url, arguments)
        except StoreUnavailable as error:
            where = make_url(url).render_as_string(hide_password=True)
            raise Failure(f"{where}: {error}", EX_UNAVAILABLE) from error

    return run


COMMANDS: Final = {
    "export": _on_the_log(_export),
    "import": _on_the_log(_import),
    "backup": _on_the_log(_backup),
    "check": _on_the_log(_check),
}
