"""The helper `notify`: in each shell of this machine, before a dashboard that does its worst."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.program import DEADLINE_SECONDS, Receiver, clean_environment
from tests.system import integrate
from tests.system.front import Fault, Front, front
from tests.system.recipe import composite
from tests.system.variables import CI, SHA

FOLDER: Final = Path(__file__).parents[2] / "integrations" / "notify"
SHELLS: Final = [
    shell
    for shell in (("sh",), ("dash",), ("bash", "--posix"), ("busybox", "sh"))
    if shutil.which(shell[0])
]


@dataclass
class Pipeline:
    """A machine that runs pipelines: its notify, its spool, where it thinks the dashboard is."""

    folder: Path
    url: str
    key: str = Receiver.key
    shell: tuple[str, ...] = ("sh",)
    variables: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [*self.shell, str(FOLDER / "notify"), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        dashboard = {"DASHBOARD_URL": self.url, "DASHBOARD_API_KEY": self.key}
        spool = {"DASHBOARD_SPOOL": str(self.folder / "spool")}
        return clean_environment() | dashboard | spool | self.variables

    def notify(self, status: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Tell of a deployment of checkout to prod, without trying twice."""
        plain = ("--service", "checkout", "--environment", "prod", "--retries", "0")
        return self.run(status, *plain, *arguments)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def waiting(self) -> list[Any]:
        """The events in the spool."""
        files = sorted((self.folder / "spool").rglob("*"))
        return [json.loads(file.read_text()) for file in files if file.is_file()]


@pytest.fixture
def dashboard(shared_receiver: Receiver) -> Iterator[Front]:
    """Before a dashboard that all tests here share: each uses deployments of its own."""
    with front(shared_receiver) as server:
        yield server


@pytest.fixture
def pipeline(tmp_path: Path, dashboard: Front) -> Pipeline:
    return Pipeline(tmp_path, dashboard.url)


def stored(receiver: Receiver, deployment_id: str) -> list[Any]:
    """What the dashboard has of a deployment, newest first."""
    items: list[Any] = receiver.get(f"/api/deployments?deployment_id={deployment_id}")["items"]
    return items


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_start_and_an_end_are_a_line_each(
    pipeline: Pipeline, dashboard: Front, shell: tuple[str, ...]
) -> None:
    pipeline.shell = shell
    identity = ("--deployment-id", f"run-{'-'.join(shell)}")

    start = pipeline.notify("in-progress", *identity, "--parent", "run-a", "--parent", 'r"b')
    end = pipeline.notify("success", *identity, "--actor", 'Zoë\t"O\\Neil"', "--version", "1.2.0")

    assert (start.returncode, end.returncode) == (0, 0)
    assert (start.stderr, end.stderr) == ("", "")
    ended, started = stored(dashboard.receiver, identity[1])
    assert (started["status"], ended["status"]) == ("in-progress", "success")
    assert started["parent_deployments"] == ["run-a", 'r"b']
    assert ended["actor"] == 'Zoë "O\\Neil"'
    assert ended["progress_reporter"] == "notify"
    current = dashboard.receiver.slot("checkout", "prod")["current"]
    assert current["version"] == "1.2.0"
    assert pipeline.waiting == []


@pytest.mark.parametrize("fault", [503, 500, 429, 401, 404, "never answers"])
def test_what_could_not_be_sent_fails_nothing_and_is_sent_by_the_next_call(
    pipeline: Pipeline, dashboard: Front, fault: Fault
) -> None:
    dashboard.fault = fault
    first, second = f"first-{fault}".replace(" ", "-"), f"second-{fault}".replace(" ", "-")
    done = pipeline.notify("failure", "--deployment-id", first, "--timeout", "0.2")

    assert done.returncode == 0
    assert "waits in" in done.stderr
    assert [event["deployment_id"] for event in pipeline.waiting] == [first]

    dashboard.fault = None
    assert pipeline.notify("success", "--deployment-id", second).returncode == 0

    assert [event["status"] for event in stored(dashboard.receiver, first)] == ["failure"]
    assert [event["status"] for event in stored(dashboard.receiver, second)] == ["success"]
    assert pipeline.waiting == []


