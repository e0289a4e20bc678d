"""The tree speaks of the project alone."""

import re
import tomllib
from typing import Final

import receiver
from tests.docs import tree

# Put together here, or this file would hold what it looks for.
MACHINES: Final = "|".join(("/" + "work/", "/" + "root/", "/" + r"home/\w", "/" + r"Users/\w"))
REGISTRIES: Final = "|".join(
    re.escape(host) for host in ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org")
)
DOWNLOADS: Final = r'"resol' + r'ved":'  # in a package-lock.json


def test_no_file_names_a_path_of_someones_machine_or_a_package_registry() -> None:
    telling = re.compile(f"{MACHINES}|{REGISTRIES}|{DOWNLOADS}")

    assert [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in tree.texts()
        for number, line in enumerate(text.splitlines(), 1)
        if telling.search(line)
    ] == []


def test_every_page_that_a_file_speaks_of_exists() -> None:
    mentioned = {
        (str(path), name)
        for path, text in tree.texts()
        for name in re.findall(r"\bdocs/[\w./-]+\.\w+\b", text)
    }

    assert mentioned
    assert [(path, name) for path, name in mentioned if not (tree.ROOT / name).exists()] == []


def test_each_part_of_the_receiver_is_told_at_its_start() -> None:
    files = (tree.ROOT / "receiver").glob("[!_]*.py")
    folders = (path.parent for path in (tree.ROOT / "receiver").glob("*/__init__.py"))
    parts = {path.stem for path in (*files, *folders)}

    assert parts
    assert parts - set(re.findall(r"\w+", receiver.__doc__ or "")) == set()


def test_the_changelog_has_the_version() -> None:
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["project"]
    changelog = (tree.ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## \[?{re.escape(project['version'])}\b", changelog, re.MULTILINE)
