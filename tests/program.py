"""This project's programs as a test runs them: real processes, each in a folder of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.forked import Forked

DEADLINE_SECONDS: Final = 60  # generous: it passes only when something is broken
# What the person who runs the tests has set must not reach the programs.
PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class Program:
    """`python -m …`; what it logs is kept, and leaving the context leaves nothing running."""

    def __init__(self, *arguments: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self.log: list[str] = []
        self._command = (sys.executable, "-m", *arguments)
        self._process: subprocess.Popen[str] | Forked | None = None
        self._reading: Thread | None = None
        self._logged = Condition()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it; `log` begins anew."""
        self.log = []
        self._process = self._begin(clean_environment() | self.settings)
        self._reading = Thread(target=self._read, args=(self._process, self.log), daemon=True)
        self._reading.start()

    def _begin(self, environment: Mapping[str, str]) -> subprocess.Popen[str] | Forked:
        return subprocess.Popen(
            self._command,
            cwd=self.folder,
            env=environment,
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _read(self, process: subprocess.Popen[str] | Forked, log: list[str]) -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                with self._logged:
                    log.append(line.rstrip("\n"))
                    self._logged.notify_all()
        with self._logged:
            self._logged.notify_all()

    def logged(self, pattern: str) -> re.Match[str]:
        """Wait for a line since the start that matches somewhere.

        Raises:
            AssertionError: It ended, or the deadline passed, without that line.
        """
        find = re.compile(pattern).search
        with self._logged:
            self._logged.wait_for(
                lambda: not self._is_read() or any(map(find, self.log)), DEADLINE_SECONDS
            )
            match = next(filter(None, map(find, self.log)), None)
        assert match, f"did not log {pattern!r}:\n" + "\n".join(self.log)
        return match

    def _is_read(self) -> bool:
        assert self._process
        return self._process.stdout is not None and not self._process.stdout.closed

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; the exit code."""
        return self._end(signal.SIGTERM)

    def hang_up(self) -> None:
        """Ask it to read its keys again."""
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    def wait(self) -> int:
        """Wait until it ends by itself; the exit code.

        Raises:
            AssertionError: It goes on after the deadline.
        """
        assert self._process
        assert self._reading
        try:
            code = self._process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError("did not end:\n" + "\n".join(self.log)) from None
        self._reading.join()
        return code

    def _end(self, number: signal.Signals) -> int:
        assert self._process
        self._process.send_signal(number)
        return self.wait()


def end_unread(*arguments: str, folder: Path, settings: Mapping[str, str]) -> tuple[int, str]:
    """Run `python -m …` into a pipe that nobody reads; its exit code and what it says of that."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as unread:
        ended = subprocess.run(
            (sys.executable, "-m", *arguments),
            cwd=folder,
            env=clean_environment() | dict(settings),
            stdout=unread,
            stderr=subprocess.PIPE,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    return ended.returncode, ended.stderr


def clean_environment() -> dict[str, str]:
    """The environment for a program: only what it needs to run at all."""
    return {name: value for name, value in os.environ.items() if name in PASSED_ON}


@dataclass(frozen=True)
class Answer:
    """An answer of the receiver."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver(Program):
    """The receiver on a free port, which it keeps when it is started again."""

    key = "test-key-0123456789"

    def __init__(self, folder: Path, **settings: str) -> None:
        own = {"RECEIVER_API_KEY": self.key, "RECEIVER_PORT": "0"}
        super().__init__("receiver", folder=folder, settings=own | settings)
        self.url = ""

    def start(self) -> None:
        super().start()
        self.url, port = self.logged(r" on (http://\S+:(\d+)),").groups()
        self.settings["RECEIVER_PORT"] = port

    def _begin(self, environment: Mapping[str, str]) -> subprocess.Popen[str] | Forked:
        return Forked("receiver", folder=self.folder, environment=environment)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; `_` in a header's name stands for `-`."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=DEADLINE_SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON that a GET answers."""
        answer = self.request("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def send(self, key: str | None = None, **fields: Any) -> Answer:
        """The answer to a POST of these fields, with the receiver's own key or another."""
        return self.request(
            "POST",
            "/api/deployments",
            json.dumps(fields).encode(),
            X_Api_Key=self.key if key is None else key,
            Content_Type="application/json",
        )

    def post(self, **fields: Any) -> Any:
        """Append an event that `deployment` completes; the event as stored."""
        answer = self.send(**deployment(**fields))
        assert answer.status == 201, answer
        return answer.json

    def slot(self, service: str, environment: str) -> Any:
        """One slot of the matrix."""
        rows = {row["service"]: row["slots"] for row in self.get("/api/matrix")["rows"]}
        return rows[service][environment]


def deployment(**fields: Any) -> dict[str, Any]:
    """The body of a POST: these fields, and a plain value for each that is required."""
    plain = {
        "deployment_id": "run-1",
        "service": "checkout",
        "environment": "prod",
        "status": "success",
        "happened_at": ago(),
    }
    return plain | fields


def ago(**span: float) -> str:
    """An earlier time, as a POST tells it; `span` is a timedelta's arguments."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def eventually(check: Callable[[], None]) -> None:
    """Run a function that asserts, again and again until it passes.

    Raises:
        AssertionError: The function's last one, after the deadline.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
