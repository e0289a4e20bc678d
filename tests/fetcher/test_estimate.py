from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from fetcher.access import open_githubs
from fetcher.config import Settings
from fetcher.github.githubs import GitHubs
from fetcher.github.settings import GitHubSettings
from fetcher.schedule.cadence import Standing
from fetcher.schedule.estimate import Estimate, estimate

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CYCLE = timedelta(seconds=30)
AN_HOUR = 120  # cycles
WORKFLOWS = 6  # times that they are listed in an hour


@asynccontextmanager
async def asked_with(token: str | None) -> AsyncIterator[GitHubs]:
    secret = SecretStr(token) if token else None
    github = GitHubSettings(token=secret, requests_per_minute=600)
    async with open_githubs(Settings(github=github), lambda: NOW) as githubs:
        yield githubs


@pytest.fixture
async def githubs() -> AsyncIterator[GitHubs]:
    async with asked_with("ghs_fake") as githubs:
        yield githubs


def standings(
    number: int, *, lane: str = "deployments", archived: bool = False
) -> Iterable[Standing]:
    """Busy repositories, all read just now."""
    for n in range(number):
        yield Standing(
            name=f"acme/{lane}-{n}{'-archived' * archived}",
            lane=lane,
            read_at=NOW,
            active_at=NOW,
            archived=archived,
        )


def estimated(githubs: GitHubs, *crowds: Iterable[Standing]) -> Estimate:
    found = [standing for crowd in crowds for standing in crowd]
    return estimate(githubs, found, CYCLE, NOW)


def test_a_few_repositories_are_read_in_every_cycle_and_archived_ones_once_an_hour(
    githubs: GitHubs,
) -> None:
    found = estimated(
        githubs,
        standings(1),
        standings(1, lane="both"),
        standings(1, archived=True),
    )

    assert found.requests == {
        "acme/deployments-0": AN_HOUR + WORKFLOWS,
        "acme/both-0": 2 * AN_HOUR,
        "acme/deployments-0-archived": 1,
    }
    assert found.points == 0


def test_where_nothing_deploys_a_workflow_is_looked_for_every_quarter_of_an_hour(
    githubs: GitHubs,
) -> None:
    found = estimated(githubs, standings(1, lane="none"))

    assert found.requests == {"acme/none-0": AN_HOUR + 4 * 2}


async def test_without_a_token_no_list_of_workflows_is_asked_for_beside_the_deployments() -> None:
    async with asked_with(None) as githubs:
        found = estimated(githubs, standings(1))

    assert found.requests == {"acme/deployments-0": AN_HOUR}


def test_more_than_the_pace_allows_are_read_less_often(githubs: GitHubs) -> None:
    found = estimated(githubs, standings(500, lane="runs"))

    # Three quarters of the requests are for lists, however many they are.
    assert sum(found.requests.values()) == pytest.approx(600 * 60 * 0.75)


def test_of_so_many_that_graphql_watches_them_each_is_read_once_an_hour(
    githubs: GitHubs,
) -> None:
    found = estimated(githubs, standings(101), standings(1, lane="runs"))

    others = {name: n for name, n in found.requests.items() if n != 1 + 1}
    assert others == {"acme/runs-0": 2 * AN_HOUR}
    assert found.points == 3 * AN_HOUR
