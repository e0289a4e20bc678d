"""`backup` copies a log that is written to meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from receiver.commands.backup import back_up
from receiver.commands.check import check_log
from receiver.commands.failure import Failure
from receiver.commands.signals import Stopped
from receiver.config import Settings
from receiver.database import StoreUnavailable
from receiver.database.snapshot import snapshot
from tests.receiver.api import Clock, serving, settings_for
from tests.receiver.exported import bring, exported, full_disk, lines_of, log_of


def names(folder: Path, pattern: str) -> list[str]:
    return [path.name for path in folder.glob(pattern)]


async def test_a_copy_is_the_log_and_a_receiver_starts_on_it(
    settings: Settings, tmp_path: Path, clock: Clock
) -> None:
    copy = tmp_path / "copy.db"
    async with serving(settings, clock) as api:
        sent = await api.append()
        back_up(settings.database_url, copy)
        await api.append()

    url = f"sqlite+aiosqlite:///{copy}"
    assert len(await check_log(url)) == 0
    assert copy.stat().st_mode & 0o077 == 0
    assert names(tmp_path, "copy*") == ["copy.db"]
    async with serving(settings_for(tmp_path, database_url=url), clock) as api:
        assert (await api.read("/api/deployments"))["items"] == [sent]


async def test_a_copy_is_one_state_whatever_is_written_meanwhile(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.database.snapshot.PAGES_AT_ONCE", 5)
    lines, copy, shares = lines_of(log_of(500)), tmp_path / "copy.db", []
    await bring(database_url, lines, tmp_path)

    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as writer:

        def step(share: float) -> None:
            shares.append(share)
            writer.execute("DELETE FROM event WHERE id % 5 = ?", [len(shares) % 5])

        snapshot(tmp_path / "log.db", copy, step)

    assert len(shares) > 5
    assert shares == sorted(set(shares))
    assert await exported(f"sqlite+aiosqlite:///{copy}", tmp_path) == lines
    assert await exported(database_url, tmp_path) == b""


@pytest.mark.parametrize("taken", ["copy.db", "copy.db-wal"])
def test_what_is_there_is_not_written_over(database_url: str, tmp_path: Path, taken: str) -> None:
    (tmp_path / "log.db").touch()
    (tmp_path / taken).write_text("mine")

    with pytest.raises(Failure, match=f"{taken}: already exists"):
        back_up(database_url, tmp_path / "copy.db")

    assert (tmp_path / taken).read_text() == "mine"


@pytest.mark.parametrize("folder", ["", ".", "/"])
def test_a_folder_is_no_target(database_url: str, folder: str) -> None:
    with pytest.raises(Failure, match="already exists"):
        back_up(database_url, Path(folder))


def test_what_fails_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no such file"):
        back_up(database_url, tmp_path / "copy.db")
    with pytest.raises(Failure, match="No such file or directory"):
        back_up(database_url, tmp_path / "missing" / "copy.db")
    (tmp_path / "log.db").write_bytes(b"not a database " * 1000)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        back_up(database_url, tmp_path / "copy.db")

    assert names(tmp_path, "*") == ["log.db"]


async def test_a_copy_can_be_stopped_in_the_middle(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.database.snapshot.PAGES_AT_ONCE", 5)
    await bring(database_url, lines_of(log_of(500)), tmp_path)

    def step(share: float) -> None:
        raise Stopped(share)

    with pytest.raises(Stopped) as stopped:
        snapshot(tmp_path / "log.db", tmp_path / "copy.db", step)

    assert 0 < float(str(stopped.value)) < 1


async def test_a_full_disk_gets_nothing(database_url: str, tmp_path: Path) -> None:
    await bring(database_url, lines_of(log_of(500)), tmp_path)

    with (
        full_disk(40_000),
        pytest.raises(StoreUnavailable, match=r"it cannot be copied to copy\.db: "),
    ):
        back_up(database_url, tmp_path / "copy.db")

    assert names(tmp_path, "copy*") == []


def test_for_postgresql_its_own_tool_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure) as refused:
        back_up("postgresql+asyncpg://me:secret@db.example/log", tmp_path / "copy.db")

    assert refused.value.code == 2
    assert f"--file={tmp_path}/copy.db" in str(refused.value)
    assert str(refused.value).endswith(" --dbname='postgresql://me:***@db.example/log'")
