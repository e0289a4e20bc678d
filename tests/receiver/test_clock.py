"""The machine's clock jumps; what was told before and after stays in order."""

from datetime import timedelta
from typing import Final

import pytest

from tests.receiver.api import Api, Clock
from tests.receiver.examples import REQUIRED

pytestmark = pytest.mark.databases("sqlite", "postgresql")

JUMPS: Final = (timedelta(days=-400), timedelta(days=800), timedelta(0), timedelta(days=-1))


async def test_order_is_by_what_senders_tell_and_by_ids_wherever_the_clock_goes(
    api: Api, clock: Clock
) -> None:
    async with api.stream() as stream:
        for number, jump in enumerate(JUMPS):
            await api.append(version=f"{number}", happened_at=f"2026-11-20T12:0{number}:00Z")
            clock.tick(jump)
        assert await stream.ids(4) == [1, 2, 3, 4]

    async with api.stream("?last_event_id=1") as resumed:
        assert await resumed.ids(3) == [2, 3, 4]
    listed = (await api.read("/api/deployments"))["items"]
    assert [item["id"] for item in listed] == [4, 3, 2, 1]
    (row,) = (await api.read("/api/matrix"))["rows"]
    assert row["slots"]["prod"]["current"]["version"] == "3"
    assert (await api.get("/readyz")).status == 200


async def test_a_key_is_known_for_24_hours_though_the_clock_goes_back(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.writer.FORGET_SECONDS", 0)  # after each transaction
    first = await api.post(REQUIRED, Idempotency_Key="k1")
    for jump in (timedelta(days=-30), timedelta(days=30), timedelta(hours=23)):
        clock.tick(jump)
        again = await api.post(REQUIRED, Idempotency_Key="k1")
        assert (again.status, again.body) == (201, first.body)

    clock.tick(timedelta(hours=1))
    assert (await api.post(REQUIRED, Idempotency_Key="k1")).json["id"] == 2
