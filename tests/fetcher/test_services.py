from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetcher.mapping.services import Place, Sight, name_places
from fetcher.mapping.units import Unit

API, WEB, SELF = ("api",), ("web",), ()


def sights(*seen: tuple[Unit, str]) -> list[Sight]:
    """A deployment of each unit to each environment."""
    return [
        Sight(deployment_id=f"gh-dep-{number}", place=Place(unit, environment))
        for number, (unit, environment) in enumerate(seen)
    ]


def named(*passes: Sequence[Sight]) -> dict[tuple[Unit, str], str]:
    """The services after several passes, by unit and environment."""
    services: dict[Place, str] = {}
    for seen in passes:
        services = name_places("shop", services, seen)
    return {(place.unit, place.environment): name for place, name in services.items()}


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        # One unit is the repository, wherever it goes.
        ([[(SELF, "dev"), (SELF, "prod")]], {"shop"}),
        ([[(API, "dev")], [(API, "prod")]], {"shop"}),
        # Two units that go to different places are the repository, too.
        ([[(API, "dev"), (WEB, "prod")]], {"shop"}),
        # Two that go to the same place are two services, and neither is the repository.
        ([[(API, "prod"), (WEB, "prod")]], {"shop/api", "shop/web"}),
        # Who is there first has the repository's name, for good.
        ([[(API, "prod")], [(WEB, "prod")]], {"shop", "shop/web"}),
        # Whose names say nothing but that it deploys is the repository.
        ([[(SELF, "prod"), (API, "prod")]], {"shop", "shop/api"}),
        # What is not enough to tell two apart is told whole.
        (
            [[(("back", "eu"), "prod"), (("front", "eu"), "prod")]],
            {"shop/back/eu", "shop/front/eu"},
        ),
    ],
)
def test_a_repository_is_one_service_unless_it_deploys_two_units_to_one_place(
    passes: list[list[tuple[Unit, str]]], expected: set[str]
) -> None:
    assert set(named(*(sights(*seen) for seen in passes)).values()) == expected


def test_a_unit_that_has_a_name_keeps_it_in_other_environments() -> None:
    services = named(sights((API, "dev"), (WEB, "dev")), sights((API, "prod")))

    assert services[API, "prod"] == "shop/api"


def test_two_that_were_the_repository_in_different_places_part_where_they_meet() -> None:
    services = named(sights((API, "dev"), (WEB, "prod")), sights((API, "prod"), (WEB, "dev")))

    assert services == {
        (API, "dev"): "shop",
        (WEB, "prod"): "shop",
        (API, "prod"): "shop/api",
        (WEB, "dev"): "shop/web",
    }


def test_a_leg_that_is_seen_alone_is_not_the_repository_when_its_run_has_others() -> None:
    (leg,) = sights((API, "prod"))
    alone = Sight(deployment_id=leg.deployment_id, place=leg.place, one_of_several=True)

    assert named([alone], sights((WEB, "prod")))[API, "prod"] == "shop/api"


def test_what_was_told_of_a_deployment_before_names_its_unit() -> None:
    seen = Sight(deployment_id="1", place=Place(API, "prod"), told="shop/api")

    assert named([seen, *sights((WEB, "prod"))]) == {
        (API, "prod"): "shop/api",
        (WEB, "prod"): "shop",
    }


def histories(units: st.SearchStrategy[Unit]) -> st.SearchStrategy[list[list[Sight]]]:
    """Passes, each with what was seen in it."""
    environments = st.sampled_from(["dev", "qa", "prod"])
    seen = st.builds(
        Sight,
        deployment_id=st.integers(0, 5).map(str),
        place=st.builds(Place, unit=units, environment=environments),
        one_of_several=st.booleans(),
    )
    return st.lists(st.lists(seen, max_size=6), max_size=5)


words = st.sampled_from(["api", "web", "eu"])
any_histories = histories(st.lists(words, max_size=3, unique=True).map(tuple))


@given(any_histories, st.randoms())
def test_the_order_of_sight_in_a_pass_changes_no_name(
    history: list[list[Sight]], chance: object
) -> None:
    mixed = [list(each) for each in history]
    for each in mixed:
        chance.shuffle(each)  # type: ignore[attr-defined] # Hypothesis gives a random.Random

    assert named(*mixed) == named(*history)


@given(any_histories, any_histories)
def test_a_name_that_was_given_never_changes(
    history: list[list[Sight]], later: list[list[Sight]]
) -> None:
    before = named(*history)

    assert before.items() <= named(*history, *later).items()


@given(any_histories)
def test_everything_seen_has_a_name_that_begins_with_the_repositorys(
    history: list[list[Sight]],
) -> None:
    services = named(*history)

    assert services.keys() == {tuple(sight.place) for each in history for sight in each}
    assert all(name.split("/")[0] == "shop" for name in services.values())


@given(histories(st.tuples(words)))
def test_no_two_units_are_one_service_in_one_environment(history: list[list[Sight]]) -> None:
    slots = [(name, environment) for (_, environment), name in named(*history).items()]

    assert len(set(slots)) == len(slots)
