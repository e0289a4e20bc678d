"""Asks for what it takes to know which deployments another one follows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fetcher.github.answers import Deployment, Run
from fetcher.github.reader import Reader
from fetcher.mapping.parents import Step, leads_to, parents_in_run, promotes
from fetcher.mapping.workflow_graph import Graph
from fetcher.poll.workflows import read_workflow

MOST_PROMOTIONS: Final = 20  # looked at, of one commit that was deployed over and over


async def graph_of(
    reader: Reader, repository: str, run: Run, steps: Sequence[Step]
) -> Graph | None:
    """What needs what in a run; None if it can't be read, or the run deployed only once.

    Raises:
        GitHubError: GitHub does not say now; it may later.
    """
    if len(steps) < 2:  # noqa: PLR2004 - one and another
        return None
    names = tuple(step.job for step in steps)
    workflow = await read_workflow(reader, repository, run, names)
    return Graph(workflow) if workflow else None


@dataclass(frozen=True, slots=True)
class Ancestry:
    """The deployments of one repository in one pass, as far as they follow each other.

    Attributes:
        of_commit: The known deployments of a commit.
        step: What is told of one, as a step; None while it has not begun.
    """

    reader: Reader
    repository: str
    of_commit: Callable[[str], Awaitable[Sequence[Deployment]]]
    step: Callable[[Deployment], Awaitable[Step | None]]
    _commits: dict[str, Sequence[Deployment]] = field(default_factory=dict, init=False)

    async def parents(
        self, deployment: Deployment, step: Step, run: Run | None
    ) -> tuple[Step, ...]:
        """Those of the same run, else the one of another run that was promoted.

        All of this was settled before the deployment began, so the result is the same whenever
        GitHub is asked.

        Raises:
            GitHubError: GitHub does not say now; it may later.
        """
        if (sha := deployment.sha) not in self._commits:
            self._commits[sha] = await self.of_commit(sha) if sha else ()
        earlier = [each for each in self._commits[sha] if each.id < deployment.id]
        found = await self._in_run(earlier, step, run) if run else ()
        return found or await self._promoted(deployment, earlier, step)

    async def _in_run(
        self, earlier: Sequence[Deployment], step: Step, run: Run
    ) -> tuple[Step, ...]:
        steps = [await self.step(each) for each in earlier if each.created_at >= run.created_at]
        others = [each for each in steps if each and each.run == run.id]
        graph = await graph_of(self.reader, self.repository, run, [step, *others])
        return parents_in_run(graph, step, others)

    async def _promoted(
        self, deployment: Deployment, earlier: Sequence[Deployment], step: Step
    ) -> tuple[Step, ...]:
        before = [each for each in earlier if leads_to(each.environment, deployment.environment)]
        for each in sorted(before, key=lambda each: each.id, reverse=True)[:MOST_PROMOTIONS]:
            found = await self.step(each)
            if found and promotes(step, found):
                return (found,)
        return ()
