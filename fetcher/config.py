"""The fetcher's settings: one TOML file, overridden by environment variables.

The file holds the receiver's section, too; only `[fetcher]` is read here. A secret may stand
in a file of its own, named by `…_file`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from fetcher.github.settings import GitHubSettings, of_environment
from fetcher.logs import LogFormat
from fetcher.mapping.rules import Rule
from fetcher.selection import select
from fetcher.values import Address, Listen, Secret, StatePlace

CONFIG_VARIABLE: Final = "DEPLOYMENT_DASHBOARD_CONFIG"
SECTIONS: Final = {"receiver", "fetcher"}
SECRETS: Final = ("api_key", "token", "private_key")
# What Kubernetes sets in every container for a service named "fetcher".
# https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
SERVICE_LINK: Final = re.compile(r"service_host|service_port(_.*)?|port(_\d+_.*)?")


class Mistakes(Exception):
    """The settings can't be used; `lines` has one sentence for each mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _FromFile(str):
    """A secret that stands in a file of its own.

    Attributes:
        path: The file's, as it was written.
    """

    __slots__ = ("path",)
    path: str


def _split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


def _repositories(patterns: tuple[str, ...]) -> tuple[str, ...]:
    unique = {pattern.strip().lower(): pattern.strip() for pattern in patterns if pattern.strip()}
    select(unique.values())
    return tuple(unique.values())


Repositories = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_repositories)
]


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
    listen: Listen = None
    state: StatePlace = Path("data/fetcher.db")
    repositories: Repositories = ()
    poll_seconds: int = Field(default=30, ge=1, le=86_400)
    backfill_days: int = Field(default=7, ge=0, le=365)
    rules: tuple[Rule, ...] = ()
    log_format: LogFormat = "text"
    github: GitHubSettings = GitHubSettings()

    def secrets(self) -> list[str]:
        """What must never be shown."""
        own = [self.api_key.get_secret_value()] if self.api_key else []
        return own + self.github.secrets()

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
        return _Environment(settings_cls), init_settings, _GitHubsOwnVariables(settings_cls, {})


class _Environment(EnvSettingsSource):
    """The variables; a secret's file is read here, so that it wins over the TOML file's secret.

    pydantic-settings ignores variables that it does not know. Here they are mistakes, like an
    unknown name in the file.
    """

    def __call__(self) -> dict[str, Any]:
        return with_secrets(super().__call__()) | dict.fromkeys(self._unknown(), "")

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The value of a list or table; what is not JSON stays text, which is a mistake later."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value

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


class _GitHubsOwnVariables(InitSettingsSource):
    """The last resort for the server and the token."""

    def __call__(self) -> dict[str, Any]:
        github = self.current_state.get("github")
        added = of_environment(github if isinstance(github, dict) else {}, os.environ)
        return {"github": added} if added else {}


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
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise Mistakes([f"{path}: can't be read: {reason}"]) from None
    except RecursionError:
        raise Mistakes([f"{path}: is nested too deeply"]) from None
    except ValueError as error:
        raise Mistakes([f"{path}: is not TOML: {error}"]) from None
    if strange := document.keys() - SECTIONS:
        named = ", ".join(f"[{name}]" for name in sorted(strange))
        raise Mistakes([f"{path}: {named}: there are only the sections [receiver] and [fetcher]"])
    section = document.get("fetcher", {})
    if not isinstance(section, dict):
        raise Mistakes([f"{path}: fetcher must be a table: write [fetcher]"])
    return section


def with_secrets(values: Mapping[str, Any], section: str = "") -> dict[str, Any]:
    """The values with each secret's `…_file` replaced by what the file holds, section by section.

    Raises:
        Mistakes: A file can't be read, or there is a secret beside its file.
    """
    filled = dict(values)
    for name, value in values.items():
        secret = name.removesuffix("_file")
        if name != secret and secret in SECRETS:
            filled[secret] = _secret(secret, filled, filled.pop(name), section)
        elif isinstance(value, dict):
            filled[name] = with_secrets(value, f"{section}{name}.")
        elif isinstance(value, list):
            filled[name] = [
                with_secrets(item, f"{section}{name}[{number}].")
                if isinstance(item, dict)
                else item
                for number, item in enumerate(value, start=1)
            ]
    return filled


def _secret(name: str, beside: Mapping[str, Any], file: object, section: str) -> str:
    label = _label(f"{section}{name}_file")
    if name in beside:
        raise Mistakes([f"{label}: give the secret or its file, not both"])
    try:
        secret = _FromFile(Path(str(file)).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise Mistakes([f"{label}: {file} can't be read: {reason}"]) from None
    secret.path = str(file)
    return secret


def _sentence(detail: Any) -> str:
    where = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in detail["loc"])[1:]
    if detail["type"] == "extra_forbidden":
        return f"{_label(where)}: there is no such setting"
    if detail["type"] in ("model_type", "dict_type"):
        return f"{_label(where)}: must be a table; in a variable it is JSON"
    if detail["type"] == "tuple_type":
        return f"{_label(where)}: must be a list; in a variable it is JSON"
    message = detail["msg"].removeprefix("Value error, ")
    if isinstance(detail["input"], _FromFile):
        return f"{_label(f'{where}_file')}: {detail['input'].path} {message}"
    return f"{_label(where)}: {message[0].lower()}{message[1:]}"


def _label(where: str) -> str:
    variable = "FETCHER_" + where.partition("[")[0].upper().replace(".", "__")
    return f"fetcher.{where} ({variable})"
