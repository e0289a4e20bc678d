"""Write docs/commands.md, which is what the two programs' `--help` says; part of `make format`."""

import argparse
import os
from collections.abc import Iterator
from typing import Final

import fetcher.arguments
import receiver.arguments
from scripts.programs import ROOT

PAGE: Final = ROOT / "docs" / "commands.md"
TERMINAL: Final = {"COLUMNS": "100", "NO_COLOR": "1"}  # what argparse goes by
INTRODUCTION: Final = """\
# Commands

What `--help` says. Made by `make format`; a test holds it true.

What they are for: [operating the receiver](operate.md), [the fetcher](fetcher.md).

Tab completes commands, options and files where the shell has what `--print-completion` says:

| shell | of `deployment-receiver` it belongs into |
|---|---|
| bash | `~/.local/share/bash-completion/completions/deployment-receiver` |
| zsh | `_deployment-receiver`, in a folder of `fpath` |
| fish | `~/.config/fish/completions/deployment-receiver.fish` |
"""
PROGRAMS: Final = (
    (receiver.arguments.build_parser, receiver.arguments.COMMANDS),
    (fetcher.arguments.build_parser, fetcher.arguments.COMMANDS),
)


def main() -> None:
    """Write it."""
    PAGE.write_text(page())


def page() -> str:
    """The page as it should be."""
    os.environ.update(TERMINAL)
    return "\n".join((INTRODUCTION, *sections()))


def sections() -> Iterator[str]:
    """One for each program and each of its commands."""
    for build, commands in PROGRAMS:
        parser = build()
        yield section("##", parser.prog, parser)
        for name in commands:
            yield section("###", f"{parser.prog} {name}", command_of(parser, name))


def command_of(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    (commands,) = (
        action.choices
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to its commands
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - likewise
    )
    found: argparse.ArgumentParser = commands[name]
    return found


def section(level: str, title: str, parser: argparse.ArgumentParser) -> str:
    """A heading and what `--help` says."""
    return f"{level} {title}\n\n```\n{parser.format_help()}```\n"


if __name__ == "__main__":
    main()
