"""Which service a deployment is of. Pure.

The service is the repository, `shop`, unless the repository deploys several units to one place:
then it is the unit in it, `shop/api`. A name that was once given stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fetcher.mapping.units import Unit


class Place(NamedTuple):
    """A unit in an environment."""

    unit: Unit
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A deployment that needs a service.

    Attributes:
        one_of_several: Its run has other legs of the same job, which deploy something else.
        told: The service under which it was reported before.
    """

    deployment_id: str
    place: Place
    one_of_several: bool = False
    told: str | None = None


def name_places(
    repository: str, given: Mapping[Place, str], sights: Iterable[Sight]
) -> dict[Place, str]:
    """The services of units in environments: those given before, and those of what is new.

    1. A unit keeps its service, in every environment.
    2. A new unit takes the repository's name, unless another unit has it, or wants it, in the same
       environment, or its run shows that it is one leg of several. Of those that want it, the one
       whose names say nothing but that it deploys gets it.
    3. A unit that doesn't get it is called `shop/api`; if that is taken, too, by all that is known
       of the unit, `shop/backend/api`. There is no other name after that one.

    It makes no difference in which order the sights come.

    Args:
        repository: The name that the repository itself has as a service.
        given: The names given before.
        sights: What was seen in one pass.
    """
    seen = sorted(sights, key=lambda sight: (sight.place, sight.told or "", sight.deployment_id))
    held = dict(given)
    for sight in seen:
        if sight.told is not None:
            held.setdefault(sight.place, sight.told)
    claims = {
        unit: _Claim(unit, repository, places, held, seen)
        for unit, places in _new(seen, held).items()
    }
    # All that clash give way together, so that their order gives none an advantage.
    while losing := [claim for claim in claims.values() if claim.loses(claims.values(), held)]:
        for claim in losing:
            claim.names.pop(0)
    for claim in claims.values():
        held |= dict.fromkeys(claim.places, claim.names[0])
    return held


def _new(seen: Iterable[Sight], held: Mapping[Place, str]) -> dict[Unit, set[Place]]:
    new: dict[Unit, set[Place]] = {}
    for sight in seen:
        if sight.place not in held:
            new.setdefault(sight.place.unit, set()).add(sight.place)
    return new


class _Claim:
    """The names that a unit would like to have in its new places, the preferred one first."""

    def __init__(
        self,
        unit: Unit,
        repository: str,
        places: set[Place],
        held: Mapping[Place, str],
        seen: Iterable[Sight],
    ) -> None:
        own = {service for place, service in held.items() if place.unit == unit}
        several = any(sight.one_of_several for sight in seen if sight.place.unit == unit)
        names = [] if unit and several else [repository]
        if unit:
            names += [f"{repository}/{unit[-1]}", f"{repository}/{'/'.join(unit)}"]
        self.places = places
        # A unit that has two has the longer one because the shorter one was taken.
        kept = sorted(own, key=lambda name: (-len(name), name))
        self.names = list(dict.fromkeys([*kept, *names]))
        self.rank = (bool(own), not unit)
        self.unit = unit

    def loses(self, claims: Iterable["_Claim"], held: Mapping[Place, str]) -> bool:
        """Whether another unit has the name in one of the places, or wants it with equal right."""
        if len(self.names) == 1:
            return False
        name, environments = self.names[0], {place.environment for place in self.places}
        taken = any(
            service == name and place.environment in environments and place.unit != self.unit
            for place, service in held.items()
        )
        return taken or any(
            other.unit != self.unit
            and other.names[0] == name
            and other.rank >= self.rank
            and not environments.isdisjoint(place.environment for place in other.places)
            for other in claims
        )
