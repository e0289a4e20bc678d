"""The delivering half of a fetcher, with its clock in the test's hands."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlalchemy import URL as Database  # noqa: N811 - aiohttp has a URL, too
from sqlalchemy import select
from yarl import URL

from fetcher import outbox
from fetcher.deliver.delivery import Delivery
from fetcher.deliver.receiver import Receiver
from fetcher.deliver.round import Delivered, Settled
from fetcher.event import Event, Status
from fetcher.schema import outbox as outbox_table
from fetcher.state import State, open_state
from tests.fetcher.new_state import put_new_state
from tests.fetcher.receiver_double import API_KEY

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIMEOUT_SECONDS = 5


class Fetcher:
    """Time stands still; a test moves `now` on to when there is something to do."""

    def __init__(
        self, state: State, session: aiohttp.ClientSession, url: str, api_key: str
    ) -> None:
        self.now = START
        self.state = state
        self.session = session
        self.start(url, api_key=api_key)

    def start(
        self, url: str, *, api_key: str = API_KEY, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """As a new process does, with the state that is there."""
        clock, self.settled = (lambda: self.now), list[Settled]()
        receiver = Receiver(self.session, URL(url), api_key, timeout_seconds, clock, self.sleep)
        self.delivery = Delivery(self.state, receiver, clock, self.settled.append)

    async def sleep(self, _seconds: float) -> None:
        """The short waits between tries take no time: four workers at once would add them up."""

    async def put(self, events: Iterable[Event]) -> None:
        await self.state.run(lambda connection: outbox.put(connection, events, self.now))

    async def deliver(self) -> Delivered:
        return await self.delivery.deliver_due()

    async def deliver_all(self, most_rounds: int = 100) -> list[Delivered]:
        """Round after round, each when the one before said, until nothing waits."""
        rounds = [await self.deliver()]
        while rounds[-1].next_at is not None:
            assert len(rounds) < most_rounds, rounds[-1]
            self.now = max(self.now, rounds[-1].next_at)
            rounds.append(await self.deliver())
        assert rounds[-1].waiting == 0
        return rounds

    async def live(self, events: Iterable[Event], rounds: int, now: datetime) -> None:
        """So many rounds from `now` on, each when the one before said."""
        self.now = now
        await self.put(events)
        for _ in range(rounds):
            self.now = max(self.now, (await self.deliver()).next_at or self.now)

    async def states(self) -> Counter[str]:
        """How many events are in each state."""
        query = select(outbox_table.c.state)
        return await self.state.run(lambda connection: Counter(connection.scalars(query)))

    async def parked(self) -> Counter[tuple[str, str]]:
        """How often each (deployment, status) is parked."""
        columns = outbox_table.c
        query = select(columns.deployment_id, columns.status).where(columns.state == "parked")
        rows = await self.state.run(lambda connection: connection.execute(query).all())
        return Counter((row.deployment_id, row.status) for row in rows)

    async def errors(self) -> list[str]:
        """What was kept of the receiver's answers."""
        query = select(outbox_table.c.error).where(outbox_table.c.error.is_not(None))
        return await self.state.run(lambda connection: list(connection.scalars(query)))


def place_as_text(place: Path | Database) -> str:
    """As it stands in the settings."""
    return str(place) if isinstance(place, Path) else place.render_as_string(hide_password=False)


@asynccontextmanager
async def fetcher_with(
    place: Path | Database, url: str, *, api_key: str = API_KEY
) -> AsyncIterator[Fetcher]:
    """A fetcher that delivers what is in the state at `place` to `url`."""
    if isinstance(place, Path):
        await put_new_state(place)
    async with aiohttp.ClientSession() as session, open_state(place) as state:
        yield Fetcher(state, session, url, api_key)


def an_event(deployment_id: str, status: Status, seconds: int = 0) -> Event:
    return Event(
        deployment_id=deployment_id,
        service="checkout",
        environment="production",
        status=status,
        happened_at=START - timedelta(hours=1) + timedelta(seconds=seconds),
    )


def a_deployment(deployment_id: str) -> list[Event]:
    return [an_event(deployment_id, "in-progress"), an_event(deployment_id, "success", 60)]


def expected(events: Iterable[Event]) -> Counter[tuple[str, str]]:
    """What `ReceiverDouble.stored` says when each is there once."""
    return Counter((event.deployment_id, event.status) for event in events)
