"""`once`: read and deliver what there is, then exit. For a timer."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypeGuard

from fetcher.clock import Sleep
from fetcher.github.errors import Limited, ShutOut
from fetcher.progress import Progress, Step
from fetcher.work import Work

log = logging.getLogger(__name__)

DONE: Final = 0
FAILED: Final = 1
TRY_LATER: Final = 75  # EX_TEMPFAIL
LONGEST_WAIT: Final = timedelta(seconds=60)  # for GitHub's limit and the receiver, in all
SHORTEST_WAIT: Final = timedelta(seconds=0.1)


async def once(work: Work, sleep: Sleep = asyncio.sleep, progress: Progress | None = None) -> int:
    """Read and deliver what there is.

    Returns:
        The exit code: 0 if all was read and delivered; 75 if only a limit of GitHub's stands in
        the way; 1 if something else does. Whatever it was has been logged.
    """
    patience = _Patience(sleep)
    due = await work.due()
    progress = progress or Progress()
    with progress.of("Reading repositories", len(due.names)) as step:
        errors = await _read(work, due.names, patience, step)
    await work.rota.note()
    with progress.of("Delivering events", await work.waiting()) as step:
        undelivered = await _deliver(work, patience, step)
    errors += due.unlisted.values()
    if await work.unread() or due.paused or undelivered or not all(map(_passes, errors)):
        return FAILED
    return TRY_LATER if errors else DONE


async def _read(
    work: Work, names: Sequence[str], patience: "_Patience", step: Step
) -> list[Exception]:
    async def read(name: str) -> Exception | None:
        end = await work.read(name)
        if not _passes(end):
            step()
        return end

    errors: list[Exception] = []
    while names:
        ends = await asyncio.gather(*map(read, names))
        errors += [error for error in ends if error and not _passes(error)]
        limited = {n: error for n, error in zip(names, ends, strict=True) if _passes(error)}
        names = list(limited)
        last = max(limited.values(), key=lambda error: error.until, default=None)
        if last and not await patience.wait(last.until - work.clock()):
            return [*errors, last]
    return errors


def _passes(error: Exception | None) -> TypeGuard[Limited]:
    """Whether waiting is all that it takes."""
    return isinstance(error, Limited) and not isinstance(error, ShutOut)


async def _deliver(work: Work, patience: "_Patience", step: Step) -> int:
    """Deliver; returns how many events were parked, or still wait."""
    parked = 0
    while True:
        delivered = await work.deliver(step)
        parked += delivered.parked
        if not delivered.waiting or delivered.blocked or not delivered.next_at:
            break
        if not await patience.wait(delivered.next_at - work.clock()):
            break
    if delivered.waiting:
        log.error("Not delivered yet: %d", delivered.waiting)
    return parked + delivered.waiting


class _Patience:
    """How much longer to wait, in all."""

    def __init__(self, sleep: Sleep) -> None:
        self._left = LONGEST_WAIT
        self._sleep = sleep

    async def wait(self, time: timedelta) -> bool:
        """Wait, or be out of patience. Each wait uses some of it up, so that every loop ends."""
        time = max(time, SHORTEST_WAIT)
        if time > self._left:
            return False
        self._left -= time
        await self._sleep(time.total_seconds())
        return True
