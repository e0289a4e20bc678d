"""The receiver's settings: file, environment, and one line for each mistake."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from receiver.config import BadSettings, Settings, load, load_log
from receiver.keys import ApiKey

KEY = "key-that-nobody-may-see"
POSTGRES = "postgresql+asyncpg://receiver@/deployments"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "config.toml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def mistakes(path: Path | None = None) -> list[str]:
    with pytest.raises(BadSettings) as refused:
        load(path)
    assert KEY[:8] not in str(refused.value)
    return refused.value.lines


def keys(texts: dict[str, str]) -> dict[str, ApiKey]:
    return {name: ApiKey(key=SecretStr(key)) for name, key in texts.items()}


@pytest.mark.parametrize("key", ["sha256:", "sha256:abc", "sha256:" + "g" * 64])
def test_a_hash_has_64_hex_digits(key: str) -> None:
    write(f'[receiver.api_keys]\nci = "{key}"')

    (line,) = mistakes()

    assert line.endswith("must have 64 hex digits after sha256:")


def test_a_key_with_limits_is_a_table() -> None:
    write('[receiver.api_keys]\nci = { key = "one", services = ["a*"] }\nno = { services = ["b"] }')

    (line,) = mistakes()

    assert line.startswith("receiver.api_keys.no.key ")


def test_a_read_key_is_given_as_an_api_key_is(monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        f"[receiver.api_keys]\nci = '{KEY}'\n[receiver.read_keys]\n"
        f"team = '{KEY}'\nwall = {{ key = 'sha256:{'0' * 64}', requests_per_minute = 9 }}\n"
    )
    assert {name: key.requests_per_minute for name, key in load().reading_keys.items()} == {
        "team": None,
        "wall": 9,
    }

    monkeypatch.setenv("RECEIVER_READ_KEY_FILE", str(write(f"{KEY}-in-a-file\n", "secret")))
    assert load().reading_keys["default"].key.get_secret_value() == f"{KEY}-in-a-file"
    monkeypatch.setenv("RECEIVER_READ_KEY", f"{KEY}-as-a-variable")
    assert load().reading_keys["default"].key.get_secret_value() == f"{KEY}-as-a-variable"


@pytest.mark.parametrize(
    ("api_key", "read_key"),
    [(KEY, "'key-that-nobody'"), (KEY, "{ key = 'short' }"), ("short", f"'{KEY}'")],
)
def test_what_opens_the_log_is_hard_to_guess(api_key: str, read_key: str) -> None:
    write(f"[receiver.api_keys]\nci = '{api_key}'\n[receiver.read_keys]\nteam = {read_key}")

    (line,) = mistakes()

    assert "at least 16 characters" in line
    assert line.endswith(f"{'ci' if api_key == 'short' else 'team'} is shorter")


def test_a_key_is_all_that_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIVER_API_KEY", KEY)

    settings = load()

    assert settings.keys == keys({"default": KEY})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database_url == "sqlite+aiosqlite:///data/deployments.db"
    assert settings.environment_order == ()
    assert settings.stalled_minutes == 60


def test_without_a_key_it_does_not_start() -> None:
    (line,) = mistakes()

    assert "RECEIVER_API_KEY" in line


def test_the_file_names_every_setting() -> None:
    write(
        """
        [receiver]
        host = "0.0.0.0"
        port = 0
        database_url = "sqlite+aiosqlite:////tmp/x.db"
        environment_order = ["dev", "prod"]
        stalled_minutes = 90
        [receiver.api_keys]
        ci = "one"
        "the fetcher" = "two"
        [fetcher]
        anything = "else"
        """
    )

    settings = load()

    assert (settings.host, settings.port) == ("0.0.0.0", 0)  # noqa: S104 - only read
    assert settings.database_url == "sqlite+aiosqlite:////tmp/x.db"
    assert settings.environment_order == ("dev", "prod")
    assert settings.stalled_minutes == 90
    assert settings.keys == keys({"ci": "one", "the fetcher": "two"})


def test_names_come_from_the_file_or_as_json_from_a_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(
        f"""
        [receiver.api_keys]
        ci = "{KEY}"
        [[receiver.names]]
        match = {{ environment = "pr-*" }}
        show = {{ environment = "preview" }}
        """
    )
    (in_the_file,) = load().names
    assert in_the_file.match.environment == ("pr-*",)

    monkeypatch.setenv("RECEIVER_NAMES", '[{"match": {"service": ["a", "b"]}, "hide": true}]')
    (in_the_variable,) = load().names
    assert (in_the_variable.match.service, in_the_variable.hide) == (("a", "b"), True)


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    Path("config.toml").write_text("[receiver]\napi_key = 'k'\n", encoding="utf-8-sig")

    assert load().keys == keys({"default": "k"})


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[receiver]\nhost = "::1"\nport = 1\n[receiver.api_keys]\ndefault = "old"\nci = "one"\n')
    for name, value in {
        "RECEIVER_PORT": "2",
        "RECEIVER_API_KEY": KEY,
        "RECEIVER_ENVIRONMENT_ORDER": " dev , prod,, ",
        "RECEIVER_HOST": "",
    }.items():
        monkeypatch.setenv(name, value)

    settings = load()

    assert (settings.host, settings.port) == ("::1", 2)
    assert settings.keys == keys({"default": KEY, "ci": "one"})
    assert settings.environment_order == ("dev", "prod")


def test_a_key_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIVER_API_KEY_FILE", str(write(f"{KEY}\n", "secret")))

    assert load().keys == keys({"default": KEY})


def test_a_keys_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIVER_API_KEY_FILE", "secret")
    Path("secret").write_text(KEY)
    settings = load()

    Path("secret").unlink()  # as while a secret is exchanged

    assert settings.keys["default"].key.get_secret_value() == KEY


@pytest.mark.parametrize("named", ["argument", "variable", "here"])
def test_the_file_is_found_where_it_was_named(
    named: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = "[receiver.api_keys]\nci = '{}'\n".format
    write(section("here"))
    monkeypatch.setenv("DEPLOYMENT_DASHBOARD_CONFIG", str(folder / "variable.toml"))
    write(section("variable"), "variable.toml")
    argument = write(section("argument"), "argument.toml") if named == "argument" else None
    if named == "here":
        monkeypatch.delenv("DEPLOYMENT_DASHBOARD_CONFIG")

    assert load(argument).keys == keys({"ci": named})


@pytest.mark.parametrize("name", ["DEPLOYMENT_DASHBOARD_CONFIG", "RECEIVER_API_KEY_FILE"])
def test_a_file_that_was_named_must_be_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "nowhere.toml")

    assert mistakes() == ["nowhere.toml: No such file or directory"]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RECEIVER_PORT": "http"}, ["RECEIVER_PORT"]),
        ({"RECEIVER_PORT": "65536"}, ["RECEIVER_PORT"]),
        ({"RECEIVER_API_KEY": f"{KEY} x"}, ["RECEIVER_API_KEY"]),
        ({"RECEIVER_API_KEY": f"{KEY}é"}, ["RECEIVER_API_KEY"]),
        ({"RECEIVER_API_KEYS": KEY}, ["RECEIVER_API_KEYS"]),
        ({"RECEIVER_NAMES": "pr-*=preview"}, ["RECEIVER_NAMES"]),
        ({"RECEIVER_NAMES": "null"}, ["RECEIVER_NAMES"]),
        ({"RECEIVER_DATABASE_URL": "deployments.db"}, ["RECEIVER_DATABASE_URL"]),
        ({"RECEIVER_DATABASE_URL": f"mysql://u:{KEY}@h/d"}, ["RECEIVER_DATABASE_URL"]),
        ({"RECEIVER_DATABASE_URL": "sqlite+aiosqlite://"}, ["RECEIVER_DATABASE_URL"]),
        ({"RECEIVER_DATABASE_URL": "sqlite+aiosqlite:///:memory:"}, ["RECEIVER_DATABASE_URL"]),
        ({"RECEIVER_DATABASE_URL": f"{POSTGRES}?sslmode=require"}, ["RECEIVER_DATABASE_URL"]),
        ({"RECEIVER_DATABASE_URL": f"{POSTGRES}?host=a:5432,b:5432"}, ["RECEIVER_DATABASE_URL"]),
        (
            {"RECEIVER_PORT": "x", "RECEIVER_API_KEY": "a b", "RECEIVER_DATABASE_URL": "x"},
            ["RECEIVER_PORT", "RECEIVER_DATABASE_URL", "RECEIVER_API_KEY"],
        ),
    ],
    ids=str,
)
def test_each_mistake_is_one_line_that_names_the_variable(
    variables: dict[str, str], named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEIVER_API_KEY", KEY)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    lines = mistakes()

    assert [f"({name})" in line for name, line in zip(named, lines, strict=True)]
    assert not [line for line in lines if "\n" in line]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[receiver\n", ["config.toml"]),
        (f'[receiver]\nport = "{KEY}\n', ["config.toml"]),
        pytest.param(f"deep = {'[' * 5000}", ["it is nested too deeply"], id="deep"),
        pytest.param(f"long = {'1' * 5000}", ["config.toml: Exceeds the limit"], id="long"),
        (f'receiver = "{KEY}"\n', ["config.toml"]),
        ("[recever]\nport = 1\n", ["config.toml: [recever]"]),
        ("[receiver]\nprot = 1\n", ["receiver.prot"]),
        ('[receiver]\nhost = ""\n[receiver.api_keys]\nci = "k"\n', ["receiver.host"]),
        ('[receiver]\napi_keys = "key"\n', ["receiver.api_keys"]),
        (f'[receiver.api_keys]\nci = "{KEY} "\nok = "k"\n', ["receiver.api_keys.ci"]),
        (f"[receiver.api_keys]\n'' = '{KEY}'\n", ["no control character"]),
        (f'[receiver.api_keys]\n"a\\u0000" = "{KEY}"\n', ["no control character"]),
        ("[receiver.api_keys]\nci = 1\nother = ''\n", ["receiver.api_keys.ci", "other"]),
        ("[receiver.names]\nmatch = { service = 'a' }\n", ["must be a list: [[receiver.names]]"]),
        ("[[receiver.names]]\nmatch = { service = 'a' }\n", ["receiver.names[1] "]),
        (
            "[[receiver.names]]\nmatch.servce = 'a'\nhide = true\n",
            ["receiver.names[1].match.servce: "],
        ),
        ("[receiver]\nenvironment_order = 1\nhost = 1\n", ["host", "environment_order"]),
    ],
    ids=repr,
)
def test_each_mistake_of_the_file_is_one_line_that_names_it(text: str, names: list[str]) -> None:
    write(text)

    lines = mistakes()

    assert [name in line for name, line in zip(names, lines, strict=True)] == [True] * len(names)


def test_a_password_after_the_question_mark_is_refused_before_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECEIVER_API_KEY", KEY)
    monkeypatch.setenv("RECEIVER_DATABASE_URL", f"{POSTGRES}?password=hush&ssl=require")

    (line,) = mistakes()

    assert "takes no password after the ?, only host, " in line
    assert "hush" not in line


@pytest.mark.parametrize("options", ["ssl=require", "host=a:1&host=b:2", "passfile=x&host=/run"])
def test_a_postgresql_url_may_say_how_to_connect(
    options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEIVER_API_KEY", KEY)
    monkeypatch.setenv("RECEIVER_DATABASE_URL", f"{POSTGRES}?{options}")

    assert load().database_url == f"{POSTGRES}?{options}"


def test_a_name_that_no_event_could_have_is_told_in_the_words_of_a_refusal() -> None:
    write(
        f"""
        [receiver.api_keys]
        ci = "{KEY}"
        [[receiver.names]]
        match = {{ service = "a" }}
        show = {{ service = "b " }}
        """
    )

    (line,) = mistakes()

    assert line.endswith(": must have no control character, and no space at either end")


@pytest.mark.parametrize("content", [b"", b"a b", b"\xff\xfe" + KEY.encode()])
def test_a_file_without_a_key_in_it_is_named(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("secret").write_bytes(content)
    monkeypatch.setenv("RECEIVER_API_KEY_FILE", "secret")

    (line,) = mistakes()

    assert line.startswith("secret: ")


def test_a_key_is_not_in_what_is_printed_of_the_settings() -> None:
    settings: dict[str, Any] = {"api_key": KEY, "api_keys": {"ci": KEY}}

    assert KEY not in repr(Settings(**settings))


def test_what_cares_for_the_log_needs_no_key_and_no_more_than_its_place() -> None:
    write('[receiver]\nport = "none"\ndatabase_url = "sqlite+aiosqlite:///elsewhere.db"')

    assert load_log().database_url == "sqlite+aiosqlite:///elsewhere.db"


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"ci": 3}'])
def test_keys_in_a_variable_are_a_mistake_that_says_where_they_belong(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEIVER_API_KEYS", text)

    with pytest.raises(BadSettings) as caught:
        load(None)

    assert caught.value.lines == ["receiver.api_keys: must be a table in the file"]
