"""What `check` finds of a repository: whether it is there, and what of it may be read."""

import asyncio
from typing import Final, NamedTuple

from fetcher.check.findings import Finding
from fetcher.check.troubles import trouble
from fetcher.github.answers import Deployment, DeploymentStatus, Repository, parse, parse_list
from fetcher.github.client import GitHub
from fetcher.github.errors import Forbidden, GitHubError, Missing
from fetcher.mapping.deployments import job_id_of, run_of
from fetcher.mapping.origin import Origin


class Probe(NamedTuple):
    """A request that takes a permission, and what for.

    Attributes:
        without: What is missing without it; empty if nothing works.
    """

    path: str
    without: str = ""


PROBES: Final = (
    Probe("/deployments"),
    Probe("/actions/runs"),
    Probe(
        "/contents/.github%2Fworkflows",
        "which deployment follows which is inferred from times",
    ),
)
# There is none with this number; whoever may see checks is told so.
CHECKS: Final = Probe("/check-runs/1", "which job made a deployment is not known")


async def check_repository(github: GitHub, name: str, *, permissions: bool) -> list[Finding]:
    """Ask for the repository and for one item of what takes a permission.

    Args:
        github: The one to ask about the repository.
        name: As `owner/name`.
        permissions: Whether to try them, too; otherwise only whether it is there.
    """
    try:
        found = parse(Repository, (await github.get(f"/repos/{name}", {})).data)
    except GitHubError as error:
        return [trouble(github, name, error)]
    if not permissions:
        return [_good(name, found)]
    tried = [_tried(github, name, probe) for probe in PROBES]
    findings = await asyncio.gather(*tried, _tried_checks(github, found))
    wrong = [finding for finding in findings if finding]
    return wrong or [_good(name, found)]


async def _tried_checks(github: GitHub, repository: Repository) -> Finding | None:
    """Of use only where the log of a deployment does not name its job, as on older servers."""
    finding = await _tried(github, repository.full_name, CHECKS)
    if finding is None or await _names_its_jobs(github, repository):
        return None
    return finding


async def _names_its_jobs(github: GitHub, repository: Repository) -> bool:
    """Whether it is so of the newest deployment, or there is none."""
    path = f"/repos/{repository.full_name}/deployments"
    try:
        newest = (await github.get(path, {"per_page": "1"})).data
        for deployment in parse_list(Deployment, newest, None):
            reply = await github.get(f"{path}/{deployment.id}/statuses", {})
            statuses = parse_list(DeploymentStatus, reply.data, None)
            origin = Origin(service="", id_prefix="", page=repository.html_url)
            return job_id_of(origin, statuses) is not None or run_of(origin, statuses) is None
    except GitHubError:
        pass  # it was said what is wrong with them
    return True


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
        return Finding("warning", name, text, "Use that name in fetcher.repositories")
    if found.archived:
        return Finding("ok", name, "can be read; it is archived, so nothing new will happen")
    return Finding("ok", name, "can be read")
