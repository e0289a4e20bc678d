"""What GraphQL shows of the newest deployments of many repositories at once. Pure.

It tells that something has changed; REST is asked what. A deployment that is older than the newest
few and has not ended yet is looked at by itself, whatever is to be seen here.
https://docs.github.com/en/graphql/reference/objects#deployment
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError

from fetcher.github.answers import Deployment, Time

NEWEST: Final = 20
FRAGMENT: Final = f"""
fragment F on Repository {{
  deployments(first: {NEWEST}, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
    nodes {{ databaseId updatedAt latestStatus {{ id state }} }}
  }}
}}"""
# Errors that say of one repository what would be said of it the next time, too.
FINAL: Final = frozenset({"NOT_FOUND", "FORBIDDEN"})


class _Seen(BaseModel):
    """A deployment; GitHub sends `databaseId` as a number beyond 32 bits, or as text."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(validation_alias="databaseId")
    updated_at: Time = Field(validation_alias="updatedAt")
    status: str | None = Field(default=None, validation_alias=AliasPath("latestStatus", "id"))
    state: str | None = Field(default=None, validation_alias=AliasPath("latestStatus", "state"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """The newest deployments of a repository, as GraphQL showed them.

    Attributes:
        marker: Changes when one of them does.
    """

    marker: str
    updated_at: Mapping[int, datetime]

    def is_shown_in(self, listed: Iterable[Deployment]) -> bool:
        """Whether a list of REST is as new. The two are not always: GitHub has many copies."""
        shown = {each.id: each.updated_at or each.created_at for each in listed}
        return all(id_ in shown and at <= shown[id_] for id_, at in self.updated_at.items())


@dataclass(frozen=True, slots=True)
class Sightings:
    """What one answer shows.

    Attributes:
        seen: By repository.
        left: Repositories of which it says nothing: a smaller question may tell.
    """

    seen: Mapping[str, Sighting]
    left: tuple[str, ...]


def question(names: Sequence[str]) -> str:
    """The query for repositories, `owner/name` each."""
    aliases = "\n".join(_alias(number, name) for number, name in enumerate(names))
    return f"query {{ rateLimit {{ limit cost remaining resetAt }}\n{aliases} }}{FRAGMENT}"


def _alias(number: int, name: str) -> str:
    owner, _, short = name.partition("/")
    arguments = f"owner: {json.dumps(owner)}, name: {json.dumps(short)}"
    return f"r{number}: repository({arguments}) {{ ...F }}"


def read(names: Sequence[str], document: Mapping[str, Any]) -> Sightings:
    """What the answer to the question for these repositories shows.

    Of a repository that is not there, or not for this credential, it shows nothing.
    """
    data, errors = document.get("data"), document.get("errors") or ()
    final = {_where(error) for error in errors if str(error.get("type")) in FINAL}
    seen, left = {}, []
    for number, name in enumerate(names):
        alias = f"r{number}"
        if found := _sighting(data.get(alias) if isinstance(data, dict) else None):
            seen[name] = found
        elif alias not in final:
            left.append(name)
    return Sightings(seen, tuple(left))


def _where(error: Mapping[str, Any]) -> str:
    path = error.get("path")
    return str(path[0]) if isinstance(path, list) and path else ""


def _sighting(repository: Any) -> Sighting | None:
    try:
        nodes = repository["deployments"]["nodes"]
        seen = [_Seen.model_validate(node) for node in nodes]
    except (TypeError, KeyError, ValidationError):
        return None
    text = "\n".join(f"{each.id} {each.updated_at} {each.status} {each.state}" for each in seen)
    marker = hashlib.sha256(text.encode()).hexdigest()[:32]
    return Sighting(marker, {each.id: each.updated_at for each in seen})