def test_a_dashboard_that_is_away_gets_what_happened_meanwhile_when_it_is_back(
    tmp_path: Path, receiver: Receiver
) -> None:
    pipeline = Pipeline(tmp_path, receiver.url)
    receiver.kill()
    for number in range(3):
        assert pipeline.notify("success", "--deployment-id", f"away-{number}").returncode == 0
    assert len(pipeline.waiting) == 3

    receiver.start()
    assert pipeline.notify("success", "--deployment-id", "back").returncode == 0

    ids = {event["deployment_id"] for event in receiver.get("/api/deployments")["items"]}
    assert ids == {"away-0", "away-1", "away-2", "back"}
    assert pipeline.waiting == []


def test_an_event_whose_answer_was_lost_is_stored_once(
    pipeline: Pipeline, dashboard: Front
) -> None:
    dashboard.fault = "loses the answer"
    pipeline.notify("success", "--deployment-id", "lost")
    assert len(stored(dashboard.receiver, "lost")) == 1

    dashboard.fault = None
    pipeline.notify("success", "--deployment-id", "after-the-loss")

    assert len(stored(dashboard.receiver, "lost")) == 1
    assert pipeline.waiting == []


def test_several_at_once_send_what_waits_once(pipeline: Pipeline, dashboard: Front) -> None:
    dashboard.fault = 503
    for number in range(4):
        pipeline.notify("success", "--deployment-id", f"waiting-{number}")
    dashboard.fault = None

    plain = ("--service", "checkout", "--environment", "prod", "--deployment-id", "at-once")
    command = pipeline.command("success", *plain)
    together = [subprocess.Popen(command, env=pipeline.environment) for _ in range(3)]

    assert [process.wait() for process in together] == [0, 0, 0]
    for number in range(4):
        assert len(stored(dashboard.receiver, f"waiting-{number}")) == 1
    assert len(stored(dashboard.receiver, "at-once")) == 3
    assert pipeline.waiting == []


def test_what_waited_long_is_sent_in_portions(pipeline: Pipeline, dashboard: Front) -> None:
    dashboard.fault = 503
    pipeline.notify("success", "--deployment-id", "portions")
    dashboard.fault = None
    (spooled,) = (pipeline.folder / "spool").rglob("*.json")
    for number in range(51):
        shutil.copy(spooled, spooled.with_stem(f"{spooled.stem}{number}"))

    counts = []
    for _ in range(2):
        pipeline.notify("success", "--deployment-id", "one-more")
        counts.append(len(stored(dashboard.receiver, "portions")))

    assert counts == [50, 52]


def test_an_event_is_kept_when_notify_is_killed_while_it_sends(
    pipeline: Pipeline, dashboard: Front
) -> None:
    dashboard.fault = "never answers"
    named = ("--service", "checkout", "--environment", "prod", "--deployment-id", "killed")
    command = pipeline.command("success", *named, "--timeout", "1")
    with subprocess.Popen(command, env=pipeline.environment, stderr=subprocess.DEVNULL) as process:
        assert dashboard.asked.wait(DEADLINE_SECONDS)
        process.kill()

    assert [event["deployment_id"] for event in pipeline.waiting] == ["killed"]


def test_a_refused_event_is_told_and_given_up_and_the_next_ones_go_on(
    pipeline: Pipeline, dashboard: Front
) -> None:
    dashboard.fault = 503
    pipeline.notify("success", "--deployment-id", "refused", "--run-number", "4.2")
    pipeline.notify("success", "--deployment-id", "behind-the-refused")
    assert len(pipeline.waiting) == 2
    dashboard.fault = None

    done = pipeline.notify("success", "--deployment-id", "in-front")

    assert done.returncode == 0
    assert "refused the event (422)" in done.stderr
    assert "/run_number" in done.stderr
    assert stored(dashboard.receiver, "refused") == []
    assert len(stored(dashboard.receiver, "behind-the-refused")) == 1
    assert pipeline.waiting == []


