"""The detector: which of many repositories have a deployment that changed, in a few questions.

GraphQL shows a hundred repositories for a point, where REST takes a request for each of them. The
detector decides nothing: what it does not show, for whatever reason, is read as if without it.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from fetcher.github.client import GitHub
from fetcher.github.errors import GitHubError, Limited, Missing, Unreachable
from fetcher.github.graphql import GraphQL
from fetcher.github.sighting import Sighting, question, read

log = logging.getLogger(__name__)

# With fewer, a request for each in every cycle is no burden, and REST alone is one thing less that
# can go wrong.
WORTH_IT: Final = 100
LARGEST_CHUNK: Final = 50
SMALLEST_CHUNK: Final = 12
GROWTH: Final = 2  # with each good look: what was too much a moment ago may be so still
# After so many without any answer, it is no question of size.
MOST_FAILURES: Final = 4
AT_ONCE: Final = 2
# So long a cycle waits for all answers; then it goes on with those that came.
PATIENCE_SECONDS: Final = 15
FALL_BACK_LASTS: Final = timedelta(minutes=15)


class Detector:
    """Looks at the repositories of one credential."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._graphql = GraphQL(github)
        self._chunk = LARGEST_CHUNK

    def is_worth_it(self, number: int) -> bool:
        """Whether to look at so many repositories, now."""
        gates = (self._github.gate, self._github.graphql_gate)
        return number > WORTH_IT and not any(gate.closed() for gate in gates)

    async def look(self, names: Sequence[str]) -> dict[str, Sighting]:
        """What is to be seen of these repositories; no entry where nothing is."""
        look = _Look(self._graphql, self._chunk)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await look.at(names)
        except TimeoutError:
            look.error = look.error or Unreachable("GitHub does not answer in time")
            look.chunk //= 2  # it hung, however small it may be
        is_good = look.error is None and look.chunk == self._chunk
        size = look.chunk + GROWTH if is_good else look.chunk
        self._chunk = max(min(size, LARGEST_CHUNK), SMALLEST_CHUNK)
        if not look.seen:
            self._fall_back(look.error or Missing("it shows no repository"))
        return look.seen

    def _fall_back(self, error: GitHubError) -> None:
        self._chunk = LARGEST_CHUNK
        if isinstance(error, Limited):
            return  # a gate is closed, and says until when
        self._github.graphql_gate.close(str(error), FALL_BACK_LASTS)
        log.warning(
            "GraphQL can't be used with %s (%s): every repository is polled separately, quiet"
            " ones less often. GraphQL is tried again every %d minutes.",
            self._github.credential.name,
            error,
            FALL_BACK_LASTS / timedelta(minutes=1),
        )


class _Look:
    """One look, question by question, smaller ones where a question was too large."""

    def __init__(self, graphql: GraphQL, chunk: int) -> None:
        self.seen: dict[str, Sighting] = {}
        self.error: GitHubError | None = None
        self.chunk = chunk
        self._failures = 0
        self._graphql = graphql
        self._places = asyncio.Semaphore(AT_ONCE)

    async def at(self, names: Sequence[str]) -> None:
        size = self.chunk
        chunks = [names[start : start + size] for start in range(0, len(names), size)]
        await asyncio.gather(*map(self._ask, chunks))

    async def _ask(self, names: Sequence[str]) -> None:
        async with self._places:
            left = await self._answered(names)
        half = (len(names) + 1) // 2
        if not left or half < SMALLEST_CHUNK:
            return
        await asyncio.gather(
            *[self._ask(left[start : start + half]) for start in range(0, len(left), half)]
        )
        # Of a repository that no smaller question tells of either, none is too large.
        if not self.seen.keys().isdisjoint(left):
            self.chunk = min(self.chunk, max(half, len(names) - len(left)))

    async def _answered(self, names: Sequence[str]) -> Sequence[str]:
        """Ask; returns those of which nothing was said, though a smaller question may tell."""
        if self._is_vain():
            return ()
        try:
            answer = read(names, await self._graphql.ask(question(names)))
        except GitHubError as error:
            self.error = error
            self._failures += 1
            return names if isinstance(error, Unreachable) else ()
        self.seen.update(answer.seen)
        return answer.left

    def _is_vain(self) -> bool:
        """Whether no further question will tell more."""
        final = self.error is not None and not isinstance(self.error, Unreachable)
        return final or (not self.seen and self._failures >= MOST_FAILURES)
