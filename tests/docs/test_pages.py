"""The documentation is true: its links lead somewhere, its commands run."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

from receiver.access import Grant, Keys
from tests.docs import tree
from tests.program import Receiver, clean_environment

LINK: Final = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)|<img[^>]+src=\"([^\"]+)\"")
FENCED: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
TOML_BLOCK: Final = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHELL_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_every_link_between_the_pages_leads_somewhere() -> None:
    assert [
        f"{page}: {target}"
        for page, text in tree.pages().items()
        for target in links(text)
        if not leads_somewhere(page, target)
    ] == []


def links(text: str) -> Iterator[str]:
    for match in LINK.finditer(FENCED.sub("", text)):
        yield match[1] or match[2]


def leads_somewhere(page: Path, target: str) -> bool:
    if re.match(r"https?://|mailto:", target):
        return True  # beyond what a test can see
    file, _, anchor = target.partition("#")
    path = (tree.ROOT / page).parent / file if file else tree.ROOT / page
    return path.exists() and (not anchor or anchor in anchors(path.read_text()))


def anchors(text: str) -> set[str]:
    """The fragments that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_decisions_are_numbered_from_one_and_have_the_same_parts() -> None:
    decisions = {
        path: text for path, text in tree.pages().items() if path.parent.name == "decisions"
    }
    numbers = [int(path.name[:4]) for path in sorted(decisions)]

    assert numbers == list(range(1, len(numbers) + 1))
    for path, text in decisions.items():
        assert text.startswith(f"# {int(path.name[:4])}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            *("Context", "Decision", "Alternatives", "Consequences")
        ]


def test_every_piece_of_toml_can_be_read() -> None:
    pieces = [piece for text in tree.pages().values() for piece in TOML_BLOCK.findall(text)]

    assert pieces
    for piece in pieces:
        tomllib.loads(piece)


def test_every_make_command_that_a_page_names_exists() -> None:
    named = {
        target
        for text in tree.pages().values()
        for target in re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)
    }

    assert {"run", "demo"} <= named
    for target in named:
        subprocess.run(["make", "--dry-run", target], cwd=tree.ROOT, stdout=DEVNULL, check=True)


def test_the_readmes_other_commands_run_as_they_stand(receiver: Receiver) -> None:
    blocks = SHELL_BLOCK.findall((tree.ROOT / "README.md").read_text())
    commands = [block for block in blocks if not block.startswith("make ")]
    variables = {
        "DASHBOARD_URL": receiver.url,
        "DASHBOARD_API_KEY": receiver.key,
        "RUN_ID": "run-1",
        "VERSION": "1.0.0",
    }

    for command in commands:
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=receiver.folder,
            env=clean_environment() | variables,
            check=True,
        )

    assert receiver.slot("checkout", "prod")["current"]["version"] == "1.0.0"


def test_the_hash_that_a_page_tells_how_to_make_stands_for_its_key() -> None:
    (command,) = [
        block
        for block in SHELL_BLOCK.findall((tree.ROOT / "docs/security.md").read_text())
        if "hashlib" in block
    ]

    made = subprocess.run(["bash", "-c", command], capture_output=True, check=True, text=True)
    key, hashed = made.stdout.split()

    assert Keys([(hashed, Grant("made"))]).grant_of(key) == Grant("made")
