"""A program that opens a state, says so, and holds it until it is ended.

Run as `python -m tests.fetcher.hold_state PLACE`.
"""

import asyncio
import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from fetcher.state import open_state


async def hold(place: str) -> None:
    async with open_state(make_url(place) if "://" in place else Path(place)):
        print("open", flush=True)  # noqa: T201 - to the test
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1]))
