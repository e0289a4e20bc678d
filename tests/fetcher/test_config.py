import os
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from fetcher.config import Mistakes, Settings, load
from tests.fake_github import FakeGitHub


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and none of the variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FETCHER_", "GH_", "GITHUB_", "DEPLOYMENT_DASHBOARD_")):
            monkeypatch.delenv(name)


def write(text: str, path: Path = Path("config.toml")) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(config: Path | None = None) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        load(config)
    return caught.value.lines


def token(settings: Settings) -> str | None:
    secret = settings.github.token
    return secret.get_secret_value() if secret else None


def api_key(settings: Settings) -> str | None:
    return settings.api_key.get_secret_value() if settings.api_key else None


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    Path("config.toml").write_text("[fetcher]\nrepositories = ['a/b']\n", encoding="utf-8-sig")

    assert load(None).repositories == ("a/b",)


def test_without_a_file_and_variables_everything_has_its_default() -> None:
    settings = load(None)

    assert settings.model_dump(mode="json") == {
        "receiver_url": "http://127.0.0.1:8080",
        "receiver_timeout_seconds": 10,
        "api_key": None,
        "api_key_file": None,
        "listen": None,
        "state": "data/fetcher.db",
        "repositories": [],
        "poll_seconds": 30,
        "backfill_days": 7,
        "rules": [],
        "log_format": "text",
        "github": {
            "api_url": "https://api.github.com",
            "token": None,
            "token_file": None,
            "app_id": None,
            "private_key": None,
            "private_key_file": None,
            "credentials": [],
            "requests_per_minute": 600,
            "budget_percent": 50,
            "id_prefix": "gh",
        },
    }


def test_the_file_of_the_folder_is_read_and_the_receivers_section_is_none_of_ours() -> None:
    write('[receiver]\nwhat = "ever"\n[fetcher]\npoll_seconds = 5\n[fetcher.github]\nid_prefix="g"')

    settings = load(None)

    assert (settings.poll_seconds, settings.github.id_prefix) == (5, "g")


def test_the_file_can_be_named_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[fetcher]\npoll_seconds = 1")
    named = write("[fetcher]\npoll_seconds = 2", Path("named.toml"))
    given = write("[fetcher]\npoll_seconds = 3", Path("given.toml"))
    monkeypatch.setenv("DEPLOYMENT_DASHBOARD_CONFIG", str(named))

    assert load(None).poll_seconds == 2
    assert load(given).poll_seconds == 3


def test_variables_win_over_the_file_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[fetcher]\npoll_seconds = 5\n[fetcher.github]\ntoken="file"\nbudget_percent=10')
    monkeypatch.setenv("FETCHER_POLL_SECONDS", "6")
    monkeypatch.setenv("FETCHER_GITHUB__TOKEN", "variable")

    settings = load(None)

    assert (settings.poll_seconds, settings.github.budget_percent) == (6, 10)
    assert token(settings) == "variable"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETCHER_POLL_SECONDS", "")
    monkeypatch.setenv("FETCHER_API_KEY", "")

    assert load(None).poll_seconds == 30


@pytest.mark.parametrize(
    ("variable", "label"),
    [
        ("FETCHER_POL_SECONDS", "fetcher.pol_seconds"),
        ("FETCHER_GITHUB_TOKEN", "fetcher.github_token"),
        ("FETCHER_GITHB__TOKEN", "fetcher.githb__token"),
        ("FETCHER_GITHUB__TOKN", "fetcher.github.tokn"),
    ],
)
def test_a_variable_that_is_no_setting_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, variable: str, label: str
) -> None:
    monkeypatch.setenv(variable, "hush")

    assert mistakes() == [f"{label} ({variable}): there is no such setting"]


@pytest.mark.parametrize(
    "variable", ["SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_80_TCP_ADDR"]
)
def test_what_kubernetes_sets_for_a_service_named_fetcher_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(f"FETCHER_{variable}", "tcp://10.0.0.1:80")

    assert load(None).poll_seconds == 30


