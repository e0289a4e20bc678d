"""The receiver as a process, what can be done to it, and who posts to it meanwhile."""

import asyncio
import resource
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import ClientError

from tests.forked import Forked
from tests.program import Answer, Program, Receiver
from tests.receiver.api import Client, client
from tests.receiver.examples import EVERY_FIELD


class Command(Program):
    """A receiver that ends by itself, with what it has said in `log`."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        super().__init__("receiver", *arguments, folder=folder, settings=settings)
        self._arguments = arguments

    def _begin(self, environment: Mapping[str, str]) -> Forked:
        return Forked("receiver", *self._arguments, folder=self.folder, environment=environment)


class Process(Receiver):
    """A receiver that faults can be done to."""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def database(self) -> Path:
        return self.folder / "data" / "deployments.db"

    def memory(self) -> int:
        """The most that it has had in memory, in bytes."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit code."""
        return self._end(signal.SIGINT)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """No write of the process to a file succeeds, as when there is no room."""
        assert self._process
        pid, limit = self._process.pid, resource.RLIMIT_FSIZE
        before = resource.prlimit(pid, limit)
        resource.prlimit(pid, limit, (1, before[1]))
        try:
            yield
        finally:
            resource.prlimit(pid, limit, before)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds the database's write lock."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield


class ProcessOnSmallDisk(Process):
    """A receiver whose database is on a file system of its own, in memory and of 8 MB.

    Nobody else sees that file system, and it is gone when the receiver ends.
    """

    MOUNT: Final = ("unshare", "--map-root-user", "--mount", "sh", "-ec")
    SCRIPT: Final = 'mkdir -p data; mount -t tmpfs -o size=8m tmpfs data; exec "$@"'

    @classmethod
    def is_possible(cls, folder: Path) -> bool:
        """Whether this user may mount it here."""
        with suppress(FileNotFoundError):
            tried = [*cls.MOUNT, cls.SCRIPT, "sh", "true"]
            return not subprocess.run(
                tried, cwd=folder, check=False, capture_output=True
            ).returncode
        return False

    def _begin(self, environment: Mapping[str, str]) -> subprocess.Popen[str] | Forked:
        self._command = (*self.MOUNT, self.SCRIPT, "sh", *self._command)
        return super(Receiver, self)._begin(environment)  # not forked: by the command line

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Another file takes all the room that is left."""
        filler = Path(f"/proc/{self.pid}/root{self.database.parent}/filler")
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            filler.unlink()


@asynccontextmanager
async def client_of(process: Process) -> AsyncIterator[Client]:
    async with client() as session:
        yield Client(process.port, session, process.key)


async def everything(api: Client) -> list[Any]:
    """Every event of the log, by the list."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = await api.read(f"/api/deployments?limit=500{cursor}")
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


class Posting:
    """Clients that post as fast as they can, each event with a number and a key of its own."""

    def __init__(self, api: Client) -> None:
        self.acknowledged: dict[int, Any] = {}
        self.sent = 0
        self._api = api

    def body(self, number: int) -> dict[str, Any]:
        return {**EVERY_FIELD, "run_number": number, "service": f"service-{number % 7}"}

    async def post(self, number: int) -> None:
        """Post the event of this number once; it must be stored."""
        answer = await self._api.post(self.body(number), Idempotency_Key=f"key-{number}")
        assert answer.status == 201, answer
        self.acknowledged[number] = answer.json

    async def until_full(self) -> Answer:
        """Post one after the other until one is answered that it is not stored; that answer."""
        while True:
            self.sent += 1
            answer = await self._api.post(self.body(self.sent), Idempotency_Key=f"key-{self.sent}")
            if answer.status != HTTPStatus.CREATED:
                return answer
            self.acknowledged[self.sent] = answer.json

    async def until_refused(self) -> None:
        """Post one after the other until one gets no answer."""
        with suppress(ClientError, OSError):
            while True:
                self.sent += 1
                await self.post(self.sent)

    async def until_stored(self, number: int) -> None:
        """Post the event of this number until it is stored, as a patient client does."""
        while number not in self.acknowledged:
            with suppress(ClientError, OSError):
                answer = await self._api.post(self.body(number), Idempotency_Key=f"key-{number}")
                if answer.status == HTTPStatus.CREATED:
                    self.acknowledged[number] = answer.json
                elif answer.status != HTTPStatus.BAD_GATEWAY:  # a proxy's, whose receiver ended
                    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE, answer
                    assert int(answer.headers["Retry-After"]) > 0
            await asyncio.sleep(0.02)  # sooner than it is asked to: the test has no time

    async def some(self, count: int) -> None:
        """Post so many more by ten patient clients."""
        numbers = iter(range(self.sent + 1, self.sent + count + 1))
        self.sent += count

        async def one_after_the_other() -> None:
            for number in numbers:
                await self.until_stored(number)

        await asyncio.gather(*(one_after_the_other() for _ in range(10)))


class Reader:
    """A browser's stream: opened again with Last-Event-ID whenever it ends."""

    def __init__(self, api: Client, position: int) -> None:
        self.ids: list[int] = []
        self._api = api
        self._position = position

    async def read(self, last: int) -> list[int]:
        """Follow up to this id; the ids in the order in which they came."""
        while not self.ids or self.ids[-1] < last:
            with suppress(ClientError, OSError, EOFError):
                newest = self.ids[-1] if self.ids else self._position
                async with self._api.stream(Last_Event_ID=str(newest)) as stream:
                    while newest < last:
                        message = await stream.message()
                        assert message.event == "deployment"
                        newest = message.id
                        self.ids.append(newest)
        return self.ids
