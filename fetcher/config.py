"""The fetcher's settings: one TOML file, overridden by environment variables.

The file holds the receiver's section, too; only `[fetcher]` is read here. A secret may stand
in a file of its own, named by `…_file`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from fetcher.selection import select

CONFIG_VARIABLE: Final = "DEPLOYMENT_DASHBOARD_CONFIG"
SECTIONS: Final = {"receiver", "fetcher"}
TOKEN_VARIABLES: Final = ("GH_TOKEN", "GITHUB_TOKEN")  # as GitHub's own command line reads them
# What Kubernetes sets in every container for a service named "fetcher".
# https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
SERVICE_LINK: Final = re.compile(r"service_host|service_port(_.*)?|port(_\d+_.*)?")


class Mistakes(Exception):
    """The settings can't be used; `lines` has one sentence for each mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


def _repositories(patterns: tuple[str, ...]) -> tuple[str, ...]:
    unique = {pattern.strip().lower(): pattern.strip() for pattern in patterns if pattern.strip()}
    select(unique.values())
    return tuple(unique.values())


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is not an http:// or https:// address")
    if parts.username is not None:
        raise ValueError("must not hold a user or password")
    return url.rstrip("/")


def _visible(secret: SecretStr) -> SecretStr:
    # It becomes the value of a header, where anything else could not be sent.
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("holds a character that is not visible ASCII")
    return secret


def _absent_if_empty(value: object) -> object:
    return None if value == "" else value


def _place(state: object) -> object:
    if not isinstance(state, str) or "://" not in state:
        return state
    if not re.match(r"postgres(ql)?(\+asyncpg)?://", state):
        raise ValueError("is neither a file nor a postgresql+asyncpg:// address")
    try:
        return make_url(state).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError):
        raise ValueError("is not an address of a database") from None  # it may hold a password


Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[
    Annotated[SecretStr, AfterValidator(_visible)] | None, BeforeValidator(_absent_if_empty)
]
# A URL's repr hides its password.
State = Annotated[Path | InstanceOf[URL], BeforeValidator(_place)]
Repositories = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_repositories)
]


class GitHubSettings(BaseModel):
    """`[fetcher.github]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_url: Address = "https://api.github.com"
    token: Secret = None
    token_file: Path | None = None
    requests_per_minute: int = Field(default=600, ge=1)
    budget_percent: int = Field(default=50, ge=1, le=100)
    id_prefix: str = Field(default="gh", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")

    @model_validator(mode="after")
    def _token_travels_encrypted(self) -> "GitHubSettings":
        parts = urlsplit(self.api_url)
        if self.token and parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            raise ValueError("api_url must be https:// when there is a token")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """`[fetcher]`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="FETCHER_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    receiver_url: Address = "http://127.0.0.1:8080"
    receiver_timeout_seconds: float = Field(default=10, gt=0, le=300)
    api_key: Secret = None
    api_key_file: Path | None = None
    state: State = Path("data/fetcher.db")
    repositories: Repositories = ()
    poll_seconds: int = Field(default=30, ge=1, le=86_400)
    backfill_days: int = Field(default=7, ge=0, le=365)
    github: GitHubSettings = GitHubSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over GitHub's own variables; `load` gives the file as init."""
        del env_settings, dotenv_settings, file_secret_settings
        token = next(filter(None, map(os.environ.get, TOKEN_VARIABLES)), None)
        fallback = {"github": {"token": token}} if token else {}
        return (
            _Environment(settings_cls),
            init_settings,
            InitSettingsSource(settings_cls, init_kwargs=fallback),
        )


class _Environment(EnvSettingsSource):
    """The variables; a secret's file is read here, so that it wins over the TOML file's secret.

    pydantic-settings leaves out variables that it does not know. Here they are found wanting like
    an unknown name in the file.
    """

    def __call__(self) -> dict[str, Any]:
        return with_secrets(super().__call__()) | dict.fromkeys(self._unknown(), "")

    def _unknown(self) -> list[str]:
        set_here = [
            name.removeprefix("fetcher_")
            for name, value in self.env_vars.items()
            if name.startswith("fetcher_") and value
        ]
        return [
            name
            for name in set_here
            if name.partition("__")[0] not in self.settings_cls.model_fields
            and not SERVICE_LINK.fullmatch(name)
        ]


def load(config: Path | None) -> Settings:
    """The settings from the file and the environment.

    Args:
        config: The TOML file; None looks at DEPLOYMENT_DASHBOARD_CONFIG, then for ./config.toml.

    Raises:
        Mistakes: They can't be used.
    """
    try:
        return Settings(**with_secrets(_section(_config_path(config))))
    except ValidationError as error:
        raise Mistakes([_sentence(detail) for detail in error.errors()]) from None


def _config_path(config: Path | None) -> Path | None:
    if config:
        return config
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    default = Path("config.toml")
    return default if default.exists() else None


def _section(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise Mistakes([f"{path}: can't be read: {reason}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise Mistakes([f"{path}: is not TOML: {error}"]) from None
    if strange := document.keys() - SECTIONS:
        named = ", ".join(f"[{name}]" for name in sorted(strange))
        raise Mistakes([f"{path}: {named}: there are only [receiver] and [fetcher]"])
    section = document.get("fetcher", {})
    if not isinstance(section, dict):
        raise Mistakes([f"{path}: fetcher must be a table: write [fetcher]"])
    return section


def with_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with each `…_file` replaced by the secret that the file holds.

    Raises:
        Mistakes: A file can't be read, or there is a secret beside its file.
    """
    filled = dict(values)
    if "api_key_file" in filled:
        filled["api_key"] = _secret("api_key", filled, filled.pop("api_key_file"))
    github = filled.get("github")
    if isinstance(github, dict) and "token_file" in github:
        rest = {name: value for name, value in github.items() if name != "token_file"}
        secret = _secret("token", rest, github["token_file"], "github.")
        filled["github"] = {**rest, "token": secret}
    return filled


def _secret(name: str, beside: Mapping[str, Any], file: object, section: str = "") -> str:
    label = _label(f"{section}{name}_file")
    if name in beside:
        raise Mistakes([f"{label}: give the secret or its file, not both"])
    try:
        return Path(str(file)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise Mistakes([f"{label}: {file} can't be read: {reason}"]) from None


def _sentence(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"] if not isinstance(part, int))
    if detail["type"] == "extra_forbidden":
        return f"{_label(where)}: there is no such setting"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{_label(where)}: {message[0].lower()}{message[1:]}"


def _label(where: str) -> str:
    variable = "FETCHER_" + where.upper().replace(".", "__")
    return f"fetcher.{where} ({variable})"
