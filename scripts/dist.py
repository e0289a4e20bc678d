"""Build what a release consists of, and test what it installs; `make dist`.

The wheel goes into a clean environment, where the tests that the sdist carries run against it,
in a folder without this project's sources. The sdist has to give the same wheel without Node.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

from scripts.programs import ROOT

DIST: Final = ROOT / "dist"
SOURCES: Final = ("receiver", "fetcher")
TESTS: Final = ("tests/contract", "tests/system")
# They are about a checkout: what `make` does in it, and what is built of it.
ABOUT_THE_TREE: Final = ("test_install.py", "test_make_demo.py", "test_make_run.py")


def main() -> None:
    """Build and test; the first command that fails ends it with its exit code."""
    try:
        sdist, wheel = build()
        with tempfile.TemporaryDirectory(prefix="deployment-dashboard-") as folder:
            rebuild(Path(folder), sdist, wheel)
            test(Path(folder), sdist, wheel)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    print(f"\n{sdist.name} and {wheel.name} are in {DIST}")


def build() -> tuple[Path, Path]:
    """Make dist/ anew: an sdist of the tree, and the wheel that is built from it."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", folder=ROOT)
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    return sdist, wheel


def rebuild(folder: Path, sdist: Path, wheel: Path) -> None:
    """Build the sdist where there is nothing but its build system: no Node above all."""
    python = environment(folder / "builder", "hatchling")
    pip = ("-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps")
    run(python, *pip, "--wheel-dir", folder, sdist, folder=folder, PATH=str(python.parent))
    if (folder / wheel.name).read_bytes() != wheel.read_bytes():
        sys.exit(f"{sdist.name} gives another wheel where there is no Node")


def test(folder: Path, sdist: Path, wheel: Path) -> None:
    """Run the tests of the sdist against what the wheel has installed."""
    # By its program: Python 3.11.0 to 3.11.3 knows no filter, and 3.12 warns when there is none.
    run("tar", "--extract", "--file", sdist, folder=folder)
    tests = folder / sdist.name.removesuffix(".tar.gz")
    for name in SOURCES:
        shutil.rmtree(tests / name)
    groups = [f"--group={tests / 'pyproject.toml'}:{group}" for group in ("test", "web")]
    python = environment(folder / "installed", f"{wheel}[postgres]", *groups)
    left_out = [f"--ignore-glob=*/{name}" for name in ABOUT_THE_TREE]
    in_parallel = ("--numprocesses=auto", "--dist=loadfile")
    run(python, "-m", "pytest", *in_parallel, *left_out, *TESTS, folder=tests)


def environment(folder: Path, *packages: str) -> Path:
    """The Python of a new environment that has these packages."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet")
    run(*pip, "--upgrade", "pip>=25.1", folder=folder)  # the first that knows --group
    run(*pip, *packages, folder=folder)
    return python


def run(*command: str | Path, folder: Path, **variables: str) -> None:
    """Run a command that tells its progress itself; raises CalledProcessError."""
    subprocess.run(command, cwd=folder, env={**os.environ, **variables}, check=True)


if __name__ == "__main__":
    main()
