"""The lives of a fetcher: each a whole `once`, on one state, and any of them may be cut off.

A life that is killed is cut off between two steps: what is on the disk at that moment is put aside,
and is what the next life finds. Nothing that the dying process does after that counts.
"""

import asyncio
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final, Literal

from pydantic import SecretStr
from sqlalchemy import Engine, event

from fetcher.config import Settings
from fetcher.daemon import open_work
from fetcher.github.settings import GitHubSettings
from fetcher.monitoring.vitals import Vitals
from fetcher.once import once
from fetcher.work import Work
from tests.fake_github import Clock, FakeGitHub, serve
from tests.fetcher.reading import START, TOKEN, until
from tests.fetcher.receiver_double import API_KEY, Fault, Phase, ReceiverDouble

Step = tuple[Literal["transaction", "post"], int]  # the so-manieth of its kind
COMMITS_LATER: Final = "hang, commit when released"
LONGEST_AT_RECEIVER = 6  # seconds that it takes for a request that it does not answer in time


class LivelyClock(Clock):
    """A clock by which what hangs at the receiver has its end at last."""

    def __init__(self, now: datetime, receiver: ReceiverDouble) -> None:
        super().__init__(now)
        self._receiver = receiver
        self._passed = 0.0

    def tick(self, seconds: float = 1) -> None:
        super().tick(seconds)
        self._passed += seconds
        if self._passed >= LONGEST_AT_RECEIVER:
            self._passed = 0
            self._receiver.let_go()


class Lives:
    """A fetcher that is started again and again; between its lives it is nothing but files.

    Attributes:
        clock: GitHub's.
        skew: What the fetcher's own clock is ahead.
        names: Of the repositories in the settings.
    """

    def __init__(self, folder: Path, receiver: ReceiverDouble) -> None:
        self.clock = LivelyClock(START, receiver)
        self.fake = FakeGitHub(self.clock)
        self.skew = timedelta()
        self.names: list[str] = []
        self.receiver = receiver
        self._folder = folder
        self._homes = count(1)
        self._home = self._new_home()
        self._port = 0  # the first life takes one and keeps it, as GitHub keeps its address

    def now(self) -> datetime:
        """The time, as the fetcher's machine has it."""
        return self.clock() + self.skew

    async def sleep(self, seconds: float) -> None:
        """What the fetcher waits for passes at once."""
        self.clock.tick(seconds)
        await asyncio.sleep(0)

    async def live(self, kill_at: Step | None = None) -> int | None:
        """One life, until its end or its so-manieth step; the exit code, None of the killed."""
        async with serve(self.fake, self._port) as url:
            self._port = int(url.rpartition(":")[2])
            death = Death(kill_at, self._put_aside, self.receiver)
            async with self._work(url, death) as work:
                code = await death.or_end_of(once(work, self.sleep))
        if death.came:
            self._home = self._aside
            self.receiver.faults.clear()
        return code

    async def lose_state(self) -> None:
        """Leave behind everything that a life left behind.

        First the receiver comes to an end with what was sent to it: what is still under way when
        the state is lost nobody can know of.
        """
        await until(self._receiver_is_done)
        self._home = self._new_home()

    def _receiver_is_done(self) -> bool:
        self.receiver.let_go()
        return not self.receiver.in_hand

    def _new_home(self) -> Path:
        # Never one where a life was: SQLite may close a connection of a life that was cut off after
        # the next one has begun, and would take away the journal that lies at its path by then.
        home = self._folder / f"home-{next(self._homes)}"
        home.mkdir()
        return home

    def _put_aside(self) -> None:
        self._aside = self._new_home()
        for name in ("fetcher.db", "fetcher.db-wal"):
            if (self._home / name).exists():
                shutil.copy(self._home / name, self._aside)

    @asynccontextmanager
    async def _work(self, url: str, death: "Death") -> AsyncIterator[Work]:
        github = GitHubSettings(
            api_url=url, token=SecretStr(TOKEN), requests_per_minute=10**6, budget_percent=100
        )
        settings = Settings(
            receiver_url=self.receiver.url,
            receiver_timeout_seconds=1,
            api_key=SecretStr(API_KEY),
            state=self._home / "fetcher.db",
            repositories=tuple(self.names),
            github=github,
        )
        vitals = Vitals(self.now)
        async with open_work(settings, vitals, clock=self.now, sleep=self.sleep) as work:
            with death.watching():
                yield work


class Death:
    """Comes at a step, or not at all.

    A step is the beginning or the end of a transaction, or a phase of a POST. Between two of them
    nothing is done that outlives a process.
    """

    def __init__(
        self, at: Step | None, put_aside: Callable[[], None], receiver: ReceiverDouble
    ) -> None:
        self.came = False
        self._kind = at[0] if at else "never"
        self._steps_left = at[1] if at else 0
        self._put_aside = put_aside
        self._receiver = receiver
        self._task: asyncio.Task[int] | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count the steps meanwhile."""
        self._receiver.on_post = self._post
        for name in ("begin", "commit"):
            event.listen(Engine, name, self._transaction)
        try:
            yield
        finally:
            for name in ("begin", "commit"):
                event.remove(Engine, name, self._transaction)
            self._receiver.on_post = lambda _phase, _deployment_id: None

    async def or_end_of(self, life: Coroutine[None, None, int]) -> int | None:
        """Whichever is first."""
        self._task = asyncio.ensure_future(life)
        try:
            return await self._task
        except asyncio.CancelledError:
            if not self.came:
                raise
            return None

    def _transaction(self, *_connection: object) -> None:
        if self._is_at("transaction"):
            self._come([])

    def _post(self, phase: Phase, _deployment_id: str) -> None:
        if self._is_at("post"):
            # The receiver goes on with what it has read, and takes its time where nothing else is
            # to go wrong with it.
            fate = self._receiver.faults[0] if self._receiver.faults else COMMITS_LATER
            self._come([fate] if phase == "read" else [])

    def _is_at(self, kind: str) -> bool:
        if self.came or kind != self._kind or self._task is None:
            return False
        self._steps_left -= 1
        return self._steps_left <= 0

    def _come(self, fates: list[Fault]) -> None:
        assert self._task is not None
        self.came = True
        self._put_aside()
        # What a dead process still sends is lost.
        lost: list[Fault] = ["drop"] * 10
        self._receiver.faults = deque(fates + lost)
        # A transaction runs in a thread of its own.
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)
