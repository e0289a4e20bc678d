from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from fetcher.github.answers import Deployment, Repository, Workflow
from fetcher.github.errors import Garbled, Unreachable
from fetcher.github.reader import MOST_PAGES, Reader, Snapshot
from tests.fake_github import answer, garbage, not_modified, server_error
from tests.fetcher.reading import START, World, fake_github, reading

PATH = "/repos/acme/shop/deployments"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    fake = fake_github()
    fake.add_repository("acme/shop")
    async with reading(fake, tmp_path) as world:
        yield world


def file_deployments(world: World, number: int) -> None:
    """As many deployments, a minute apart."""
    for _ in range(number):
        world.clock.tick(60)
        world.fake.repositories[0].create_deployment("production")


def remembering(world: World, kept: dict[str, Snapshot]) -> Reader:
    """The reader of the next pass."""

    async def lookup(key: str) -> Snapshot | None:
        return kept.get(key)

    return Reader(world.github, lookup)


async def test_a_304_gives_back_what_was_read_before(world: World) -> None:
    file_deployments(world, 3)
    first = Reader(world.github)
    found = await first.all(PATH, Deployment)

    again = await remembering(world, first.fresh).all(PATH, Deployment)

    assert again == found
    assert [request.status for request in world.requests()] == [200, 304]


async def test_an_empty_list_is_remembered_too(world: World) -> None:
    first = Reader(world.github)
    await first.all(PATH, Deployment)

    assert await remembering(world, first.fresh).all(PATH, Deployment) == ()
    assert world.charged() == 1


async def test_one_object_is_read_and_remembered_like_a_list(world: World) -> None:
    first = Reader(world.github)
    found = await first.one("/repos/acme/shop", Repository)
    second = remembering(world, first.fresh)

    assert await second.one("/repos/acme/shop", Repository) == found
    assert await second.one("/repos/acme/shop", Repository, again=False) == found
    assert [request.status for request in world.requests()] == [200, 304]


async def test_a_304_to_a_question_without_condition_is_garbled(world: World) -> None:
    world.fake.fail("*", not_modified(), times=2)
    reader = Reader(world.github)

    with pytest.raises(Garbled, match="304"):
        await reader.all(PATH, Deployment)
    with pytest.raises(Garbled, match="304"):
        await reader.one("/repos/acme/shop", Repository)


async def test_of_a_list_without_an_end_no_page_is_asked_for_that_github_refuses(
    world: World,
) -> None:
    file_deployments(world, MOST_PAGES + 5)
    reader = Reader(world.github)

    found = await reader.all(
        PATH, Deployment, query={"per_page": "1"}, reaches=lambda _deployment: False
    )

    assert len(found) == MOST_PAGES
    assert len(world.requests()) == MOST_PAGES


async def test_a_list_is_read_page_by_page_to_its_end(world: World) -> None:
    file_deployments(world, 250)

    found = await Reader(world.github).all(PATH, Deployment)

    assert len({deployment.id for deployment in found}) == 250
    assert [request.query.get("page") for request in world.requests()] == [None, "2", "3"]


async def test_a_list_is_read_back_to_the_page_that_reaches_far_enough(world: World) -> None:
    file_deployments(world, 250)
    limit = START + timedelta(minutes=120)

    found = await Reader(world.github).all(
        PATH, Deployment, reaches=lambda deployment: deployment.created_at < limit
    )

    assert len(found) == 200


async def test_an_unchanged_first_page_says_nothing_of_pages_that_were_not_read(
    world: World,
) -> None:
    file_deployments(world, 250)
    first = Reader(world.github)
    await first.all(PATH, Deployment, reaches=lambda _: True)

    deeper = await remembering(world, first.fresh).all(
        PATH, Deployment, reaches=lambda deployment: deployment.created_at < START
    )

    assert len(deeper) == 250


async def test_an_unchanged_first_page_gives_back_no_other_page_that_may_have_changed(
    world: World,
) -> None:
    file_deployments(world, 250)
    first = Reader(world.github)
    await first.all(PATH, Deployment, reaches=lambda deployment: deployment.created_at < START)
    world.requests()

    again = await remembering(world, first.fresh).all(PATH, Deployment, reaches=lambda _: True)

    assert len(again) == 100
    assert [request.status for request in world.requests()] == [304]


async def test_each_page_of_a_whole_list_is_remembered_by_itself(world: World) -> None:
    file_deployments(world, 250)
    first = Reader(world.github)
    found = await first.all(PATH, Deployment)
    world.requests()

    assert await remembering(world, first.fresh).all(PATH, Deployment) == found
    assert [request.status for request in world.requests()] == [304, 304, 304]


async def test_what_comes_after_a_page_that_is_full_and_unchanged_is_read(world: World) -> None:
    file_deployments(world, 100)
    oldest = world.fake.repositories[0].deployments.pop(0)
    file_deployments(world, 1)
    first = Reader(world.github)
    await first.all(PATH, Deployment)
    world.fake.repositories[0].deployments.insert(0, oldest)

    found = await remembering(world, first.fresh).all(PATH, Deployment)

    assert oldest.id in {deployment.id for deployment in found}
    assert [request.status for request in world.requests()][2:] == [304, 200]


