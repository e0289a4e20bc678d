"""Telling systemd that the fetcher is ready, works, or stops: sd_notify(3).

If systemd did not start it, nothing is sent.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable

log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1` to the socket that systemd named."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.sendto(state.encode(), address.replace("@", "\0", 1))
    except OSError as error:
        log.warning("Could not tell systemd %s: %s", state, error.strerror)


async def keep_watch(hangs: Callable[[], bool]) -> None:
    """Tell the watchdog, twice in its time, as long as nothing hangs; ends if none watches."""
    seconds = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while seconds:
        await asyncio.sleep(seconds)
        if not hangs():
            notify("WATCHDOG=1")
