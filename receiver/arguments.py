"""The command line of `deployment-receiver`."""

import argparse
from pathlib import Path
from typing import Any, Final

import shtab

from receiver import __version__

RUN: Final = "run"
EPILOG: Final = """\
Settings come from [receiver] in the file and from RECEIVER_... variables, which win.
All commands work on the log that receiver.database_url names. To work on another one, put its
URL in front: RECEIVER_DATABASE_URL=sqlite+aiosqlite:////srv/other.db deployment-receiver check

exit codes:
  0   done; `check`: nothing is wrong
  1   something is wrong, see the messages; `import`: bad lines were skipped, the rest is in
  2   the command line is wrong, or the command does not work on this database
  69  the database or the address is not available
  70  the receiver could not continue and should be restarted
  78  the settings are wrong
"""
SERVE: Final = """\
Receive events and serve the dashboard until SIGTERM or SIGINT. SIGHUP reloads keys and names.
The database is created or migrated before the receiver starts listening.
"""
EXPORT: Final = """\
Write every event as a line of JSON, ordered by id, with everything that is stored for it,
including sent_by, the name of its key. The receiver may be running.

If FILE exists, only the events it does not have yet are appended. So the same command continues
an interrupted export, or brings a file up to date every night.
"""
IMPORT: Final = """\
Append exported lines to the log, keeping their ids and times of arrival.
The database is created if there is none. On SQLite, stop the receiver first.

The log must be empty or begin with the same lines, which are then skipped. So the same command
continues an interrupted import, or adds what has been exported since.
A line that breaks a rule of the HTTP contract is reported on standard error with its number, and
skipped. To import it after all, correct it and give it an id above the log's last one.
"""
BACKUP: Final = """\
Copy a snapshot of the SQLite database to the new file TARGET. The receiver may be running, and
writing. TARGET appears under its name only once it is complete and on disk.
For PostgreSQL, use pg_dump.
"""
CHECK: Final = """\
Read the entire database and report what is wrong: a damaged file (SQLite), events that cannot
be read or break the HTTP contract, missing slots, a matrix that does not match the events.
Nothing is changed, and the receiver may be running.
"""

COMMANDS: Final = {
    RUN: ("receive events and serve the dashboard until stopped (default)", SERVE),
    "export": ("write the log as lines of JSON", EXPORT),
    "import": ("append exported lines to the log", IMPORT),
    "backup": ("copy the SQLite database while the receiver runs", BACKUP),
    "check": ("read the entire database and report what is wrong", CHECK),
}


def parse_arguments() -> argparse.Namespace:
    """Parse it; `command` is a command's name, `config` a path or None."""
    arguments = build_parser().parse_args()
    arguments.command = arguments.command or RUN
    arguments.config = getattr(arguments, "config", None)
    return arguments


def build_parser() -> argparse.ArgumentParser:
    """The parser; what it returns may lack `command`, which means `run`, and `config`."""
    shared = argparse.ArgumentParser(add_help=False)
    _add_path(
        shared,
        "--config",
        metavar="FILE",
        default=argparse.SUPPRESS,  # it may stand before the command or after it
        help="TOML file (default: $DEPLOYMENT_DASHBOARD_CONFIG, else ./config.toml)",
    )
    parser = argparse.ArgumentParser(
        prog="deployment-receiver",
        description="Receive deployment events over HTTP and show which version is where.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "--print-completion",
        action=shtab.completion_action(),
        choices=("bash", "zsh", "fish"),
        metavar="SHELL",
        help="print a completion script for bash, zsh or fish",
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
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
    if command == "export":
        where = parser.add_mutually_exclusive_group()
        where.add_argument(  # before FILE: Python 3.13 and older show them as alternatives only so
            "--after",
            type=int,
            default=0,
            metavar="ID",
            help="begin after this id; only without FILE",
        )
        _add_stream(where, "standard output")
    if command == "import":
        _add_stream(parser, "standard input")
    if command == "backup":
        _add_path(parser, "target", metavar="TARGET", help="a file that does not exist yet")


def _add_stream(to: argparse._ActionsContainer, default: str) -> None:
    text = f"default, and for -: {default}"
    _add_path(to, "file", nargs="?", metavar="FILE", type=_file, help=text)


def _file(name: str) -> Path | None:
    return None if name == "-" else Path(name)


def _add_path(to: argparse._ActionsContainer, name: str, **options: Any) -> None:
    action = to.add_argument(name, **{"type": Path} | options)
    action.complete = shtab.FILE  # type: ignore[attr-defined] # how shtab is told
