"""How keys are given in the settings: as text, a table with limits, a hash or a file."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from receiver.access import ANY, HASHED

SHORTEST_TO_READ: Final = 16


def split(value: object) -> object:
    """A list that may be given as one text: names with commas between them."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value


def _sendable(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError(
            "must be visible ASCII characters without spaces, because it is sent in a header"
        )
    if text.startswith(HASHED) and not re.fullmatch(r"[0-9A-Fa-f]{64}", text.removeprefix(HASHED)):
        raise ValueError(f"must have 64 hex digits after {HASHED}")
    return key


Key = Annotated[SecretStr, AfterValidator(_sendable)]
Globs = Annotated[tuple[str, ...], BeforeValidator(split)]


class ReadKey(BaseModel):
    """One of `[receiver.read_keys]`; a plain text is the key, without limits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    requests_per_minute: int | None = Field(None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"key": value} if isinstance(value, str) else value

    @property
    def is_hashed(self) -> bool:
        """Whether only the key's SHA-256 is known here."""
        return self.key.get_secret_value().startswith(HASHED)

    @property
    def is_short(self) -> bool:
        """Whether someone who tries for long enough might guess it."""
        return len(self.key.get_secret_value()) < SHORTEST_TO_READ


class ApiKey(ReadKey):
    """One of `[receiver.api_keys]`, likewise; it may write, perhaps only to some slots."""

    services: Globs = ANY
    environments: Globs = ANY


def one_key(key: SecretStr | None, file: Path | None) -> SecretStr | None:
    """The key itself, or else the one in the file, if either is given.

    Raises:
        ValueError: The file cannot be read, or holds no key.
    """
    return _key_in(file) if key is None and file is not None else key


def _key_in(path: Path) -> SecretStr:
    try:
        return _sendable(SecretStr(path.read_text().strip()))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:  # its own message quotes what may be a key
        raise ValueError(f"{path}: is not text") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
