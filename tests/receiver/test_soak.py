"""Hours of traffic in seconds: nothing is kept that need not be."""

import asyncio
import gc
import sqlite3
import sys
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from receiver.config import Settings
from receiver.writer import FORGET_SECONDS
from tests.receiver.api import Api, Clock, serving
from tests.receiver.examples import EVERY_FIELD, REQUIRED, submission

ROUNDS: Final = 23
SETTLED: Final = 13  # by then everything that has a bound has reached it
EVENTS: Final = 200  # in a round, past HTTP
KEYS: Final = 20  # in a round, each with an event
ROUND: Final = timedelta(hours=2)  # so a key lives for twelve rounds


async def an_hour_or_two(api: Api, number: int) -> None:
    """Readers come, read and go; events come, with keys, in bulk, and wrong ones."""
    async with AsyncExitStack() as stack:
        for query in ("", "?service=7", "?last_event_id=garbage") * 3:
            await stack.enter_async_context(api.stream(query))
        position = (await api.read("/api/matrix"))["last_event_id"]
        await api.fill([submission(service=f"{slot % 50}") for slot in range(EVENTS)])
        posts = (
            api.post({**EVERY_FIELD, "service": f"{key}"}, Idempotency_Key=f"{number}-{key}")
            for key in range(KEYS)
        )
        assert {answer.status for answer in await asyncio.gather(*posts)} == {201}
        resumed = await stack.enter_async_context(api.stream(f"?last_event_id={position}"))
        assert await resumed.ids(EVENTS + KEYS) == list(
            range(position + 1, position + 1 + EVENTS + KEYS)
        )
    assert (await api.post({**REQUIRED, "status": "done"})).status == 422
    assert (await api.post(REQUIRED, X_Api_Key=f"wrong-{number}")).status == 401
    await api.read("/api/deployments?limit=500")
    assert (await api.get("/metrics")).status == 200


async def test_memory_and_keys_stay_flat_however_long_it_runs(
    settings: Settings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FORGET_SECONDS == 600
    monkeypatch.setattr("receiver.writer.FORGET_SECONDS", 0)  # the hours are of the test's clock
    blocks: list[int] = []
    keys: list[int] = []
    async with serving(settings, clock) as api:
        with closing(sqlite3.connect(tmp_path / "log.db")) as log:
            for number in range(ROUNDS):
                await an_hour_or_two(api, number)
                clock.tick(ROUND)
                gc.collect()
                blocks.append(sys.getallocatedblocks())
                keys.append(log.execute("SELECT count(*) FROM idempotency").fetchone()[0])

    assert max(keys) == keys[-1] == 12 * KEYS
    # A block for each event would be twice as many; what grows is what pytest keeps of the log.
    assert max(blocks[SETTLED:]) - blocks[SETTLED] < 1000
