"""Telling systemd that the receiver is ready, works, or stops: sd_notify(3).

If systemd did not start it, nothing is sent.
"""

import asyncio
import logging
import os
import socket
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 5


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1` to the socket that systemd named."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(state.encode(), address.replace("@", "\0", 1))
    except OSError as error:
        log.warning("could not tell systemd %s: %s", state, error.strerror)


async def keep_watch(url: str) -> None:
    """Tell the watchdog, twice in its time, as long as the receiver at `url` answers."""
    seconds = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    if not seconds:  # nobody watches
        await asyncio.Event().wait()
    while True:
        await asyncio.sleep(seconds)
        if await _answers(url):
            notify("WATCHDOG=1")


async def _answers(url: str) -> bool:
    # Asked like anyone else, over a new connection: a receiver that accepts none does not work.
    try:
        async with (
            ClientSession(timeout=ClientTimeout(ANSWER_SECONDS)) as session,
            session.get(f"{url}/healthz") as answer,
        ):
            return answer.ok
    except (ClientError, TimeoutError):
        return False