@pytest.mark.parametrize(
    "value", ["acme/shop,acme/api", " acme/shop , acme/api ,", "acme/shop,acme/api,ACME/Shop"]
)
def test_repositories_in_a_variable_have_commas_between(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("FETCHER_REPOSITORIES", value)

    assert {name.lower() for name in load(None).repositories} == {"acme/shop", "acme/api"}


def test_repositories_in_the_file_are_a_list() -> None:
    write('[fetcher]\nrepositories = ["acme/shop", "my_org/.github"]')

    assert load(None).repositories == ("acme/shop", "my_org/.github")


def test_githubs_own_variables_are_the_last_resort_for_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "third")
    assert token(load(None)) == "third"
    monkeypatch.setenv("GH_TOKEN", "second")
    assert token(load(None)) == "second"
    write('[fetcher.github]\ntoken = "first"')
    assert token(load(None)) == "first"


@pytest.mark.parametrize(
    ("host", "api_url", "expected"),
    [
        ("github.com", "https://api.github.com", "cloud"),
        ("acme.ghe.com", "https://api.acme.ghe.com", "cloud"),
        ("github.example.com", "https://github.example.com/api/v3", "enterprise"),
    ],
)
def test_githubs_own_variable_for_the_host_is_the_last_resort_for_the_server(
    monkeypatch: pytest.MonkeyPatch, host: str, api_url: str, expected: str
) -> None:
    monkeypatch.setenv("GH_TOKEN", "cloud")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "enterprise")
    monkeypatch.setenv("GH_HOST", host)

    assert load(None).github.api_url == api_url
    assert token(load(None)) == expected

    write('[fetcher.github]\napi_url = "https://api.github.com"')
    assert load(None).github.api_url == "https://api.github.com"
    assert token(load(None)) == "cloud"


@pytest.mark.parametrize(
    "given",
    [
        '[fetcher.github]\ntoken = "first"',
        '[[fetcher.github.credentials]]\nowners = ["acme"]\ntoken = "first"',
    ],
)
def test_a_token_of_the_settings_goes_to_no_host_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("GH_HOST", "github.example.com")
    write(given)

    assert load(None).github.api_url == "https://api.github.com"


def test_secrets_can_stand_in_files_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    write("the-key\n", Path("key"))
    write("the-token\n", Path("token"))
    write('[fetcher]\napi_key_file = "key"\n[fetcher.github]\ntoken_file = "token"')

    settings = load(None)
    assert (api_key(settings), token(settings)) == ("the-key", "the-token")

    write("another\n", Path("other"))
    monkeypatch.setenv("FETCHER_API_KEY_FILE", "other")
    monkeypatch.setenv("FETCHER_GITHUB__TOKEN_FILE", "other")
    settings = load(None)
    assert (api_key(settings), token(settings)) == ("another", "another")


def test_a_variables_file_wins_over_the_files_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    write("from-the-variable", Path("key"))
    write('[fetcher]\napi_key = "from-the-file"')
    monkeypatch.setenv("FETCHER_API_KEY_FILE", "key")

    assert api_key(load(None)) == "from-the-variable"


def test_a_variables_secret_wins_over_the_files_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("from-the-file", Path("key"))
    write('[fetcher]\napi_key_file = "key"')
    monkeypatch.setenv("FETCHER_API_KEY", "from-the-variable")

    assert api_key(load(None)) == "from-the-variable"


@pytest.mark.parametrize(
    ("text", "listen"),
    [("localhost:9090", ("localhost", 9090)), ("[::1]:0", ("::1", 0)), ("", None)],
)
def test_where_to_listen_is_a_host_and_a_port(
    monkeypatch: pytest.MonkeyPatch, text: str, listen: tuple[str, int] | None
) -> None:
    write(f'[fetcher]\nlisten = "{text}"')
    assert load(None).listen == listen
    monkeypatch.setenv("FETCHER_LISTEN", text)
    assert load(None).listen == listen


