"""docs/commands.md is what the programs say, and a shell completes what it lists."""

import subprocess
from argparse import ArgumentParser
from collections.abc import Callable

import pytest

import fetcher.arguments
import receiver.arguments
from scripts import commands
from tests.docs import tree

# Asks as bash does when somebody types the words, and Tab after the last one.
PRESS_TAB = """
read -r -a words <<< "$(complete -p "$1")"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"${words[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_the_page_is_what_help_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in commands.TERMINAL:
        monkeypatch.setenv(name, "80")  # and it is put back

    assert commands.PAGE.read_text() == commands.page(), "run `make format`"


@pytest.mark.parametrize(
    ("build", "typed", "completed"),
    [
        (receiver.arguments.build_parser, "deployment-receiver ex", "export"),
        (receiver.arguments.build_parser, "deployment-receiver export --a", "--after"),
        (receiver.arguments.build_parser, "deployment-receiver --config REA", "README.md"),
        (receiver.arguments.build_parser, "deployment-receiver import REA", "README.md"),
        (fetcher.arguments.build_parser, "deployment-fetcher res", "resync"),
        (fetcher.arguments.build_parser, "deployment-fetcher --config REA", "README.md"),
    ],
)
def test_bash_completes_what_is_typed(
    build: Callable[[], ArgumentParser],
    typed: str,
    completed: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        build().parse_args(["--print-completion", "bash"])
    script = capsys.readouterr().out

    pressed = subprocess.run(
        ["bash", "-euc", script + PRESS_TAB, "bash", *typed.split()],
        cwd=tree.ROOT,
        capture_output=True,
        check=True,
        text=True,
    )

    assert pressed.stdout.split() == [completed]
