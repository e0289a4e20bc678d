"""GitHub's refusals in words: what is missing, and who can fix it where. Pure.

The names of headers are in lower case; `who` is the name of the credential.
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

LONGEST_MESSAGE: Final = 300
WARNED_BEFORE: Final = timedelta(days=14)


def unknown_credential(who: str, message: str) -> str:
    """Why nothing may be asked: 401."""
    return f"GitHub refuses {who}: it expired, was revoked or belongs to another server ({message})"


def is_suspended(message: str) -> bool:
    """Whether a 403 means that the whole account, App or installation may not ask."""
    return "suspended" in message.lower()


def missing_permission(who: str, headers: Mapping[str, str], message: str) -> str:
    """What the credential lacks: 403."""
    if sso := headers.get("x-github-sso", ""):
        address = sso.partition("url=")[2]
        return f"{who} is not authorised for the organisation's single sign-on {address}".strip()
    if "x-oauth-scopes" in headers:
        has, needs = headers["x-oauth-scopes"], headers.get("x-accepted-oauth-scopes", "")
        return f"{who} lacks a scope: it has {has or 'none'}, and needs one of {needs} ({message})"
    if accepted := headers.get("x-accepted-github-permissions"):
        return f"{who} lacks a permission: {permissions(accepted)} ({message})"
    return f"{who} may not read this: {message.removesuffix('.')}"  # a sentence follows


def permissions(accepted: str) -> str:
    """Permissions as people find them in GitHub's settings.

    `a=read,b=read; c=read` is both of the first set, or the other.
    https://github.blog/changelog/2023-08-10-x-accepted-github-permissions-header-for-fine-grained-permission-actors/
    """
    sets = [
        " and ".join(_permission(one) for one in every.split(",")) for every in accepted.split(";")
    ]
    return ", or ".join(sets)


def _permission(text: str) -> str:
    name, _, level = text.strip().partition("=")
    return f"{name.replace('_', ' ').capitalize()}: {level}"


def not_found(who: str) -> str:
    """Why something is not there: 404 is also what must not be known to be there."""
    return f"GitHub does not know it, or hides it from {who}"


def message_of(body: bytes) -> str:
    """The message of an answer that is an error."""
    try:
        return cleaned(json.loads(body)["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return "no message"


def cleaned(message: object) -> str:
    """A message from outside, for one line of a log."""
    text = "".join(c if c.isprintable() else " " for c in str(message))
    return " ".join(text.split())[:LONGEST_MESSAGE]


def expires_soon(expires_at: datetime, now: datetime) -> str:
    """The warning that it is time for another token; empty while it is not."""
    days = (expires_at - now).days
    if expires_at - now > WARNED_BEFORE:
        return ""
    when = "today" if days < 1 else "tomorrow" if days == 1 else f"in {days} days"
    return f"expires {when}, at {expires_at:%Y-%m-%dT%H:%MZ}"


def expires_at(headers: Mapping[str, str]) -> datetime | None:
    """When the token expires, where GitHub says so: `2026-12-31 23:59:59 UTC`, or an offset."""
    day, _, rest = headers.get("github-authentication-token-expiration", "").partition(" ")
    time, _, zone = rest.partition(" ")
    try:
        found = datetime.fromisoformat(f"{day}T{time}{zone.replace('UTC', '')}")
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
