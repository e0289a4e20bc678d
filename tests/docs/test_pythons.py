"""The Pythons that are promised are those that everything is tested on."""

import re
import subprocess
import tomllib
from pathlib import Path
from shutil import which
from typing import Any, Final

import yaml

from tests.docs.tree import ROOT

PYPROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS: Final = re.findall(r"Python :: (3\.\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
RUNS: Final = "#!/bin/sh\n"
FAILS: Final = "#!/bin/sh\nexit 1\n"  # it is too old, has no venv, or is pyenv's for none


def test_each_is_tested_on_github() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())

    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == PYTHONS


def test_the_oldest_is_what_packages_and_tools_go_by() -> None:
    oldest = PYTHONS[0]

    assert PYPROJECT["project"]["requires-python"] == f">={oldest}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    for page in ("README.md", "CONTRIBUTING.md", "docs/install.md"):
        assert f"Python {oldest} or newer" in (ROOT / page).read_text()


def test_who_installs_it_is_told_which_ones() -> None:
    told = f"(tested on {PYTHONS[0]} to {PYTHONS[-1]})"

    assert told in (ROOT / "docs/install.md").read_text()


def test_make_takes_each_of_them_where_there_is_no_other(tmp_path: Path) -> None:
    for version in PYTHONS:
        only = {f"python{version}": RUNS, "python3": FAILS}

        assert chosen(tmp_path / version, only) == f"python{version}"


def test_make_passes_over_a_python_that_does_not_suit(tmp_path: Path) -> None:
    assert chosen(tmp_path, {"python3.11": FAILS, "python3.12": RUNS}) == "python3.12"


def test_make_takes_the_one_it_is_told(tmp_path: Path) -> None:
    programs = {"python3.11": RUNS, "python3.12": RUNS}

    assert chosen(tmp_path, programs, "PYTHON=python3.12") == "python3.12"


def test_make_sets_up_anew_what_has_lost_its_python(tmp_path: Path) -> None:
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    (programs.parent / "installed").touch()
    (programs / "python").symlink_to(tmp_path / "upgraded")

    assert chosen(tmp_path, {"python3.13": RUNS}) == "python3.13"
    assert not programs.exists()


def chosen(folder: Path, pythons: dict[str, str], *told: str) -> str:
    """The Python that `make` would set up .venv with, where there are just these."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text("")
    for name in ("make", "sh", "test", "rm"):
        (folder / name).symlink_to(str(which(name)))
    for name, text in pythons.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    made = subprocess.run(
        ["make", f"--file={ROOT}/Makefile", "--dry-run", *told, ".venv/installed"],
        cwd=folder,
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    [python] = re.findall(r"^(\S+) -m venv ", made.stdout, re.MULTILINE)
    return str(python)
