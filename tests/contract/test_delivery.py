"""What the fetcher really sends is what the receiver really takes, and gives back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from fetcher.check.receiver import check_receiver
from fetcher.deliver.receiver import Receiver
from fetcher.event import Event
from receiver.submission import parse
from tests.fetcher.delivering import START, Fetcher, a_deployment, an_event, fetcher_with
from tests.receiver.api import KEY, Api, Clock, serving, settings_for

texts = st.text(st.characters(exclude_categories=()), max_size=700)  # lone surrogates, too
names = texts.filter(lambda text: any(character.isalnum() for character in text[:200]))
events = st.builds(
    Event,
    deployment_id=st.from_regex(r"[a-z]{1,20}-dep-[0-9]{1,18}", fullmatch=True),
    service=names,
    environment=names,
    status=st.sampled_from(["in-progress", "success", "failure"]),
    happened_at=st.datetimes(timezones=st.just(UTC)),
    version=st.none() | texts,
    run_url=st.none() | st.text(max_size=3000),
    run_number=st.none() | st.integers(),
    actor=st.none() | texts,
    ref=st.none() | texts,
    sha=st.none() | texts,
    parent_deployments=st.lists(texts, max_size=40).map(tuple),
    again=st.booleans(),
)

FULL = Event(
    deployment_id="gh-dep-263877258",
    service="checkout",
    environment="production",
    status="success",
    happened_at=datetime(2026, 11, 20, 11, 30, tzinfo=UTC),
    version="v1.2.3",
    run_url="https://github.com/acme/checkout/actions/runs/1/job/2",
    run_number=42,
    actor="ada",
    ref="refs/heads/main",
    sha="1f" * 20,
    parent_deployments=("gh-dep-263877257",),
)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
async def api(tmp_path: Path, clock: Clock) -> AsyncIterator[Api]:
    async with serving(settings_for(tmp_path), clock) as api:
        yield api


@pytest.fixture
async def fetcher(tmp_path: Path, api: Api) -> AsyncIterator[Fetcher]:
    async with fetcher_with(tmp_path / "fetcher.db", api.url("/"), api_key=KEY) as fetcher:
        yield fetcher


@given(events)
def test_the_receiver_takes_every_body_that_the_fetcher_can_make(event: Event) -> None:
    submission = parse(event.body())

    fitted = event.fitted()
    assert submission.service == fitted.service
    assert submission.environment == fitted.environment
    assert submission.happened_at == fitted.happened_at


@pytest.mark.parametrize(("key", "level"), [(KEY, "ok"), ("another", "error")])
async def test_a_key_is_tried_without_storing_anything(
    api: Api, clock: Clock, key: str, level: str
) -> None:
    async with aiohttp.ClientSession() as session:
        receiver = Receiver(session, URL(api.url("/")), key, 5, clock)
        (finding,) = await check_receiver(receiver)

    assert finding.level == level
    assert (await api.read("/api/deployments"))["items"] == []


async def test_an_event_is_given_back_as_it_was_sent(fetcher: Fetcher, api: Api) -> None:
    await fetcher.put([FULL])
    assert (await fetcher.deliver()).delivered == 1

    (stored,) = (await api.read("/api/deployments"))["items"]
    assert stored == {
        "id": 1,
        "received_at": "2026-11-20T12:00:00Z",
        "progress_reporter": "deployment-fetcher",
        "deployment_id": "gh-dep-263877258",
        "service": "checkout",
        "environment": "production",
        "status": "success",
        "happened_at": "2026-11-20T11:30:00Z",
        "version": "v1.2.3",
        "run_url": "https://github.com/acme/checkout/actions/runs/1/job/2",
        "run_number": 42,
        "actor": "ada",
        "ref": "refs/heads/main",
        "sha": "1f" * 20,
        "parent_deployments": ["gh-dep-263877257"],
    }


async def test_a_fetcher_that_lost_its_state_finds_everything_it_sent(
    fetcher: Fetcher, api: Api, clock: Clock, tmp_path: Path
) -> None:
    odd = replace(
        FULL, service=" a\tb & c=d/#% ", environment="ä" * 300, deployment_id="gh dep+1&2"
    )
    sent = [*a_deployment("gh-dep-1"), FULL, odd, replace(odd, status="failure", again=True)]
    await fetcher.put(sent)
    assert (await fetcher.deliver()).delivered == len(sent)

    clock.tick(timedelta(days=2))  # no Idempotency-Key is remembered so long
    async with fetcher_with(tmp_path / "new.db", api.url("/"), api_key=KEY) as anew:
        await anew.put(sent)
        assert (await anew.deliver()).delivered == len(sent)

    assert len((await api.read("/api/deployments"))["items"]) == len(sent)


async def test_a_fetcher_finds_what_it_sent_under_whatever_names_it_is_shown(
    tmp_path: Path, clock: Clock
) -> None:
    shown_otherwise = [
        {"match": {"environment": FULL.environment}, "show": {"environment": "live"}},
        {"match": {"service": "gone"}, "hide": True},
    ]
    sent = [FULL, replace(FULL, service="gone", deployment_id="gh-dep-2")]
    async with serving(settings_for(tmp_path, names=shown_otherwise), clock) as api:
        for state in ("fetcher.db", "its-successor.db"):
            async with fetcher_with(tmp_path / state, api.url("/"), api_key=KEY) as fetcher:
                await fetcher.put(sent)
                assert sum(done.delivered for done in await fetcher.deliver_all()) == len(sent)
            clock.tick(timedelta(days=2))  # no Idempotency-Key is remembered so long

        assert (await api.read("/api/matrix"))["last_event_id"] == len(sent)


async def test_where_reading_needs_a_key_the_fetchers_own_is_enough(
    tmp_path: Path, clock: Clock
) -> None:
    protected = settings_for(tmp_path, read_keys={"team": "a-key-to-read-with"})
    async with serving(protected, clock) as api:
        for state in ("fetcher.db", "its-successor.db"):
            async with fetcher_with(tmp_path / state, api.url("/"), api_key=KEY) as fetcher:
                await fetcher.put([FULL])
                assert (await fetcher.deliver()).delivered == 1
                clock.tick(timedelta(days=2))  # no Idempotency-Key is remembered so long

        found = await api.get("/api/deployments", X_Api_Key=KEY)
        assert len(found.json["items"]) == 1


async def test_a_fetcher_whose_key_has_a_limit_comes_again_when_it_is_told_to(
    tmp_path: Path, clock: Clock
) -> None:
    limited = {"fetcher": {"key": KEY, "requests_per_minute": 2}}
    async with (
        serving(settings_for(tmp_path, api_keys=limited), clock) as api,
        fetcher_with(tmp_path / "fetcher.db", api.url("/"), api_key=KEY) as fetcher,
    ):
        await fetcher.put([replace(FULL, deployment_id=f"gh-dep-{number}") for number in range(3)])
        first = await fetcher.deliver()
        assert (first.delivered, first.waiting, first.blocked) == (2, 1, None)
        assert first.next_at is not None
        assert first.next_at >= fetcher.now + timedelta(seconds=30)

        clock.tick(first.next_at - fetcher.now)
        fetcher.now = first.next_at
        assert (await fetcher.deliver()).delivered == 1


async def test_more_events_of_one_deployment_than_a_page_holds_are_all_found(
    fetcher: Fetcher, api: Api
) -> None:
    await api.append(
        deployment_id="gh-dep-1",
        service="checkout",
        environment="production",
        status="in-progress",
        happened_at="2026-11-20T11:00:00Z",
    )
    for number in range(510):
        await api.append(deployment_id="gh-dep-1", service=f"service-{number}")
    await fetcher.put([an_event("gh-dep-1", "in-progress")])

    assert (await fetcher.deliver()).delivered == 1

    found = await api.read("/api/deployments?deployment_id=gh-dep-1&service=checkout")
    assert len([row for row in found["items"] if row["status"] == "in-progress"]) == 1


async def test_a_refused_event_is_parked_with_the_receivers_words_and_the_next_goes_on(
    fetcher: Fetcher, api: Api
) -> None:
    await fetcher.put([an_event("x" * 201, "success"), FULL])

    result = await fetcher.deliver()

    assert (result.delivered, result.parked, result.waiting) == (1, 1, 0)
    (error,) = await fetcher.errors()
    assert "at most 200 characters" in error
    assert len((await api.read("/api/deployments"))["items"]) == 1


async def test_a_key_that_the_receiver_does_not_know_stops_delivery(
    fetcher: Fetcher, api: Api
) -> None:
    fetcher.start(api.url("/"), api_key="wrong")
    await fetcher.put([FULL])

    result = await fetcher.deliver()

    assert result.waiting == 1
    assert result.blocked is not None
    assert "refuses the API key (401)" in result.blocked


async def test_an_event_under_way_twice_is_stored_once(fetcher: Fetcher, api: Api) -> None:
    """As when the answer to a POST is lost and it reaches the receiver after the second."""
    await fetcher.put([FULL])
    assert (await fetcher.deliver()).delivered == 1

    late = await api.post(FULL.body(), Idempotency_Key=FULL.key)

    assert late.status == 201
    assert len((await api.read("/api/deployments"))["items"]) == 1
