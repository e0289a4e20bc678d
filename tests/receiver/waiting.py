"""Waiting for a condition."""

import asyncio
from collections.abc import Callable
from typing import Final

DEADLINE_SECONDS: Final = 40  # generous: it passes only when something is broken


async def eventually(holds: Callable[[], object]) -> None:
    """Ask again until it holds.

    Raises:
        TimeoutError: It does not before the deadline.
    """
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.005)