async def test_a_list_that_was_cut_short_leaves_nothing_behind(world: World) -> None:
    file_deployments(world, 150)
    reader = Reader(world.github)

    def reaches(_deployment: Deployment) -> bool:
        world.fake.fail("*", server_error(), times=99)  # from the second page on
        return False

    with pytest.raises(Unreachable):
        await reader.all(PATH, Deployment, reaches=reaches)
    assert reader.fresh == {}


async def test_a_next_page_is_counted_up_and_no_link_is_followed(world: World) -> None:
    file_deployments(world, 2)
    elsewhere = '<https://api.github.com/resource?page=2>; rel="next"'
    body = '[{"id": 1, "created_at": "2026-11-20T12:00:00Z"}]'
    world.fake.fail("*", answer(200, body, {"Link": elsewhere}))

    found = await Reader(world.github).all(PATH, Deployment)

    assert [request.query.get("page") for request in world.requests()] == [None, "2"]
    assert [deployment.id for deployment in found] == [1]


async def test_pages_without_end_end_when_they_say_nothing_new(world: World) -> None:
    body = '[{"id": 1, "created_at": "2026-11-20T12:00:00Z"}]'
    world.fake.fail("*", answer(200, body, {"Link": '<x>; rel="next"'}), times=99)

    await Reader(world.github).all(PATH, Deployment)

    assert len(world.requests()) == 2


async def test_half_of_a_surrogate_pair_is_borne_and_a_pair_is_a_character(world: World) -> None:
    body = r'[{"id": 1, "created_at": "2026-11-20T12:00:00Z", "ref": "\uD83D\uDE80 \ud83d"}]'
    world.fake.fail("*", answer(200, body, {"ETag": '"1"'}))
    reader = Reader(world.github)

    (found,) = await reader.all(PATH, Deployment)

    assert found.ref == "🚀 ?"
    assert len(reader.fresh) == 1


async def test_an_answer_of_nothing_is_said_in_words(world: World) -> None:
    world.fake.fail("*", answer(204))

    with pytest.raises(Garbled, match=r"list of Deployment is not as documented: nothing$"):
        await Reader(world.github).all(PATH, Deployment)


@pytest.mark.parametrize(
    "body",
    [
        '{"message": "surprise"}',
        '"text"',
        "null",
        "[1, 2]",
        '[{"created_at": "2026-11-20T12:00:00Z"}]',
        '[{"id": 1}]',
        '[{"id": 1, "created_at": "yesterday"}]',
        '[{"id": 1, "created_at": "0001-01-01T00:00:00+05:00"}]',
        '[{"id": 9223372036854775808, "created_at": "2026-11-20T12:00:00Z"}]',
        '[{"id": 1, "created_at": "2026-11-20T12:00:00Z", "ref": 5}]',
    ],
)
async def test_an_answer_of_another_shape_is_garbled(world: World, body: str) -> None:
    world.fake.fail("*", garbage(body))

    with pytest.raises(Garbled, match=r"^GitHub's (list of )?Deployment is not as documented: "):
        await Reader(world.github).all(PATH, Deployment)


async def test_what_github_leaves_out_or_sends_as_null_is_borne(world: World) -> None:
    body = (
        '[{"id": "33335653781", "created_at": "2020-07-25T22:58:25.000-07:00", "ref": null,'
        ' "creator": null, "payload": null, "something_new": {}}]'
    )
    world.fake.fail("*", garbage(body))

    (found,) = await Reader(world.github).all(PATH, Deployment)

    assert found.id == 33_335_653_781
    assert found.created_at.isoformat() == "2020-07-26T05:58:25+00:00"
    assert (found.ref, found.creator, found.updated_at) == ("", None, None)


async def test_a_list_within_an_answer_is_found_by_its_name(world: World) -> None:
    world.fake.repositories[0].add_workflow("deploy.yml", "name: Deploy")

    (found,) = await Reader(world.github).all(
        "/repos/acme/shop/actions/workflows", Workflow, field="workflows"
    )

    assert (found.name, found.path) == ("Deploy", ".github/workflows/deploy.yml")


async def test_an_answer_that_has_what_is_wanted_is_not_asked_for_again(world: World) -> None:
    world.fake.add_repository("acme/many")
    many = world.fake.repositories[-1]
    for _ in range(150):
        many.create_deployment("dev")
    oldest, path = many.deployments[0].id, "/repos/acme/many/deployments"
    reader = Reader(world.github)
    await reader.all(path, Deployment)
    world.requests()

    held = await reader.all(path, Deployment, enough=lambda each: each.id == oldest)
    assert (len(held), len(world.requests())) == (150, 0)
    many.create_deployment("dev")
    newest = many.deployments[-1].id
    assert len(await reader.all(path, Deployment, enough=lambda each: each.id == newest)) == 151
