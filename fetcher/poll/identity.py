"""Which repository a name in the settings means: it is GitHub's number that counts.

A repository that was renamed, or transferred to another owner, goes on where it was: the same
service, and nothing of it told twice. Under its old name GitHub redirects, which is charged each
time, so it is asked for under its new one.
"""

from collections.abc import Container

from sqlalchemy import Connection

from fetcher import observations, registry
from fetcher.github.answers import Repository
from fetcher.github.errors import GitHubError
from fetcher.github.reader import Reader
from fetcher.observations import Known
from fetcher.state import State


class Twice(GitHubError):
    """The settings name a repository by two names."""


async def identified(state: State, reader: Reader, known: Known, others: Container[str]) -> Known:
    """What is known of a repository, under whatever name it was learned.

    Args:
        state: Where all of them are known.
        reader: The repository's.
        known: What is known by its name in the settings.
        others: The names that are read.

    Raises:
        Twice: It is read under one of the others.
        GitHubError: GitHub does not say which repository it is.
    """
    if known.github_id is not None:
        return known
    repository = await reader.one(f"/repos/{known.name}", Repository)
    return await state.run(lambda connection: _identify(connection, repository, known, others))


def _identify(
    connection: Connection, repository: Repository, known: Known, others: Container[str]
) -> Known:
    before = registry.name_of(connection, repository.id)
    # Its own name is among the others; it has no number yet, so it is not `before`.
    if before and before in others:
        raise Twice(f"is the same repository as {before}: name it once in fetcher.repositories")
    if before and known.plan is None:  # nothing was read under this name
        registry.continue_as(connection, before, known.name)
    same = repository.full_name.lower() == known.name.lower()
    columns: dict[str, int | str | None] = {"full_name": None if same else repository.full_name}
    if before is None or known.plan is None:
        columns["github_id"] = repository.id
    observations.change(connection, known.name, **columns)
    return observations.known(connection, known.name)
