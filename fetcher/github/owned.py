"""The repositories of an owner, as far as the credential may see them."""

from fetcher.github.answers import Account, Repository
from fetcher.github.client import GitHub
from fetcher.github.errors import Forbidden, Missing
from fetcher.github.reader import Reader

# The oldest first: what is new comes last, and leaves the earlier pages as they were.
ORDER = {"sort": "created", "direction": "asc"}


async def owned_repositories(github: GitHub, reader: Reader, owner: str) -> tuple[str, ...]:
    """The full names of an owner's repositories, except those in which nothing can happen.

    https://docs.github.com/en/rest/repos/repos and .../apps/installations

    Raises:
        GitHubError: GitHub did not say.
    """
    found = await _listed(github, reader, owner)
    return tuple(
        each.full_name
        for each in found
        if not (each.archived or each.disabled)
        and each.full_name.partition("/")[0].lower() == owner.lower()
    )


async def _listed(github: GitHub, reader: Reader, owner: str) -> tuple[Repository, ...]:
    if github.credential.is_installation:
        return await reader.all("/installation/repositories", Repository, field="repositories")
    try:
        return await reader.all(f"/orgs/{owner}/repos", Repository, query=ORDER)
    except Missing:  # not an organisation, but a person
        return await _of_person(github, reader, owner)


async def _of_person(github: GitHub, reader: Reader, owner: str) -> tuple[Repository, ...]:
    """GitHub shows a person's private repositories only to that person."""
    if not github.credential.is_anonymous and await _asks(reader, owner):
        return await reader.all("/user/repos", Repository, query={**ORDER, "affiliation": "owner"})
    return await reader.all(f"/users/{owner}/repos", Repository, query=ORDER)


async def _asks(reader: Reader, owner: str) -> bool:
    try:
        return (await reader.one("/user", Account)).login.lower() == owner.lower()
    except (Forbidden, Missing):
        return False
