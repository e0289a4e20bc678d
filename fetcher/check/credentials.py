"""What `check` finds of a credential: whether GitHub takes it, as whom, its limit and expiry."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from fetcher.check.findings import Finding
from fetcher.check.troubles import trouble
from fetcher.clock import Clock
from fetcher.github import refusals
from fetcher.github.client import GitHub
from fetcher.github.errors import Forbidden, GitHubError, Missing
from fetcher.github.remedies import SETTING

CLOCKS_DIFFER: Final = timedelta(seconds=30)


async def check_credential(github: GitHub, owner: str, clock: Clock) -> list[Finding]:
    """Ask who it is, and what is left of its limit.

    Args:
        github: As the credential sees it.
        owner: An owner that it is for.
        clock: The time.
    """
    name = github.credential.name
    try:
        login, headers = await _login(github)
        left, more = await _limit(github)
    except GitHubError as error:
        return [replace(trouble(github, f"{owner}/", error), subject=name)]
    known, now = {**headers, **more}, clock()
    return [_itself(github, login, left), *_expiry(name, known, now), *_clocks(known, now)]


async def _login(github: GitHub) -> tuple[str, Mapping[str, str]]:
    if github.credential.is_anonymous or github.credential.is_installation:
        return "", {}
    try:
        reply = await github.get("/user", {})
    except Forbidden:
        return "", {}  # the token of a workflow's run is nobody's
    return refusals.cleaned(_field(reply.data, "login")), reply.headers


async def _limit(github: GitHub) -> tuple[str, Mapping[str, str]]:
    try:
        reply = await github.get("/rate_limit", {})  # is not charged
    except Missing:
        return "no limit", {}  # an Enterprise Server as it comes
    core = _field(reply.data, "resources", "core")
    try:
        ends_at = datetime.fromtimestamp(core["reset"], UTC)
        left = f"{core['remaining']:,} of {core['limit']:,} requests left until {ends_at:%H:%MZ}"
    except (LookupError, TypeError, ValueError, OverflowError):
        left = "GitHub does not state the limit"
    return left, reply.headers


def _field(data: Any, *path: str) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _itself(github: GitHub, login: str, left: str) -> Finding:
    name = github.credential.name
    if github.credential.is_anonymous:
        text = f"only what is public can be read; {left}"
        return Finding("warning", name, text, f"Set {SETTING}")
    return Finding("ok", name, f"as {login}, {left}" if login else left)


def _expiry(name: str, headers: Mapping[str, str], now: datetime) -> list[Finding]:
    expires_at = refusals.expires_at(headers)
    if expires_at is None:
        return []
    soon = refusals.expires_soon(expires_at, now)
    if soon:
        return [Finding("warning", name, soon, "Create a new one in time and set it")]
    return [Finding("ok", name, f"expires on {expires_at:%Y-%m-%d}")]


def _clocks(headers: Mapping[str, str], now: datetime) -> list[Finding]:
    """GitHub's times are whole seconds, and an answer takes its time."""
    try:
        ahead = now - parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return []
    if abs(ahead) < CLOCKS_DIFFER:
        return []
    way = "ahead of" if ahead > timedelta() else "behind"
    text = f"{abs(ahead).total_seconds():,.0f} s {way} GitHub's"
    return [Finding("warning", "this machine's clock", text, "Let NTP set it")]
