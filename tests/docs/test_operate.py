"""What docs/operate.md tells an operator to type does what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from receiver.config import load
from receiver.names import Names
from tests.docs import tree
from tests.postgres import PostgresServer
from tests.program import Receiver, clean_environment

PAGE: Final = (tree.ROOT / "docs/operate.md").read_text()
# The service manager is the world outside: `stop` ends the receiver and waits until it let go.
SYSTEMCTL: Final = """\
#!/bin/sh
[ "$1" != stop ] || { kill "$RECEIVER"; [ ! -d data ] || flock data/deployments.db.lock true; }
"""


def commands(heading: str) -> list[str]:
    """The commands below a heading."""
    section = re.split(r"^#+ ", PAGE, flags=re.MULTILINE)
    (text,) = [one for one in section if one.startswith(f"{heading}\n")]
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def shell(receiver: Receiver, tmp_path: Path) -> dict[str, str]:
    return shell_of(receiver, tmp_path)


def shell_of(receiver: Receiver, tmp_path: Path) -> dict[str, str]:
    """The variables of an operator's shell, with the receiver's own settings."""
    programs, backups = tmp_path / "programs", tmp_path / "backups"
    programs.mkdir()
    backups.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "systemctl").chmod(0o755)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    return clean_environment() | {
        "PATH": os.pathsep.join(path),
        "BACKUPS": str(backups),
        "NEW": f"sqlite+aiosqlite:///{tmp_path}/new.db",
        "RECEIVER": str(receiver.pid),
    }


def run(command: str, folder: Path, shell: dict[str, str]) -> str:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=shell,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_names_are_shown_as_the_page_says(tmp_path: Path) -> None:
    (entries,) = re.findall(
        r"^```toml\n(.*?receiver\.names.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
    )
    config = tmp_path / "config.toml"
    config.write_text(f'[receiver.api_keys]\nci = "key"\n{entries}')
    names = Names(load(config).names)

    assert names.slot(("old-shop", "pr-7")) == ("shop", "preview")
    assert names.slot(("legacy-billing", "prod")) == ("legacy-billing", "prod")
    assert names.slot(("legacy-mail", "prod")) is names.slot(("spike-1", "pr-7")) is None


def test_a_backup_is_restored_as_the_page_says(receiver: Receiver, shell: dict[str, str]) -> None:
    kept = receiver.post(version="1.0")
    backup, check, export = commands("Backup")
    run(backup, receiver.folder, shell)
    receiver.post(version="2.0")
    assert "1 event in 1 slot: nothing is wrong" in run(check, receiver.folder, shell)
    run(export, receiver.folder, shell)
    assert (receiver.folder / "backups/deployments.ndjson").read_text().count("\n") == 2

    (restore,) = commands("Restore")
    assert "1 event in 1 slot: nothing is wrong" in run(restore, receiver.folder, shell)

    receiver.wait()
    receiver.start()
    assert receiver.get("/api/deployments")["items"] == [kept]


def test_a_dump_of_postgresql_is_restored_as_the_page_says(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    dumped, restored = postgres.database(), postgres.database()
    with Receiver(tmp_path, RECEIVER_DATABASE_URL=dumped) as receiver:
        shell = shell_of(receiver, tmp_path)
        shell["PATH"] = f"{postgres.programs}:{shell['PATH']}"
        kept = receiver.post(version="1.0", parent_deployments=["éclair"])
        dump, restore = commands("Backup and restore of PostgreSQL")
        run(dump, tmp_path, shell | {"DATABASE": dumped.replace("+asyncpg", "")})
        receiver.post(version="2.0")

        settings = {"DATABASE": restored.replace("+asyncpg", ""), "RECEIVER_DATABASE_URL": restored}
        told = run(restore, tmp_path, shell | settings)
        receiver.wait()
        receiver.settings |= {"RECEIVER_DATABASE_URL": restored}
        receiver.start()

        assert "1 event in 1 slot: nothing is wrong" in told
        assert receiver.get("/api/deployments")["items"] == [kept]
        assert receiver.post()["id"] == kept["id"] + 1


def test_a_log_is_moved_as_the_page_says(receiver: Receiver, shell: dict[str, str]) -> None:
    sent = [receiver.post(version=str(number)) for number in range(3)]
    (move,) = commands("Moving to PostgreSQL, or back")

    assert "3 events in 1 slot: nothing is wrong" in run(move, receiver.folder, shell)

    receiver.wait()
    receiver.settings["RECEIVER_DATABASE_URL"] = shell["NEW"]
    receiver.start()
    assert receiver.get("/api/deployments")["items"] == sorted(sent, key=lambda e: -e["id"])
