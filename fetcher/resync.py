"""`resync`: compare what happened since a time with what the receiver holds, and fill the gaps.

For a receiver that was wiped or restored from a backup, for events that it refused, and for
deployments from before the first look at GitHub. Everything waits once more as if it were new, and
before each deployment delivery asks what the receiver holds of it. So nothing is duplicated, and a
resync that is killed is continued by whoever delivers next.
"""

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from fetcher.once import once
from fetcher.progress import Progress
from fetcher.work import Work

log = logging.getLogger(__name__)

SPAN: Final = re.compile(r"(\d{1,5})([dh])")


async def resync(work: Work, since: datetime, progress: Progress) -> int:
    """Compare and fill, and read GitHub further back where it was not read that far before.

    Returns:
        The exit code, as for `once`.
    """
    await work.due()  # registers the repositories
    told, further_back = await work.look_back(since)
    log.info(
        "Since %s: events to compare with the receiver: %d; repositories to read further back: %d",
        f"{since:%Y-%m-%d %H:%M}Z",
        told,
        further_back,
    )
    return await once(work, progress=progress)


def parse_since(text: str, now: datetime) -> datetime:
    """A time: a date (2026-11-01), with a time of day or without, in UTC; or a span (7d, 12h).

    Raises:
        ValueError: It is none, or in the future.
    """
    try:
        since = _time(text, now)
    except (ValueError, OverflowError):
        raise ValueError("is not a time: write 2026-11-01, 2026-11-01T09:30Z or 7d") from None
    if since > now:
        raise ValueError("is in the future")
    return since


def _time(text: str, now: datetime) -> datetime:
    if span := SPAN.fullmatch(text):
        number = int(span[1])
        return now - (timedelta(days=number) if span[2] == "d" else timedelta(hours=number))
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
