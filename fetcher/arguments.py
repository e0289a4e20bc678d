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
Settings come from [fetcher] in the file and from FETCHER_... variables, which win.

exit codes:
  0   done; `once` and `resync`: everything was read and delivered
  1   something is wrong, see the messages
  2   the command line is wrong
  75  try again later: another fetcher has the state, or GitHub's rate limit is used up
  78  the settings are wrong
"""
RUN: Final = """\
Poll GitHub every fetcher.poll_seconds and deliver what is found, until SIGTERM or SIGINT.
Waits for a receiver that is down, and stands by while another fetcher has the state.
"""
ONCE: Final = """\
Read and deliver whatever is due, then exit. The state records what is due when, so from a timer
this does the same as `run`.
"""
RESYNC: Final = """\
Compare everything since a point in time with what the receiver has, and send what is missing:
for a receiver that was wiped, restored from a backup, or refused events. If GitHub was not read
that far back, it is read now. Nothing is sent twice.
"""
PLAN: Final = """\
Print how each repository would be read and why, what its services and environments would be
called, and what that costs. Needs no receiver and no state, and changes nothing.
"""
CHECK: Final = """\
Try every token, permission and repository, the receiver, its key and the state, and say what to
do about each problem. Changes nothing; a fetcher may be running.
"""

COMMANDS: Final = {
    "run": ("read and deliver until stopped", RUN),
    "once": ("read and deliver what is due, then exit; for a timer", ONCE),
    "resync": ("send what the receiver is missing, for example after a restore", RESYNC),
    "plan": ("print what would be read from each repository, and why", PLAN),
    "check": ("try tokens, permissions and the receiver, and say what is wrong", CHECK),
}


def build_parser() -> argparse.ArgumentParser:
    """The parser; what it returns has `command`, a command's name, and `config` if it was given."""
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
        description="Read deployments from GitHub and post them to the Deployment Dashboard.",
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
        help="print a completion script for bash, zsh or fish",
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
