"""`check` finds what is wrong with a database."""

from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from receiver.commands.check import check_log
from receiver.commands.findings import CONTRACT, SHOWN, Findings
from receiver.database import StoreUnavailable
from tests.receiver.exported import bring, lines_of, log_of, spoil


@pytest.fixture
async def url(database_url: str, tmp_path: Path) -> str:
    """A log of 15 events in 5 slots; the events of service-1 have the ids 2, 12 and 22."""
    await bring(database_url, lines_of(log_of(15)), tmp_path)
    return database_url


async def told(url: str) -> list[str]:
    return list((await check_log(url)).lines())


@pytest.mark.databases("sqlite", "postgresql")
async def test_of_a_sound_log_nothing_is_wrong(url: str) -> None:
    assert await told(url) == ["15 events in 5 slots: nothing is wrong"]


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        (
            "UPDATE event SET status = 'done', finished = 1 WHERE id = 2",
            "an event that breaks the contract: event 2: /status must be ",
        ),
        (
            "UPDATE event SET version = '' WHERE id = 4",
            "an event that breaks the contract: event 4: an absent field is kept as empty",
        ),
        (
            "UPDATE event SET parent_deployments = '[' WHERE id = 6",
            "an event that cannot be read: event 6: Expecting value: line 1 column 2 (char 1)",
        ),
        (
            "UPDATE event SET happened_at = 9e18 WHERE id = 6",
            "an event that cannot be read: event 6: ",
        ),
        (
            "UPDATE event SET service = CAST(x'ff' AS TEXT) WHERE id = 6",
            "an event that cannot be read: event 6: ",
        ),
        (
            "UPDATE event SET finished = NOT finished WHERE id = 8",
            "an event that is filed wrongly: event 8",
        ),
        (
            "DELETE FROM slot WHERE service = 'service-1'",
            "the table of slots: service-1 in prod is missing",
        ),
        (
            "INSERT INTO slot VALUES ('ghost', 'prod')",
            "the table of slots: ghost in prod has no event",
        ),
        (
            "UPDATE event SET happened_at = 0; UPDATE event SET finished = 0 WHERE id = 22",
            "the matrix: service-1 in prod does not match its events",
        ),
    ],
)
async def test_what_is_wrong_is_told_with_what_to_do(
    url: str, tmp_path: Path, sql: str, finding: str
) -> None:
    spoil(tmp_path, sql)

    lines = await told(url)

    (place,) = [place for place, line in enumerate(lines) if line.startswith(finding)]
    assert any(line.startswith("    ") for line in lines[place:])
    assert "15 events" in lines[-1]
    assert "nothing is wrong" not in lines[-1]


async def test_a_damaged_index_is_found(url: str, tmp_path: Path) -> None:
    spoil(
        tmp_path,
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name LIKE 'ix_event_h%'",
    )

    assert (await told(url))[0].startswith("the file: ")


async def test_a_page_that_is_gone_is_found(url: str, tmp_path: Path) -> None:
    with (tmp_path / "log.db").open("r+b") as file:
        file.seek(_place(tmp_path / "log.db", "ix_event_deployment_id"))
        file.write(bytes(4096))

    lines = await told(url)

    assert lines[0] == "the file: database disk image is malformed"
    assert "Restore the newest backup" in lines[1]


def _place(database: Path, table: str) -> int:
    """Where its first page begins."""
    with closing(connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((page,),) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]
        )
        ((size,),) = connection.execute("PRAGMA page_size")
    return int((page - 1) * size)


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "log.db"
    file.write_bytes(b"not a database " * 1000)

    with pytest.raises(StoreUnavailable, match="file is not a database"):
        await check_log(f"sqlite+aiosqlite:///{file}")


@pytest.mark.parametrize(
    ("version", "age"), [("0001", "an older release"), ("9999", "a newer release")]
)
async def test_the_schema_of_another_release_is_named(
    url: str, tmp_path: Path, version: str, age: str
) -> None:
    spoil(tmp_path, f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608 - of this test

    with pytest.raises(StoreUnavailable, match=f"its schema \\({version}\\) belongs to {age}"):
        await check_log(url)


def test_of_many_findings_of_a_kind_the_first_are_shown() -> None:
    findings = Findings()
    for number in range(SHOWN + 1234):
        findings.add(CONTRACT, f"event {number}")

    lines = list(findings.lines())

    assert len(lines) == SHOWN + 3
    assert lines[SHOWN] == "an event that breaks the contract: and 1,234 more"
    assert lines[-1].endswith("1,254 findings")
