from datetime import UTC, datetime, timedelta

import pytest

from fetcher.resync import parse_since
from tests.fake_github import Repository
from tests.fetcher.field import Field
from tests.fetcher.reading import until

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30Z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01T09:30+02:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
    ],
)
def test_since_is_a_date_a_time_or_a_span(text: str, since: datetime) -> None:
    assert parse_since(text, NOW) == since


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7w", "2026-11-24", "-7d", "9999999d"])
def test_what_is_no_time_of_the_past_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time: write 2026-11-01|in the future"):
        parse_since(text, NOW)


@pytest.mark.usefixtures("shop")
async def test_a_receiver_that_was_wiped_gets_everything_once_more(field: Field) -> None:
    await field.end("once")
    before = field.receiver.stored()
    field.receiver.wipe()

    code, log = await field.end("resync", "--since", "7d")

    assert code == 0
    assert field.receiver.stored() == before
    assert "with the receiver: 2; repositories to read further back: 0" in log[0]
    assert log[1].endswith("2 events delivered")


@pytest.mark.usefixtures("shop")
async def test_what_the_receiver_holds_is_not_sent_again(field: Field) -> None:
    await field.end("once")
    del field.receiver.rows[1]

    code, log = await field.end("resync", "--since", "1d")

    assert code == 0
    assert [row["status"] for row in field.receiver.rows] == ["in-progress", "success"]
    assert len(field.receiver.posts) == 3
    assert "1 event found at the receiver already" in log[-1]


@pytest.mark.usefixtures("shop")
async def test_what_was_refused_is_tried_again(field: Field) -> None:
    field.receiver.faults.extend(["422", "422"])
    assert (await field.end("once"))[0] == 1
    assert field.stored() == 0

    assert (await field.end("resync", "--since", "1d"))[0] == 0
    assert field.stored() == 2


async def test_a_time_before_the_first_look_at_github_is_read_as_well(
    field: Field, shop: Repository
) -> None:
    field.settings["FETCHER_BACKFILL_DAYS"] = "0"
    ended_at = shop.deployments[0].statuses[-1].created_at
    await until(lambda: field.fake.now() >= ended_at + timedelta(seconds=1))  # as GitHub tells it
    await field.end("once")
    assert field.stored() == 0
    shop.start_run("cd.yml").deploy("production")
    await field.end("once")
    assert field.stored() == 2

    code, log = await field.end("resync", "--since", "1h")

    assert code == 0
    assert log[0].endswith("further back: 1")
    assert field.stored() == 4


@pytest.mark.usefixtures("shop")
async def test_it_needs_the_state_for_itself(field: Field) -> None:
    async with field.fetcher("run"):
        await until(lambda: field.stored() == 2)
        code, log = await field.end("resync", "--since", "7d")

    assert code == 75
    assert "in use by another fetcher" in log[0]


async def test_a_time_that_is_none_is_said(field: Field) -> None:
    code, log = await field.end("resync", "--since", "tomorrow")

    assert code == 2
    assert "'tomorrow': is not a time: write" in log[-1]
