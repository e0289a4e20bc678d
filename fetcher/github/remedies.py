"""What helps against a refusal of GitHub's: which page, which setting. Pure."""

from typing import Final
from urllib.parse import urlsplit

from fetcher.github.client import GitHub
from fetcher.github.credentials import Credential
from fetcher.github.errors import (
    Elsewhere,
    Forbidden,
    GitHubError,
    Limited,
    Missing,
    Offline,
    Scopeless,
    ShutOut,
    SingleSignOn,
)

SETTING: Final = "fetcher.github.token (FETCHER_GITHUB__TOKEN)"
URL_SETTING: Final = "fetcher.github.api_url (FETCHER_GITHUB__API_URL)"

Remedies = dict[type[GitHubError], str]


def pages(api_url: str) -> str:
    """Where people see the server whose API is there."""
    parts = urlsplit(api_url)
    host = parts.netloc if parts.path else parts.netloc.removeprefix("api.")
    return f"{parts.scheme}://{host}"


def in_words(github: GitHub, owner: str, error: GitHubError) -> str:
    """What is wrong with an owner's repository, and what to do."""
    helps = remedy(error, github.credential, github.server.api_url, owner)
    return f"{error}. {helps}" if helps else str(error)


def remedy(error: GitHubError, credential: Credential, api_url: str, owner: str) -> str:
    """What to do, a sentence; empty when there is nothing but to wait."""
    known = _for_app if credential.is_installation else _for_token
    remedies = known(pages(api_url), owner) | (_for_nobody() if credential.is_anonymous else {})
    return next((text for kind, text in remedies.items() if isinstance(error, kind)), "")


def _for_token(site: str, _owner: str) -> Remedies:
    tokens = f"{site}/settings/personal-access-tokens"
    return {
        SingleSignOn: "Open that address as the token's owner",
        Scopeless: f"Give the scope repo to the token at {site}/settings/tokens",
        Forbidden: f"Grant it to the token at {tokens}",
        Missing: f"Check how it is spelled, and that the token covers it: {tokens}",
        ShutOut: f"Create a token at {tokens} and set {SETTING}",
        Offline: f"Check {URL_SETTING}, and this machine's connection",
        Elsewhere: f"Check {URL_SETTING}: for an Enterprise Server it is https://HOST/api/v3",
    }


def _for_app(site: str, owner: str) -> Remedies:
    installations = f"{site}/organizations/{owner}/settings/installations"
    return {
        Forbidden: f"Grant it in the App's settings, then accept it at {installations}",
        Missing: f"Check how it is spelled, and that the App is installed for it: {installations}",
        ShutOut: f"See the App's settings, and {installations}",
        Offline: f"Check {URL_SETTING}, and this machine's connection",
        Elsewhere: f"Check {URL_SETTING}: for an Enterprise Server it is https://HOST/api/v3",
    }


def _for_nobody() -> Remedies:
    needed = f"set {SETTING}"
    return {
        Forbidden: f"It needs a token: {needed}",
        Missing: f"Check how it is spelled; a private repository needs a token: {needed}",
        ShutOut: f"It needs a token: {needed}",
        Limited: f"With a token it is thousands: {needed}",
    }