def test_the_state_is_a_file_or_a_postgresql_database() -> None:
    write('[fetcher]\nstate = "here/fetcher.db"')
    assert load(None).state == Path("here/fetcher.db")

    for scheme in ("postgresql+asyncpg", "postgresql", "postgres"):
        write(f'[fetcher]\nstate = "{scheme}://user:hush@host/name"')

        state = load(None).state
        assert isinstance(state, URL)
        assert state.drivername == "postgresql+asyncpg"
        assert (state.host, state.password, state.database) == ("host", "hush", "name")
        assert "hush" not in repr(load(None))


@pytest.mark.parametrize(
    ("api_url", "expected"),
    [
        ("https://api.github.com", "cloud"),
        ("https://api.acme.ghe.com", "cloud"),
        ("https://git.corp/api/v3", "enterprise"),
        ("https://github.com.evil.example/api/v3", "enterprise"),
        ("http://127.0.0.1:9", "enterprise"),
    ],
)
def test_a_token_of_the_environment_goes_to_its_own_server_only(
    monkeypatch: pytest.MonkeyPatch, api_url: str, expected: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "cloud")
    monkeypatch.setenv("GITHUB_ENTERPRISE_TOKEN", "enterprise")
    monkeypatch.setenv("FETCHER_GITHUB__API_URL", api_url)

    assert token(load(None)) == expected


def test_an_app_is_an_id_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = FakeGitHub().add_app().private_key
    write(pem, Path("app.pem"))
    write('[fetcher.github]\napp_id = 12345\nprivate_key_file = "app.pem"')
    monkeypatch.setenv("GH_TOKEN", "is not taken beside an App")

    github = load(None).github
    assert (github.app_id, token(load(None))) == ("12345", None)
    assert github.private_key
    assert github.private_key.get_secret_value() == pem.strip()


def test_a_key_may_stand_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = FakeGitHub().add_app().private_key
    monkeypatch.setenv("FETCHER_GITHUB__APP_ID", "Iv23li1")
    monkeypatch.setenv("FETCHER_GITHUB__PRIVATE_KEY", pem.replace("\n", "\\n"))

    key = load(None).github.private_key

    assert key
    assert key.get_secret_value() == pem


def test_each_owner_may_have_a_credential_and_the_first_that_names_it_is_taken() -> None:
    write("of-globex", Path("token"))
    write(
        """
        [fetcher.github]
        token = "of-all-others"
        [[fetcher.github.credentials]]
        owners = ["Acme", "acme-*"]
        token = "of-acme"
        [[fetcher.github.credentials]]
        owners = ["globex", "acme-labs"]
        token_file = "token"
        """
    )
    github = load(None).github

    def chosen(owner: str) -> str | None:
        secret = github.credential_for(owner).token
        return secret.get_secret_value() if secret else None

    owners = ("acme", "ACME-Labs", "globex", "acmeology")
    assert [chosen(owner) for owner in owners] == [
        "of-acme",
        "of-acme",
        "of-globex",
        "of-all-others",
    ]


