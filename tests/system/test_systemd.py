"""The units: judged by systemd's own tools, and their command lines run as systemd runs them."""

import resource
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.program import DEADLINE_SECONDS, clean_environment

ROOT: Final = Path(__file__).parents[2]
UNITS: Final = ("deployment-receiver.service", "deployment-fetcher.service")
INSTALLED: Final = "/opt/deployment-dashboard"
SETTINGS: Final = "/etc/deployment-dashboard"
MOST_EXPOSURE: Final = 1.5  # of 10, as `systemd-analyze security` counts

systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="this machine has no systemd"
)


def analyze(*arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units of an installation whose prefix is this environment's."""
    folder = tmp_path / "units"
    folder.mkdir()
    for name in UNITS:
        text = (ROOT / "systemd" / name).read_text()
        (folder / name).write_text(text.replace(INSTALLED, sys.prefix))
    return folder


@systemd
@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_one_that_systemd_understands(units: Path, name: str) -> None:
    assert analyze("verify", "--man=no", str(units / name)) == ""


@systemd
@pytest.mark.parametrize("name", UNITS)
def test_a_service_that_is_taken_over_can_do_little(units: Path, name: str) -> None:
    limit = f"--threshold={MOST_EXPOSURE * 10:.0f}"
    analyze("security", "--offline=true", "--no-pager", limit, str(units / name))


@dataclass
class Manager:
    """What systemd is to a service: a socket that is told, credentials, a watchdog, signals."""

    heard: socket.socket
    process: subprocess.Popen[str]

    def hears(self, state: str) -> None:
        """Wait until the service says it; the watchdog is told in between, too."""
        while (said := self.heard.recv(4096).decode()) != state:
            assert said == "WATCHDOG=1"

    def is_silent(self) -> bool:
        """Whether, after what it said before, it says nothing for some of the watchdog's times."""
        self.heard.settimeout(1)
        try:
            for _ in range(10):
                self.heard.recv(4096)
        except TimeoutError:
            return True
        finally:
            self.heard.settimeout(DEADLINE_SECONDS)
        return False

    def stop(self) -> int:
        self.process.terminate()
        self.hears("STOPPING=1")
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def started(unit: Path, folder: Path, watchdog_seconds: float = 0.2) -> Iterator[Manager]:
    """Start a unit's command line in its environment, as systemd.exec(5) and sd_notify(3) say."""
    lines = [line.partition("=") for line in unit.read_text().splitlines()]
    values = [(name, value) for name, _, value in lines]
    credentials, state = folder / "credentials", folder / "state"
    credentials.mkdir()
    state.mkdir()
    for identity, _, path in (v.partition(":") for n, v in values if n == "LoadCredential"):
        (credentials / identity).write_bytes((folder / Path(path).name).read_bytes())
    settings = shlex.split(" ".join(value for name, value in values if name == "Environment"))
    environment = clean_environment() | dict(
        setting.replace("%d", str(credentials)).split("=", 1) for setting in settings
    )
    environment |= {
        "WATCHDOG_USEC": f"{watchdog_seconds * 1e6:.0f}",
        "STATE_DIRECTORY": str(state),
    }
    command = dict(values)["ExecStart"].replace(SETTINGS, str(folder))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("")  # an abstract address of the kernel's choice
        environment["NOTIFY_SOCKET"] = heard.getsockname().decode().replace("\0", "@")
        heard.settimeout(DEADLINE_SECONDS)
        with subprocess.Popen(
            shlex.split(command), cwd=state, env=environment, text=True, stderr=subprocess.PIPE
        ) as process:
            try:
                yield Manager(heard, process)
            finally:
                process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What stands in /etc."""
    (tmp_path / "api-key").write_text("a-key-in-a-file\n")
    (tmp_path / "github-token").write_text("a-token-in-a-file\n")
    return tmp_path


def test_the_receiver_says_when_it_is_ready_that_it_answers_and_that_it_stops(
    units: Path, folder: Path
) -> None:
    (folder / "config.toml").write_text("[receiver]\nport = 0\n")
    with started(units / "deployment-receiver.service", folder) as manager:
        manager.hears("READY=1")
        manager.hears("WATCHDOG=1")
        manager.hears("WATCHDOG=1")
        assert (folder / "state" / "data" / "deployments.db").exists()
        assert manager.stop() == 0


def test_the_watchdog_hears_nothing_while_the_receiver_can_take_no_connection(
    units: Path, folder: Path
) -> None:
    (folder / "config.toml").write_text("[receiver]\nport = 0\n")
    with started(units / "deployment-receiver.service", folder) as manager:
        manager.hears("READY=1")
        manager.hears("WATCHDOG=1")
        limits = resource.prlimit(manager.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(manager.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        assert manager.is_silent()
        resource.prlimit(manager.process.pid, resource.RLIMIT_NOFILE, limits)
        manager.hears("WATCHDOG=1")


def test_the_fetcher_says_when_it_works_that_nothing_hangs_and_that_it_stops(
    units: Path, folder: Path
) -> None:
    nobody = "http://127.0.0.1:9"
    (folder / "config.toml").write_text(
        f'[fetcher]\nrepositories = ["acme/shop"]\nreceiver_url = "{nobody}"\n'
        f'[fetcher.github]\napi_url = "{nobody}"\n'
    )
    with started(units / "deployment-fetcher.service", folder) as manager:
        manager.hears("READY=1")
        manager.hears("WATCHDOG=1")
        assert (folder / "state" / "data" / "fetcher.db").exists()
        assert manager.stop() == 0
