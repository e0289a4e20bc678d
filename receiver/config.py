"""The receiver's settings: `[receiver]` of one TOML file, overridden by environment variables."""

import json
import os
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from receiver.keys import SHORTEST_TO_READ, ApiKey, Key, ReadKey, one_key, split
from receiver.logs import LogFormat
from receiver.names import Entry
from receiver.submission import NAME, message_for

PREFIX: Final = "RECEIVER_"
CONFIG_VARIABLE: Final = "DEPLOYMENT_DASHBOARD_CONFIG"
DEFAULT_CONFIG: Final = Path("config.toml")
SECTIONS: Final = {"receiver", "fetcher"}  # of the file, which the fetcher reads, too
DEFAULT_DATABASE: Final = "sqlite+aiosqlite:///data/deployments.db"
DRIVERS: Final = ("sqlite+aiosqlite", "postgresql+asyncpg")
# What asyncpg takes as text; a password in there would be shown wherever the URL is.
POSTGRES_OPTIONS: Final = ("host", "port", "ssl", "target_session_attrs", "passfile")


class BadSettings(Exception):
    """The settings cannot be used; `lines` has one for each mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _database(url: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(f"must be a database URL, such as {DEFAULT_DATABASE}") from None
    if parsed.drivername not in DRIVERS:
        raise ValueError(f"must begin with {' or '.join(DRIVERS)}")
    if parsed.database in (None, "", ":memory:"):
        raise ValueError("must name a file or a database: one in memory would be lost")
    if parsed.get_backend_name() == "postgresql":
        _require_connectable(parsed)
    return url


def _require_connectable(url: URL) -> None:
    if strange := url.query.keys() - POSTGRES_OPTIONS:
        taken = ", ".join(POSTGRES_OPTIONS)
        raise ValueError(f"takes no {', '.join(sorted(strange))} after the ?, only {taken}")
    try:
        url.get_dialect()().create_connect_args(url)
    except ArgumentError as error:  # several servers that don't fit together
        raise ValueError(str(error)) from None


def _entries(value: object) -> object:
    """A list of tables as it is given: in a variable as JSON."""
    with suppress(ValueError):
        value = json.loads(value) if isinstance(value, str) else value
    if not isinstance(value, list | tuple):
        where = "[[receiver.names]] in the file, JSON in the variable"
        raise ValueError(f"must be a list: {where}")  # noqa: TRY004 - what pydantic catches
    return value


KeyName = Annotated[str, Field(pattern=NAME)]  # it is stored with each event


class LogSettings(BaseSettings):
    """Where the log is: all of `[receiver]` that the commands need."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: Annotated[str, AfterValidator(_database)] = DEFAULT_DATABASE

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; `load` hands the file over as init."""
        del settings_cls, dotenv_settings, file_secret_settings
        return (env_settings, init_settings)


class Settings(LogSettings):
    """`[receiver]`."""

    model_config = SettingsConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", min_length=1)  # "" would be every address
    port: int = Field(8080, ge=0, le=65535)
    api_keys: Annotated[dict[KeyName, ApiKey], NoDecode] = {}
    api_key: Key | None = None
    api_key_file: Path | None = None
    read_keys: Annotated[dict[KeyName, ReadKey], NoDecode] = {}
    read_key: Key | None = None
    read_key_file: Path | None = None
    session_days: int = Field(30, ge=1, le=400)
    environment_order: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = ()
    names: Annotated[tuple[Entry, ...], NoDecode, BeforeValidator(_entries)] = ()
    stalled_minutes: int = Field(60, ge=1)
    retention_days: int = Field(0, ge=0, le=36_500)
    log_format: LogFormat = "text"

    @model_validator(mode="after")
    def _has_a_key(self) -> "Settings":
        if not self.keys:
            raise ValueError(
                'set RECEIVER_API_KEY, or a name = "key" in [receiver.api_keys]: '
                "without a key no one could post"
            )
        return self

    @model_validator(mode="after")
    def _what_opens_the_log_is_hard_to_guess(self) -> "Settings":
        opening = [*self.reading_keys.items(), *self.keys.items()] if self.reading_keys else []
        for name, key in opening:
            if key.is_short:
                raise ValueError(
                    f"if reading requires a key, each key must have at least {SHORTEST_TO_READ} "
                    f"characters, or it could be guessed: {name} is shorter"
                )
        return self

    @cached_property
    def keys(self) -> dict[str, ApiKey]:
        """The API keys by name; a file is read once."""
        default = one_key(self.api_key, self.api_key_file)
        return self.api_keys | ({"default": ApiKey(key=default)} if default else {})

    @cached_property
    def reading_keys(self) -> dict[str, ReadKey]:
        """The read keys by name; with none, reading needs no key."""
        default = one_key(self.read_key, self.read_key_file)
        return self.read_keys | ({"default": ReadKey(key=default)} if default else {})


Loaded = TypeVar("Loaded", bound=LogSettings)


def load(path: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        path: The TOML file; without it the one that DEPLOYMENT_DASHBOARD_CONFIG names,
            else ./config.toml where there is one.

    Raises:
        BadSettings: The file or a setting is wrong.
    """
    return _load(Settings, path)


def load_log(path: Path | None = None) -> LogSettings:
    """Read only where the log is, from the same file; nothing else in it is looked at.

    Raises:
        BadSettings: The file or the setting is wrong.
    """
    return _load(LogSettings, path)


def _load(model: type[Loaded], path: Path | None) -> Loaded:
    try:
        return model(**_section(path or _default_path()))
    except ValidationError as error:
        raise BadSettings([_line(detail) for detail in error.errors()]) from None


def _default_path() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None


def _section(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadSettings([f"{path}: {error.strerror}"]) from None
    except RecursionError:
        raise BadSettings([f"{path}: it is nested too deeply"]) from None
    except ValueError as error:  # not UTF-8, or not TOML
        raise BadSettings([f"{path}: {error}"]) from None
    if strange := document.keys() - SECTIONS:
        named = ", ".join(f"[{name}]" for name in sorted(strange))
        raise BadSettings(
            [f"{path}: {named}: there are only the sections [receiver] and [fetcher]"]
        )
    section = document.get("receiver", {})
    if not isinstance(section, dict):
        raise BadSettings([f"{path}: receiver must be a table: [receiver]"])
    return section


def _line(detail: ErrorDetails) -> str:
    """One mistake in one line, never with the value: it may be a key."""
    message = message_for(detail).removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name = _name(detail["loc"])
    variable = PREFIX + str(detail["loc"][0]).upper()
    if detail["type"] == "extra_forbidden":
        return f"{name}: there is no such setting"
    if detail["type"] in ("model_type", "dict_type"):
        return f"{name}: must be a table in the file"
    return f"{name} ({variable}): {message}"


def _name(place: Iterable[int | str]) -> str:
    """As receiver.names[1].match.service: the entries of a list are counted from 1."""
    return "receiver" + "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in place)
