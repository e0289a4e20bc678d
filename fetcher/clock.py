"""The clock, and waiting by it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)