def test_credentials_in_a_variable_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    value = '[{"owners": ["acme"], "token": "of-acme"}]'
    monkeypatch.setenv("FETCHER_GITHUB__CREDENTIALS", value)

    (credential,) = load(None).github.credentials

    assert credential.owners == ("acme",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("app_id = 1", "app_id and private_key (or private_key_file) go together"),
        ('app_id = 1\nprivate_key = "hush"', "private_key (FETCHER_GITHUB__PRIVATE_KEY): is not a"),
        (
            'credentials = [{owners = ["a"]}]',
            "credentials[1] (FETCHER_GITHUB__CREDENTIALS): give a",
        ),
        ('credentials = [{token = "hush"}]', "credentials[1].owners (FETCHER_GITHUB__CREDENTIALS)"),
        ('credentials = [{owners = [], token = "hush"}]', "credentials[1].owners (FETCHER_GITHUB"),
        ('credentials = [{owners = ["a/b"], token = "hush"}]', "'a/b' is neither an owner"),
        ('credentials = [{owners = ["a"], token_file = "no"}]', "credentials[1].token_file (FETC"),
        (
            'api_url = "http://git.corp"\ncredentials = [{owners = ["a"], token = "hush"}]',
            "api_url must be https:// when there is a token",
        ),
    ],
)
def test_a_mistake_in_a_credential_is_one_line_that_shows_no_secret(text: str, line: str) -> None:
    write(f"[fetcher.github]\n{text}")

    (said,) = mistakes()

    assert line in said
    assert "hush" not in said


def test_a_secret_in_a_file_is_complained_about_by_the_settings_name_and_the_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("hush", Path("app.pem"))
    write("two words", Path("key"))
    write('[fetcher.github]\napp_id = 1\nprivate_key_file = "app.pem"')
    monkeypatch.setenv("FETCHER_API_KEY_FILE", "key")

    key, pem = mistakes()

    assert key.startswith("fetcher.api_key_file (FETCHER_API_KEY_FILE): key contains a character")
    assert pem.startswith("fetcher.github.private_key_file (FETCHER_GITHUB__PRIVATE_KEY_FILE): app")
    assert pem.endswith(": app.pem is not a private key as GitHub gives it, in PEM form")


