"""The command line of `deployment-receiver`."""

import argparse
from pathlib import Path
from typing import Any, Final

import shtab

from receiver import __version__

RUN: Final = "run"
EPILOG: Final = """\
The log is where receiver.database_url says. Settings come from [receiver] of the file and
from RECEIVER_... variables, which win: one command works on another log with, for example,
RECEIVER_DATABASE_URL=sqlite+aiosqlite:////srv/other.db in front of it.

exit codes:
  0   done; of `check`: nothing is wrong
  1   something is wrong, and was said; of `import`: some lines were bad, the others are in
  2   the command line is wrong, or the command is not for this database
  69  the database or the address cannot be had
  70  the receiver could no longer work, and should be started again
  78  the settings are wrong
"""
SERVE: Final = """\
Take events, and serve the dashboard, until SIGTERM or SIGINT. SIGHUP reads keys and names again.
The database is made, or brought up to date, before it listens.
"""
EXPORT: Final = """\
Write every event as a line of JSON, in the order of ids, up to the newest one there is:
all that is stored of it, sent_by among it, the name of its key. The receiver may run.

A FILE that is there already is continued: what it lacks of the log is put at its end. So the
same command goes on with an export that was cut off, and keeps a file up to date each night.
"""
IMPORT: Final = """\
Append exported lines to the log, with their ids and the times at which they were received.
The database is made if it is missing. On SQLite the receiver must be stopped meanwhile.

The log must be empty, or have begun with the same lines: those it has are passed over. So the
same command goes on with an import that was cut off, and takes what was exported since.
A line that breaks a rule of the HTTP contract is told on the standard error, with its number,
and left out. Mended, it needs an id above the log's last one.
"""
BACKUP: Final = """\
Copy the SQLite database to the new file TARGET, as it is at one instant: the receiver may run
and go on writing. TARGET gets its name when it is whole and on disk.
PostgreSQL has pg_dump for it.
"""
CHECK: Final = """\
Read all of the database and say what is wrong: damage to its file (SQLite), events that cannot
be read or break the HTTP contract, slots that are missing, a matrix that is not what the events
say. Nothing is changed, and the receiver may run.
"""

COMMANDS: Final = {
    RUN: ("serve until stopped; also without a command", SERVE),
    "export": ("write the log as lines of JSON", EXPORT),
    "import": ("append exported lines to the log", IMPORT),
    "backup": ("copy the SQLite database while the receiver runs", BACKUP),
    "check": ("read all of the database and say what is wrong", CHECK),
}


def parse_arguments() -> argparse.Namespace:
    """Read it; `command` is the name of one, `config` a path or None."""
    arguments = build_parser().parse_args()
    arguments.command = arguments.command or RUN
    arguments.config = getattr(arguments, "config", None)
    return arguments


def build_parser() -> argparse.ArgumentParser:
    """What it reads may lack a command, which is `run`, and `config`."""
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
        description="Take deployment events over HTTP and show which version is where.",
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
        help="print what lets bash, zsh or fish complete commands and options",
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
        _add_path(where, "file", nargs="?", metavar="FILE", help="default: the standard output")
        where.add_argument(
            "--after",
            type=int,
            default=0,
            metavar="ID",
            help="on the standard output: begin after this id",
        )
    if command == "import":
        _add_path(parser, "file", nargs="?", metavar="FILE", help="default: the standard input")
    if command == "backup":
        _add_path(parser, "target", metavar="TARGET", help="a file that is not there")


def _add_path(to: argparse._ActionsContainer, name: str, **options: Any) -> None:
    action = to.add_argument(name, type=Path, **options)
    action.complete = shtab.FILE  # type: ignore[attr-defined] # how shtab is told
