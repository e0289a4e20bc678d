"""docs/faq.md: its commands run, and the refusals that it explains are those of the receiver."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from receiver.submission import Invalid, parse
from tests.docs import tree
from tests.program import Receiver, ago, clean_environment, deployment

PAGE: Final = (tree.ROOT / "docs" / "faq.md").read_text()


def section(heading: str) -> str:
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found, heading
    return rest.partition("\n## ")[0]


def run(receiver: Receiver, heading: str) -> str:
    """Run the commands below a heading; what they say."""
    commands = re.findall(r"^```sh\n(.*?)^```$", section(heading), re.DOTALL | re.MULTILINE)
    variables = {
        "DASHBOARD_URL": receiver.url,
        "DASHBOARD_API_KEY": receiver.key,
        "PATH": f"{Path(sys.executable).parent}:{clean_environment()['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=receiver.folder,
        env=clean_environment() | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_commands_show_what_they_are_said_to_show(shared_receiver: Receiver) -> None:
    receiver = shared_receiver
    began_at = ago(minutes=5)
    receiver.post(version="1.0.0", status="in-progress", happened_at=began_at)
    receiver.send(**deployment(colour="red"))

    refused, _, arrived = run(receiver, "Nothing shows up").partition('{"items":[{"id"')
    assert "/colour" in refused
    assert '"run-1"' in arrived
    assert '"1.0.0"' in run(receiver, "The wrong version is current")
    assert "retry: 2000" in run(receiver, "The page is not live")
    assert run(receiver, "401: the key is not known") == "200\n"
    run(receiver, "It stays in progress")
    assert receiver.slot("checkout", "prod")["current"]["status"] == "failure"


def test_two_names_become_one_in_a_copy_of_the_log(receiver: Receiver) -> None:
    receiver.post(environment="production", version="1.0.0")
    receiver.post(environment="prod", version="2.0.0")

    run(receiver, "A service was renamed, or has two names")
    receiver.kill()
    receiver.settings["RECEIVER_DATABASE_URL"] = "sqlite+aiosqlite:///data/renamed.db"
    receiver.start()

    assert receiver.get("/api/environments")["items"] == ["prod"]
    assert receiver.slot("checkout", "prod")["current"]["version"] == "2.0.0"


REFUSED: Final[tuple[dict[str, Any], ...]] = (
    {"happened_at": "2026-11-20 12:00:00"},
    {"status": "Succeeded"},
    {"run_number": "42"},
    {"service": ""},
    {"service": "checkout\n"},
    {"colour": "red"},
)


def test_the_refusals_that_it_explains_are_the_receivers(shared_receiver: Receiver) -> None:
    first, *others = re.findall(
        r"^\| (.*?) \| ", section("422: the event is refused"), re.MULTILINE
    )
    bodies = [json.dumps(deployment(**fields)).encode() for fields in REFUSED]
    said = [mistakes(body) for body in [*bodies, b'{"version": "a"b"}']]
    said.append(reused_key(shared_receiver))

    assert first == "`pointer` and `message`"
    for explained, mistake in zip(others, said, strict=True):
        assert explained.replace("`", "") in mistake


def reused_key(receiver: Receiver) -> str:
    """What is wrong with an Idempotency-Key that comes with a second event."""
    headers = {
        "X_Api_Key": receiver.key,
        "Content_Type": "application/json",
        "Idempotency_Key": "a",
    }
    for version in ("1.0.0", "2.0.0"):
        body = json.dumps(deployment(version=version)).encode()
        answer = receiver.request("POST", "/api/deployments", body, **headers)
    return " ".join(error["message"] for error in answer.json["errors"])


def mistakes(body: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        parse(body)
    return "; ".join(f"{pointer} {message}" for pointer, message in refused.value.mistakes)
