"""`[fetcher.github]`: the server, the pace, and who asks about whose repositories. Pure."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fetcher.values import Address, AppId, PrivateKey, Secret, is_encrypted

# As GitHub's own command line reads them. A token must not go to another server than its own.
TOKEN_VARIABLES: Final = ("GH_TOKEN", "GITHUB_TOKEN")
ENTERPRISE_TOKEN_VARIABLES: Final = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
GITHUB_COM: Final = "https://api.github.com"
DATA_RESIDENCY: Final = ".ghe.com"
OWNERS: Final = re.compile(r"[A-Za-z0-9_*?-]+")


def _owners(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not OWNERS.fullmatch(pattern):
            raise ValueError(f"{pattern!r} is neither an owner nor a pattern for owners")
    return tuple(pattern.lower() for pattern in patterns)


class CredentialSettings(BaseModel):
    """A token, or a GitHub App; with neither, GitHub as everyone sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Secret = None
    token_file: Path | None = None
    app_id: AppId = None
    private_key: PrivateKey = None
    private_key_file: Path | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is a secret."""
        return bool(self.token or self.app_id)

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [one.get_secret_value() for one in (self.token, self.private_key) if one]

    @model_validator(mode="after")
    def _one_way_to_ask(self) -> Self:
        if self.token and self.app_id:
            raise ValueError("give a token or an app_id, not both")
        if bool(self.app_id) != bool(self.private_key):
            raise ValueError("app_id and private_key (or private_key_file) go together")
        return self


class OwnersCredentialSettings(CredentialSettings):
    """`[[fetcher.github.credentials]]`: for the repositories of these owners."""

    owners: Annotated[tuple[str, ...], AfterValidator(_owners)] = Field(min_length=1)

    @model_validator(mode="after")
    def _something_to_ask_with(self) -> Self:
        if not self.is_given:
            raise ValueError("give a token or an app_id, or a file with it")
        return self


class GitHubSettings(CredentialSettings):
    """`[fetcher.github]`; its own token or App is for the owners that have none of their own."""

    api_url: Address = GITHUB_COM
    credentials: tuple[OwnersCredentialSettings, ...] = ()
    requests_per_minute: int = Field(default=600, ge=1)
    budget_percent: int = Field(default=50, ge=1, le=100)
    id_prefix: str = Field(default="gh", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")

    @model_validator(mode="after")
    def _secrets_travel_encrypted(self) -> Self:
        if (self.is_given or self.credentials) and not is_encrypted(self.api_url):
            raise ValueError("api_url must be https:// when there is a token")
        return self

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [*super().secrets(), *(s for one in self.credentials for s in one.secrets())]

    def credential_for(self, owner: str) -> CredentialSettings:
        """What to ask with about an owner's repositories: the first that names the owner."""
        for credential in self.credentials:
            if any(fnmatchcase(owner.lower(), pattern) for pattern in credential.owners):
                return credential
        return self


def of_environment(github: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """What the variables of GitHub's own tools add to the settings (as they were written).

    The host counts only where the settings name neither server nor secret: theirs goes nowhere
    else. https://cli.github.com/manual/gh_help_environment
    """
    if github.get("token") or github.get("app_id"):
        return {}
    added, host = {}, environment.get("GH_HOST")
    if host and not github.get("api_url") and not github.get("credentials"):
        added["api_url"] = _api_of(host)
    token = _token(added.get("api_url") or str(github.get("api_url", GITHUB_COM)), environment)
    return added | ({"token": token} if token else {})


def _api_of(host: str) -> str:
    if host == "github.com":
        return GITHUB_COM
    return f"https://api.{host}" if host.endswith(DATA_RESIDENCY) else f"https://{host}/api/v3"


def _token(api_url: str, environment: Mapping[str, str]) -> str | None:
    host = urlsplit(api_url).hostname or ""
    is_cloud = host == "api.github.com" or host.endswith(DATA_RESIDENCY)
    variables = TOKEN_VARIABLES if is_cloud else ENTERPRISE_TOKEN_VARIABLES
    return next(filter(None, map(environment.get, variables)), None)
