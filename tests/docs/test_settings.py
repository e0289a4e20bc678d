"""config.example.toml names every setting, commented out, with its true default."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import BaseModel

import fetcher.config
import receiver.config
from tests.docs import tree

EXAMPLE: Final = (tree.ROOT / "config.example.toml").read_text()
TABLES_OF_KEYS: Final = {"api_keys", "read_keys"}
# In the file they are in these tables; as a variable each is the short way to have one key.
ONLY_AS_A_VARIABLE: Final = {"api_key", "read_key"}

SECRET: Final = "s3cret-of-the-tests"


def shown() -> dict[str, Any]:
    """The example's settings as they would be with every line uncommented."""
    return tomllib.loads(re.sub(r"^# (?=\w+ = )", "", EXAMPLE, flags=re.MULTILINE))


def defaults(model: type[BaseModel]) -> dict[str, Any]:
    """A section's settings with their defaults, as TOML would give them."""
    return {
        name: defaults(type(info.default)) if is_section(info.default) else plain(info.default)
        for name, info in model.model_fields.items()
    }


def is_section(default: object) -> bool:
    return isinstance(default, BaseModel)


def plain(default: object) -> object:
    if isinstance(default, tuple):
        return list(default)
    return str(default) if isinstance(default, Path) else default


def flat(section: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", value


def test_it_has_every_setting_and_no_other() -> None:
    named = shown()
    keys = {table: named["receiver"].pop(table) for table in TABLES_OF_KEYS}

    assert keys == {"api_keys": {"default": ""}, "read_keys": {"team": ""}}
    assert named.keys() == {"receiver", "fetcher"}
    receivers = defaults(receiver.config.Settings).keys() - TABLES_OF_KEYS - ONLY_AS_A_VARIABLE
    assert named["receiver"].keys() == receivers
    assert (
        dict(flat(named["fetcher"], "fetcher")).keys()
        == dict(flat(defaults(fetcher.config.Settings), "fetcher")).keys()
    )


@pytest.mark.parametrize(
    ("section", "model"),
    [("receiver", receiver.config.Settings), ("fetcher", fetcher.config.Settings)],
)
def test_each_default_is_the_true_one(section: str, model: type[BaseModel]) -> None:
    true = dict(flat(defaults(model), section))

    for name, value in flat(shown()[section], section):
        if true.get(name) is not None:
            assert value == true[name], name
        else:  # a secret or its file: there is none by default
            assert value == "" or name.endswith("_file"), name


def test_as_it_stands_it_sets_nothing() -> None:
    assert tomllib.loads(EXAMPLE) == {
        "receiver": {"api_keys": {}, "read_keys": {}},
        "fetcher": {"github": {}},
    }


def test_both_programs_take_it_with_every_line_uncommented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("RECEIVER_API_KEY", "GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    text = re.sub(r"^# (?=\w+ = )", "", EXAMPLE, flags=re.MULTILINE)
    text = re.sub(r'^(api_key|token|default|team) = ""$', "", text, flags=re.MULTILINE)
    text = re.sub(r"^(app_id|private_key\w*) = .*$", "", text, flags=re.MULTILINE)  # or a token
    config = tmp_path / "config.toml"
    config.write_text(re.sub(r'"/run/secrets/[\w-]+"', f'"{secret}"', text))

    assert receiver.config.load(config).keys["default"].key.get_secret_value() == SECRET
    settings = fetcher.config.load(config)
    assert settings.api_key
    assert settings.api_key.get_secret_value() == SECRET
    assert settings.github.token
