"""What is shipped can be installed as docs/install.md says, and runs from there."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest

from receiver import __version__
from tests.program import Receiver, clean_environment

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/install.md").read_text()


def commands(heading: str) -> str:
    """The commands below a heading, the first that are there."""
    found = re.search(rf"^## {heading}$.*?^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def run(command: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        check=False,
        cwd=folder,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist of the tree, and the wheel that is built from it."""
    dist = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return dist


def test_both_carry_the_page_as_it_is_served_and_nothing_of_its_making(dist: Path) -> None:
    (sdist,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as packed:
        installed = set(packed.namelist())
    assert {"receiver/static/index.html", "receiver/web/package.json"} <= names
    assert not [name for name in names if "node_modules" in name]
    assert "receiver/static/index.html" in installed
    assert not [name for name in installed if name.startswith("receiver/web/")]


def test_it_is_installed_and_run_as_the_page_says(dist: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "root"
    for path in ("opt", "etc/systemd/system", "usr/local/bin"):
        (prefix / path).mkdir(parents=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text("#!/bin/sh\n")  # the service manager is the world outside
    (programs / "systemctl").chmod(0o755)

    run(
        re.sub(r"(/opt/|/etc/|/usr/)", rf"{prefix}\1", commands("With systemd")),
        dist,
        PATH=os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        PIP_NO_DEPS="1",  # what the packages need is in the environment that runs the tests
    )

    installed = prefix / "opt/deployment-dashboard"
    (packages,) = installed.glob("lib/python*/site-packages")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
    version = run(f"{prefix}/usr/local/bin/deployment-receiver --version", tmp_path)
    assert version == f"deployment-receiver {__version__}\n"
    settings = prefix / "etc/deployment-dashboard"
    assert (settings / "config.toml").read_text() == (ROOT / "config.example.toml").read_text()
    assert (settings / "api-key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (prefix / "etc/systemd/system").iterdir()) == [
        "deployment-fetcher.service",
        "deployment-receiver.service",
    ]
    where = run(
        f"cd {tmp_path} && {installed}/bin/python -c 'import receiver; print(receiver.__file__)'",
        tmp_path,
    )
    assert where.startswith(str(installed))


def test_a_receiver_that_runs_says_what_the_page_shows(receiver: Receiver) -> None:
    (shown,) = re.findall(r"^receiver \d.*", PAGE, re.MULTILINE)

    said = shown.replace("http://127.0.0.1:8080", receiver.url)

    assert re.sub(r"^receiver \S+", f"receiver {__version__}", said) in receiver.log[0]


def test_the_first_event_is_pushed_as_the_page_says(receiver: Receiver) -> None:
    command = commands("Push mode").replace("http://127.0.0.1:8080", receiver.url)

    answer = run(command, receiver.folder, RECEIVER_API_KEY=receiver.key)

    assert answer.startswith('{"id":1,"deployment_id":"first",')
    assert receiver.slot("checkout", "prod")["current"]["version"] == "1.0.0"
