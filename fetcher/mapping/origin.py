"""What the events of both lanes have in common: whose they are, and who deployed what. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fetcher.github.answers import Run

TAG: Final = re.compile(r"v?\d+(\.\d+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The repository that deploys.

    Attributes:
        service: The name it has on the dashboard.
        id_prefix: Begins the ids, and tells several GitHub servers apart.
        page: Where people see it, `https://github.com/owner/name`: links to its runs are on the
            same server.
    """

    service: str
    id_prefix: str
    page: str


def name_services(repositories: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """The service of each repository: its name, or owner and name if that name is taken.

    Args:
        repositories: `owner/name` each.
        given: The names that were given before, by repository; they stay.
    """
    services = dict(given)
    for repository in repositories:
        short = repository.partition("/")[2]
        services.setdefault(repository, repository if short in services.values() else short)
    return services


def actor_of(run: Run, attempt: int) -> str | None:
    """Who started an attempt of a run: its author, or whoever ran it again."""
    if attempt == run.run_attempt and attempt > 1:
        return run.triggering_actor or run.actor
    return run.actor


def version_of(ref: str, sha: str, event: str) -> str | None:
    """The tag that was deployed, else the commit's first seven digits."""
    name = ref.removeprefix("refs/tags/")
    if is_tag(ref, event):
        return name
    return sha[:7] or None


def is_tag(ref: str, event: str) -> bool:
    """Whether a ref is a tag: GitHub gives only its short name, but a release is of a tag."""
    name = ref.removeprefix("refs/tags/")
    return bool(name) and (event == "release" or name != ref or bool(TAG.match(name)))
