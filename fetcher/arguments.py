"""The command line of `deployment-fetcher`."""

import argparse
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import shtab

from fetcher.clock import system_clock
from fetcher.resync import parse_since

EPILOG: Final = """\
Settings come from [fetcher] of the file and from FETCHER_... variables, which win.

exit codes:
  0   done; of `once` and `resync`: everything was read and delivered
  1   something is wrong, and was said
  2   the command line is wrong
  75  try again later: another fetcher has the state, or GitHub's limit is used up
  78  the settings are wrong
"""
RUN: Final = """\
Look every fetcher.poll_seconds, and deliver, until SIGTERM or SIGINT. A receiver that is away is
waited for; another fetcher that has the state is stood by for.
"""
ONCE: Final = """\
Read and deliver what is due, then end. From a timer it does what `run` does: what is due when is
in the state.
"""
RESYNC: Final = """\
Compare what was told since a time with what the receiver holds, and send what it lacks: after it
was wiped or restored from a backup, or refused events. Reads GitHub further back, too, where it
was not read so far before. Nothing is doubled.
"""
PLAN: Final = """\
Print where each repository would be read, what its services and environments would be called,
what that costs, and why. It needs no receiver and no state, and changes nothing.
"""
CHECK: Final = """\
Try every token, permission and repository, the receiver, its key and the state, and say what
helps. Nothing is changed, and a fetcher may run.
"""

COMMANDS: Final = {
    "run": ("read and deliver until stopped", RUN),
    "once": ("read and deliver what is due, then end: for a timer", ONCE),
    "resync": ("send what the receiver lacks, as after a restored backup", RESYNC),
    "plan": ("print what would be read of each repository, and why", PLAN),
    "check": ("try everything that it needs, and say what is wrong", CHECK),
}


def build_parser() -> argparse.ArgumentParser:
    """What it reads has `command`, the name of one, and `config` where that was given."""
    shared = argparse.ArgumentParser(add_help=False)
    config = shared.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,  # it may stand before the command or after it
        help="TOML file (default: $DEPLOYMENT_DASHBOARD_CONFIG, else ./config.toml)",
    )
    config.complete = shtab.FILE  # type: ignore[attr-defined] # how shtab is told
    parser = argparse.ArgumentParser(
        prog="deployment-fetcher",
        description="Read deployments from GitHub and tell the Deployment Dashboard of them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('deployment-dashboard')}"
    )
    parser.add_argument(
        "--print-completion",
        action=shtab.completion_action(),
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        help="print what lets bash, zsh or fish complete commands and options",
    )
    commands = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    for name, (text, description) in COMMANDS.items():
        one = commands.add_parser(
            name,
            help=text,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[shared],
        )
        _add_arguments(name, one)
    return parser


def _add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    if command == "resync":
        parser.add_argument(
            "--since",
            type=_since,
            required=True,
            metavar="TIME",
            help="a date (2026-11-01), a time (2026-11-01T09:30Z), or a span (7d, 12h)",
        )
    if command in ("plan", "check"):
        parser.add_argument("--json", action="store_true", help="print JSON")


def _since(text: str) -> datetime:
    try:
        return parse_since(text, system_clock())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
