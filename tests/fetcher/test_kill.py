"""kill -9 at any moment loses no event and doubles none."""

import asyncio
import random
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from tests.fetcher.delivering import a_deployment, expected
from tests.fetcher.receiver_double import Phase, ReceiverDouble, receiver_double

DEPLOYMENTS = 100  # of two events
KILLS = 8


class Killer:
    """Kills the process at a random phase of a random POST, or a little after its answer."""

    def __init__(self, receiver: ReceiverDouble, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.kills = 0
        self.victim: Process | None = None
        receiver.on_post = self.maybe_kill

    def aim(self, victim: Process) -> None:
        self.victim = victim
        self.posts_to_come = self.random.randrange(2 * DEPLOYMENTS // KILLS)
        self.phase = self.random.choice(["read", "stored", "answered"])

    def maybe_kill(self, phase: Phase, _deployment_id: str) -> None:
        if self.posts_to_come:
            self.posts_to_come -= phase == "read"
        elif self.phase == phase:
            self.kill()
        elif self.phase == "answered" and phase == "stored":
            delay = self.random.uniform(0, 0.01)
            asyncio.get_running_loop().call_later(delay, self.kill)

    def kill(self) -> None:
        if self.victim is not None and self.kills < KILLS:
            self.victim.kill()
            self.victim = None
            self.kills += 1


@pytest.mark.parametrize("honours_keys", [False, True])
async def test_a_fetcher_that_is_killed_again_and_again_delivers_every_event_once(
    tmp_path: Path, *, honours_keys: bool
) -> None:
    async with receiver_double() as receiver:
        receiver.honours_keys = honours_keys
        killer = Killer(receiver, seed=20261123 + honours_keys)
        command = (sys.executable, "-m", "tests.fetcher.deliver_until_done")
        exit_code = None
        while exit_code != 0:
            arguments = (str(tmp_path / "fetcher.db"), receiver.url, str(DEPLOYMENTS))
            process = await asyncio.create_subprocess_exec(*command, *arguments)
            killer.aim(process)
            exit_code = await asyncio.wait_for(process.wait(), 60)
            killer.victim = None
            assert exit_code in (0, -9)

        events = [event for number in range(DEPLOYMENTS) for event in a_deployment(str(number))]
        assert receiver.stored() == expected(events)
        assert killer.kills == KILLS