def test_a_token_and_an_app_for_the_same_owners_are_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FETCHER_GITHUB__PRIVATE_KEY", FakeGitHub().add_app().private_key)
    write('[fetcher.github]\ntoken = "t"\napp_id = 1')

    assert mistakes() == ["fetcher.github (FETCHER_GITHUB): give a token or an app_id, not both"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[fetcher]\nlisten = "9090"', "FETCHER_LISTEN): is not host:port, such as 127.0.0.1:9090"),
        ('[fetcher]\nlisten = "host:70000"', "FETCHER_LISTEN): is not host:port"),
        ('[fetcher]\nstate = "mysql://u:hush@host/d"', "FETCHER_STATE): is neither a file nor a "),
        ('[fetcher]\nstate = "postgresql://u:hush@host:x/d"', "FETCHER_STATE): is not an address"),
        ('[fetcher]\nstate = "postgresql://u@h/d?password=hush"', "FETCHER_STATE): takes no passw"),
        ('[fetcher]\nstate = "postgresql://u@h/d?host=a:1,b:2"', "FETCHER_STATE): is not an addre"),
        ('[fetcher]\nstate = ""', "FETCHER_STATE): must name a file or a database"),
        ("[fetcher]\npol_seconds = 1", "fetcher.pol_seconds (FETCHER_POL_SECONDS): there is no"),
        ("[fetcher.github]\ntokn = 1", "fetcher.github.tokn (FETCHER_GITHUB__TOKN): there is no"),
        ("[fetcher]\npoll_seconds = 0", "fetcher.poll_seconds (FETCHER_POLL_SECONDS): input shou"),
        ('[fetcher]\npoll_seconds = "x"', "fetcher.poll_seconds (FETCHER_POLL_SECONDS): input sh"),
        ('[fetcher]\nrepositories = ["shop"]', "FETCHER_REPOSITORIES): 'shop' is not owner/name"),
        ('[fetcher]\nrepositories = ["!acme/a"]', "REPOSITORIES): '!acme/a' leaves out nothing"),
        ('[fetcher]\nreceiver_url = "dash"', "FETCHER_RECEIVER_URL): is not an http"),
        (
            '[fetcher]\nreceiver_url = "http://u:p@dash"',
            "FETCHER_RECEIVER_URL): must not contain a u",
        ),
        ('[fetcher]\napi_key = "two words"', "FETCHER_API_KEY): contains a character"),
        ('[fetcher]\napi_key_file = "none"', "FETCHER_API_KEY_FILE): none can't be read: No such"),
        ('[fetcher]\napi_key="k"\napi_key_file="f"', "FETCHER_API_KEY_FILE): give the secret or"),
        ('[fetcher.github]\nid_prefix = "a b"', "FETCHER_GITHUB__ID_PREFIX): string should match"),
        ("[fetcher.github]\nbudget_percent = 101", "FETCHER_GITHUB__BUDGET_PERCENT): input should"),
        ('[fetcher.github]\ntoken="t"\napi_url="http://git.corp"', "must be https:// when there"),
        (
            "[fetchr]\n[fetcher]",
            "config.toml: [fetchr]: there are only the sections [receiver] and [fetcher]",
        ),
        ("fetcher = 1", "config.toml: fetcher must be a table"),
        ("[fetcher", "config.toml: is not TOML"),
        pytest.param(f"deep = {'[' * 5000}", "config.toml: is nested too deeply", id="deep"),
        pytest.param(f"long = {'1' * 5000}", "is not TOML: Exceeds the limit", id="long"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_setting_and_the_variable(
    text: str, line: str
) -> None:
    write(text)

    (said,) = mistakes()

    assert line in said
    assert "hush" not in said
    assert "\n" not in said


@pytest.mark.parametrize("variable", ["FETCHER_RULES", "FETCHER_GITHUB__CREDENTIALS"])
def test_a_variable_that_is_not_the_json_of_a_list_is_a_mistake(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "[{match = {}}]")

    (said,) = mistakes()

    assert f"({variable}): must be a list; in a variable it is JSON" in said


@pytest.mark.parametrize(
    ("variable", "text", "named"),
    [
        ("FETCHER_GITHUB", "nonsense", "fetcher.github"),
        ("FETCHER_RULES", "[1]", "fetcher.rules[1]"),
    ],
)
def test_a_variable_that_is_not_the_json_of_a_table_is_a_mistake(
    variable: str, text: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)

    assert mistakes() == [f"{named} ({variable}): must be a table; in a variable it is JSON"]


def test_every_mistake_is_said_at_once() -> None:
    write('[fetcher]\npoll_seconds = 0\nbackfill_days = -1\n[fetcher.github]\napi_url = "x"')

    assert len(mistakes()) == 3


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mistakes(Path("none.toml")) == ["none.toml: can't be read: No such file or directory"]
    monkeypatch.setenv("DEPLOYMENT_DASHBOARD_CONFIG", "gone.toml")
    assert mistakes() == ["gone.toml: can't be read: No such file or directory"]


@pytest.mark.parametrize(
    "url", ["https://git.corp/api/v3", "http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"]
)
def test_a_token_goes_to_https_or_to_this_machine(url: str) -> None:
    write(f'[fetcher.github]\ntoken = "t"\napi_url = "{url}/"')

    assert load(None).github.api_url == url


def test_no_mistake_and_no_settings_show_a_secret() -> None:
    write('[fetcher]\napi_key="hush-1"\nnot_a_setting="hush-2"\n[fetcher.github]\ntoken="hush 3"')

    assert "hush" not in "\n".join(mistakes())

    write('[fetcher]\napi_key = "hush-1"')
    assert "hush" not in repr(load(None))


def test_rules_are_read_from_the_file_and_a_mistake_in_one_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    written = '[[fetcher.rules]]\nmatch = { repository = "acme/*" }\nignore = true\n'
    config.write_text(written)
    assert load(config).rules[0].match.repository == "acme/*"

    config.write_text(written + '[[fetcher.rules]]\nmatch = { jobs = "x" }\nignore = true\n')
    with pytest.raises(Mistakes) as mistakes:
        load(config)
    assert mistakes.value.lines == [
        "fetcher.rules[2].match.jobs (FETCHER_RULES): there is no such setting"
    ]
