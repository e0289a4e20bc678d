"""A program that delivers DEPLOYMENTS deployments, to be killed and started until it is done.

Run as `python -m tests.fetcher.deliver_until_done STATE URL DEPLOYMENTS`. Its clock runs fast, so
that the waits in the state are short; nothing else differs from what a fetcher does.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from yarl import URL

from fetcher import outbox
from fetcher.deliver.delivery import Delivery
from fetcher.deliver.receiver import Receiver
from fetcher.state import open_state
from tests.fetcher.delivering import START, a_deployment
from tests.fetcher.receiver_double import API_KEY

TIMES_FASTER = 500


def fast_clock() -> datetime:
    return START + (datetime.now(UTC) - START) * TIMES_FASTER


async def deliver(place: Path, url: str, deployments: int) -> None:
    async with aiohttp.ClientSession() as session, open_state(place) as state:
        events = [event for number in range(deployments) for event in a_deployment(str(number))]
        await state.run(lambda connection: outbox.put(connection, events, fast_clock()))
        delivery = Delivery(state, Receiver(session, URL(url), API_KEY, 5, fast_clock), fast_clock)
        while (next_at := (await delivery.deliver_due()).next_at) is not None:
            wait = (next_at - fast_clock()) / TIMES_FASTER
            await asyncio.sleep(wait.total_seconds())


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
