"""All that `check` tries, in the order in which it is printed."""

import asyncio

import aiohttp
from yarl import URL

from fetcher.access import open_githubs
from fetcher.check.credentials import check_credential
from fetcher.check.findings import Finding, together
from fetcher.check.receiver import check_receiver
from fetcher.check.repositories import check_repository
from fetcher.check.state import check_state
from fetcher.check.troubles import trouble
from fetcher.clock import Clock, system_clock
from fetcher.config import Settings
from fetcher.deliver.receiver import Receiver
from fetcher.github.client import GitHub
from fetcher.github.githubs import GitHubs
from fetcher.progress import Progress, Step
from fetcher.schedule.roster import look_up
from fetcher.selection import Selection, select

# Each takes five requests or six, of the same hour's limit that reading takes.
MOST_PROBED = 100


async def check(
    settings: Settings, progress: Progress | None = None, clock: Clock = system_clock
) -> list[Finding]:
    """Try everything; findings that are equal are one."""
    async with open_githubs(settings, clock) as githubs:
        of_github = await _check_github(
            githubs, select(settings.repositories), progress or Progress(), clock
        )
    of_receiver = await _check_receiver(settings, clock)
    of_state = await check_state(settings.state)
    return list(dict.fromkeys([*of_github, *of_receiver, *of_state]))


async def _check_github(
    githubs: GitHubs, selection: Selection, progress: Progress, clock: Clock
) -> list[Finding]:
    asked: dict[GitHub, str] = {}
    for owner in [*selection.owners, *(name.partition("/")[0] for name in selection.named)]:
        asked.setdefault(githubs.for_owner(owner), owner)
    findings = []
    for github, owner in asked.items():
        findings += await check_credential(github, owner, clock)
    names, failures = await look_up(githubs, selection)
    for owner, error in failures.items():
        findings.append(trouble(githubs.for_owner(owner), f"{owner}/*", error))
    with progress.of("Checking repositories", len(names)) as step:
        return findings + await _check_repositories(githubs, names, step)


async def _check_repositories(
    githubs: GitHubs, names: tuple[str, ...], step: Step
) -> list[Finding]:
    async def one(number: int, name: str) -> list[Finding]:
        github = githubs.for_repository(name)
        found = await check_repository(github, name, permissions=number < MOST_PROBED)
        step()
        return found

    found = await asyncio.gather(*(one(number, name) for number, name in enumerate(names)))
    findings = list(together(finding for each in found for finding in each))
    if len(names) > MOST_PROBED:
        text = f"the permissions were tried on {MOST_PROBED} of {len(names):,} repositories"
        findings.append(Finding("ok", "GitHub", text))
    return findings


async def _check_receiver(settings: Settings, clock: Clock) -> list[Finding]:
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    async with aiohttp.ClientSession() as session:
        receiver = Receiver(
            session, URL(settings.receiver_url), key, settings.receiver_timeout_seconds, clock
        )
        return await check_receiver(receiver)
