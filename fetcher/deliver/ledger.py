"""What becomes of events, committed together: while one commit runs, the next one gathers."""

import asyncio

from fetcher import outbox
from fetcher.outbox import Change
from fetcher.state import State


class Ledger:
    """Writes changes of the outbox, in the order in which they were noted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._noted: list[Change] = []  # and not yet committed
        self._committed = 0
        self._one_commit = asyncio.Lock()

    def note(self, change: Change) -> None:
        """Write it with the next commit, whosever that is."""
        self._noted.append(change)

    async def commit(self) -> None:
        """Return when everything that was noted before is on disk.

        Raises:
            StateError, SQLAlchemyError: It can't be written; the next commit tries again.
        """
        last = self._committed + len(self._noted)
        async with self._one_commit:
            if self._committed < last:  # or else another that waited here has committed for all
                await self._write(list(self._noted))

    async def _write(self, changes: list[Change]) -> None:
        await self._state.run(lambda connection: outbox.apply(connection, changes))
        del self._noted[: len(changes)]
        self._committed += len(changes)