@pytest.mark.parametrize("fault", [503, 422, "never answers"])
def test_strict_fails_the_build_when_the_event_is_not_stored(
    pipeline: Pipeline, dashboard: Front, fault: Fault
) -> None:
    dashboard.fault = fault
    done = pipeline.notify("success", "--strict", "--deployment-id", "run-1", "--timeout", "0.2")

    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("success",), "--service is missing"),
        (("success", "--service", "a", "--environment", "b"), "--deployment-id is missing"),
        (("done",), "done is not a STATUS"),
        ((), "STATUS is missing"),
        (("success", "--colour", "red"), "there is no option --colour"),
        (("success", "--service"), "--service needs a value"),
    ],
)
def test_a_wrong_call_is_told_and_fails_the_build_only_when_strict(
    pipeline: Pipeline, dashboard: Front, arguments: tuple[str, ...], said: str
) -> None:
    lenient, strict = pipeline.run(*arguments), pipeline.run("--strict", *arguments)

    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert said in lenient.stderr
    assert not dashboard.asked.is_set()


def test_without_an_address_or_a_key_it_says_so(pipeline: Pipeline) -> None:
    for variable in ("DASHBOARD_URL", "DASHBOARD_API_KEY"):
        pipeline.variables = {variable: ""}
        done = pipeline.notify("success", "--deployment-id", "run-1")
        assert done.returncode == 0
        assert f"{variable} is not set" in done.stderr


def test_without_a_place_for_the_spool_it_sends_all_the_same(
    pipeline: Pipeline, dashboard: Front
) -> None:
    (pipeline.folder / "spool").write_text("a file is in its place")

    done = pipeline.notify("success", "--deployment-id", "no-spool")

    assert "cannot be written" in done.stderr
    assert len(stored(dashboard.receiver, "no-spool")) == 1


def test_what_waits_for_one_dashboard_is_not_sent_to_another(
    pipeline: Pipeline, dashboard: Front
) -> None:
    pipeline.url = "http://127.0.0.1:9"  # the port of `discard`, where nothing listens
    pipeline.notify("success", "--deployment-id", "for-the-other")
    pipeline.url = dashboard.url

    pipeline.notify("success", "--deployment-id", "for-this-one")

    assert stored(dashboard.receiver, "for-the-other") == []
    assert [event["deployment_id"] for event in pipeline.waiting] == ["for-the-other"]


