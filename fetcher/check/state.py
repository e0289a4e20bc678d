"""What `check` finds in the state, without disturbing a running fetcher."""

import os
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from fetcher import outbox
from fetcher.check.findings import Finding
from fetcher.outbox import Parked
from fetcher.plural import counted
from fetcher.state import StateError, StateMissing, look_into

MOST_SHOWN: Final = 20
SUBJECT: Final = "the state"


async def check_state(place: Path | URL) -> list[Finding]:
    """Look for events that could not be delivered."""
    try:
        waiting, parked = await look_into(
            place, lambda connection: (outbox.waiting(connection), outbox.parked_events(connection))
        )
    except StateMissing as missing:
        return [_of_new(place, str(missing))]
    except StateError as error:
        return [Finding("error", SUBJECT, str(error))]
    found = [Finding("ok", SUBJECT, f"{counted(waiting.number, 'event')} waiting to be delivered")]
    return found + _refused(parked)


def _of_new(place: Path | URL, text: str) -> Finding:
    if isinstance(place, URL):
        return Finding("ok", SUBJECT, text)
    folder = next(parent for parent in place.absolute().parents if parent.exists())
    if os.access(folder, os.W_OK):
        return Finding("ok", SUBJECT, text)
    return Finding("error", SUBJECT, f"{place} can't be created: {folder} is not writable")


def _refused(parked: list[Parked]) -> list[Finding]:
    shown = [
        Finding(
            "error",
            f"{one.deployment_id} ({one.service}, {one.environment}, {one.status})",
            f"the receiver refused it: {one.error}",
        )
        for one in parked[:MOST_SHOWN]
    ]
    if more := len(parked) - len(shown):
        shown.append(Finding("error", SUBJECT, f"the receiver refused {more:,} older events, too"))
    return shown
