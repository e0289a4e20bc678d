"""What `check` finds of a repository: whether it is there, and what of it may be read."""

import asyncio
from typing import Final, NamedTuple

from fetcher.check.findings import Finding
from fetcher.check.remedies import trouble
from fetcher.github.answers import Repository, parse
from fetcher.github.client import GitHub
from fetcher.github.errors import Forbidden, GitHubError, Missing


class Probe(NamedTuple):
    """A request that takes a permission, and what for.

    Attributes:
        without: What is the matter without it; empty where nothing works.
    """

    path: str
    without: str = ""


PROBES: Final = (
    Probe("/deployments"),
    Probe("/actions/runs"),
    Probe(
        "/contents/.github%2Fworkflows",
        "which deployments follow which is guessed by their times",
    ),
)


async def check_repository(github: GitHub, name: str, *, permissions: bool) -> list[Finding]:
    """Ask for the repository and for one item of what takes a permission.

    Args:
        github: As it is asked about the repository.
        name: As `owner/name`.
        permissions: Whether to try them; else only whether it is there.
    """
    try:
        found = parse(Repository, (await github.get(f"/repos/{name}", {})).data)
    except GitHubError as error:
        return [trouble(github, name, error)]
    probes = PROBES if permissions else ()
    findings = await asyncio.gather(*(_tried(github, name, probe) for probe in probes))
    wrong = [finding for finding in findings if finding]
    return wrong or [_good(name, found)]


async def _tried(github: GitHub, name: str, probe: Probe) -> Finding | None:
    try:
        await github.get(f"/repos/{name}{probe.path}", {"per_page": "1"})
    except Missing:
        return None  # it has none
    except Forbidden as error:
        finding = trouble(github, name, error)
        if not probe.without:
            return finding
        return Finding("warning", name, f"{finding.text}: {probe.without}", finding.remedy)
    except GitHubError as error:
        return trouble(github, name, error)
    return None


def _good(name: str, found: Repository) -> Finding:
    if found.full_name.lower() != name.lower():
        text = f"is {found.full_name} now"
        return Finding("warning", name, text, "Name it so in fetcher.repositories")
    if found.archived:
        return Finding("ok", name, "can be read; it is archived, nothing new will happen in it")
    return Finding("ok", name, "can be read")