def command_lines() -> Iterator[bytes]:
    """Of all that runs on the machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended since
            yield path.read_bytes()


def test_nobody_on_the_machine_sees_the_key_or_the_events(
    pipeline: Pipeline, dashboard: Front
) -> None:
    pipeline.key = "a-key-that-no-other-test-has"
    dashboard.fault = "never answers"
    named = ("--service", "checkout", "--environment", "prod", "--deployment-id", "seen")
    command = pipeline.command("success", *named, "--timeout", "60", "--retries", "0")
    with subprocess.Popen(command, env=pipeline.environment, stderr=subprocess.DEVNULL) as process:
        assert dashboard.asked.wait(DEADLINE_SECONDS)
        running = list(command_lines())
        process.kill()
    assert any(dashboard.url.encode() in command for command in running)
    assert not any(pipeline.key.encode() in command for command in running)
    (spooled,) = (pipeline.folder / "spool").rglob("*.json")
    assert spooled.stat().st_mode & 0o077 == 0


def test_what_could_not_be_sent_for_a_week_is_given_up_and_told(
    pipeline: Pipeline, dashboard: Front
) -> None:
    dashboard.fault = 503
    pipeline.notify("success", "--deployment-id", "forgotten")
    (spooled,) = (pipeline.folder / "spool").rglob("*.json")
    long_ago = time.time() - 9 * 86_400
    os.utime(spooled, (long_ago, long_ago))
    dashboard.fault = None

    done = pipeline.notify("success", "--deployment-id", "remembered")

    assert "given up after 7 days" in done.stderr
    assert stored(dashboard.receiver, "forgotten") == []


WORDS: Final = {
    "success": ("success", "SUCCESS", "Succeeded", "SucceededWithIssues", "Completed", "0"),
    "failure": ("failure", "failed", "Failed", "canceled", "cancelled", "ABORTED", "1", "137"),
    "in-progress": ("in-progress", "running"),
}


def test_the_words_of_the_ci_tools_are_statuses(pipeline: Pipeline) -> None:
    for status, words in WORDS.items():
        for word in words:
            done = pipeline.notify(word, "--deployment-id", "run-1", "--dry-run")
            assert json.loads(done.stdout)["status"] == status, word


@pytest.mark.parametrize("tool", CI)
def test_in_a_ci_tool_the_rest_comes_from_its_variables(pipeline: Pipeline, tool: str) -> None:
    pipeline.variables = CI[tool].variables
    expected = {"service": "checkout", "environment": "test"} | CI[tool].event
    said = ["--service", "checkout"] if tool == "Jenkins" else []  # it has no name for it
    if "environment" not in CI[tool].event:
        said += ["--environment", "test"]

    event = json.loads(pipeline.run("success", *said, "--dry-run").stdout)

    assert event.pop("happened_at")
    assert event == expected | {"status": "success", "version": SHA, "sha": SHA}


@pytest.mark.parametrize("row", integrate.table("What to send", 1), ids=lambda row: row[0])
def test_the_page_says_what_it_takes_from_a_ci_tool(row: list[str]) -> None:
    """By the page's table of expressions."""
    tool = CI[row[0]]
    variables = tool.variables | {"BUILD_USER": ""}

    def value(expression: str) -> str:
        found = re.match(r"`(.*)`", expression)
        return re.sub(r"\$(\w+)", lambda match: variables[match[1]], found[1]) if found else ""

    names = ("deployment_id", "run_url", "run_number", "actor", "ref", "sha")
    expressions = [*row[1:5], *row[5].split(", ")]
    said = dict(zip(names, map(value, expressions), strict=True))
    assert said.pop("sha") == SHA
    assert said["run_url"].replace(" ", "%20") == tool.event["run_url"]
    for name in ("deployment_id", "run_number", "actor", "ref"):
        assert said[name] == str(tool.event.get(name, "")), name


def test_the_action_tells_the_dashboard_what_its_inputs_say(
    pipeline: Pipeline, dashboard: Front
) -> None:
    inputs = {
        "url": dashboard.url,
        "api-key": pipeline.key,
        "status": "cancelled",
        "environment": "prod",
        "version": '1.2.0"; $(exit 3)',
        "parents": "gh-1 *",
    }
    variables = CI["GitHub Actions"].variables | {"GITHUB_RUN_ID": "77"}

    done = composite(FOLDER, inputs).run(dashboard.receiver, pipeline.folder, **variables)

    assert (done.returncode, done.stderr) == (0, "")
    (event,) = stored(dashboard.receiver, "gh-77")
    assert event["status"] == "failure"
    assert event["service"] == "checkout"
    assert event["version"] == '1.2.0"; $(exit 3)'
    assert event["parent_deployments"] == ["gh-1", "*"]


def test_help_names_every_option_and_every_variable(pipeline: Pipeline) -> None:
    done = pipeline.run("--help")

    assert done.returncode == 0
    for word in ("--strict", "--timeout", "--retries", "--dry-run", *pipeline.environment):
        if word.startswith(("--", "DASHBOARD_")):
            assert word in done.stdout
