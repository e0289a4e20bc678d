"""How the people of the demo's organisation deploy, one line of the story for each way."""

import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fake_github.repository import Repository
from tests.fake_github.repository_answers import page_url
from tests.fake_github.runs import Run

Pauses = Generator[float, None, None]
Outcome = Generator[float, None, bool]  # pauses, and at the end whether it worked

SLOWER_IN_THE_PAST = 12


@dataclass(slots=True)
class Team:
    """A repository, the people who deploy it, and the version they released last."""

    repository: Repository
    people: Sequence[str]
    version: tuple[int, int, int]
    released: list[str] = field(default_factory=list)

    def next_tag(self, chance: random.Random) -> str:
        """The version to release now: mostly a patch, sometimes a minor one."""
        major, minor, patch = self.version
        minor_next = chance.random() < 0.3
        self.version = (major, minor + 1, 0) if minor_next else (major, minor, patch + 1)
        self.released.append("v" + ".".join(map(str, self.version)))
        return self.released[-1]


class Pipelines:
    """The ways to deploy; slower before `live_at`, so that the past is spread over its days."""

    def __init__(
        self, clock: Callable[[], datetime], chance: random.Random, live_at: datetime
    ) -> None:
        self.clock = clock
        self.chance = chance
        self.live_at = live_at

    def seconds(self, least: float, most: float) -> float:
        """How long something takes."""
        pace = 1 if self.clock() >= self.live_at else SLOWER_IN_THE_PAST
        return self.chance.uniform(least, most) * pace

    def until_next(self) -> float:
        """How long a team is quiet: hours in the past, some minutes live."""
        left = (self.live_at - self.clock()).total_seconds()
        soon = 15 + self.chance.expovariate(1 / 110)
        hours = timedelta(hours=self.chance.uniform(6, 20)).total_seconds()
        return min(hours, left + soon) if left > 0 else soon

    def release(self, team: Team, stages: Sequence[str]) -> Pauses:
        """A tag goes from stage to stage, as far as it works."""
        before, tag = team.released[-1:], team.next_tag(self.chance)
        actor = self.chance.choice(team.people)
        run = team.repository.start_run("release.yml", ref=tag, actor=actor, event="release")
        yield from self.build(run)
        for stage in stages:
            if not (yield from self.deploy_stubbornly(run, stage, team)):
                run.finish()
                if stage == "production" and before and self.chance.random() < 0.6:
                    yield from self.roll_back(team, before[0])
                return
        run.finish()

    def roll_back(self, team: Team, tag: str) -> Pauses:
        """The version before goes to production again."""
        yield self.seconds(5, 15)
        actor = self.chance.choice(team.people)
        run = team.repository.start_run(
            "release.yml", ref=tag, actor=actor, event="workflow_dispatch"
        )
        yield from self.deploy(run, "production", failing=0)
        run.finish()

    def push(self, team: Team) -> Pauses:
        """A commit on the main branch goes to dev."""
        run = team.repository.start_run("main.yml", actor=self.chance.choice(team.people))
        yield from self.build(run)
        yield from self.deploy(run, "dev", failing=0.15)
        run.finish()

    def apply(self, team: Team) -> Pauses:
        """Somebody starts a workflow by hand, for an environment of their choice."""
        actor = self.chance.choice(team.people)
        stage = self.chance.choice([place.name for place in team.repository.environments])
        run = team.repository.start_run(
            "apply.yml",
            actor=actor,
            event="workflow_dispatch",
            title=f"Apply to {stage} by @{actor}",
        )
        yield from self.deploy(run, stage, failing=0.06, name="apply")
        run.finish()

    def publish(self, team: Team) -> Pauses:
        """A workflow publishes from the main branch; GitHub is told of no environment."""
        run = team.repository.start_run("publish.yml", actor=self.chance.choice(team.people))
        yield from self.build(run)
        yield from self.plain_job(run, "publish", failing=0.12)
        run.finish()

    def ship(self, team: Team) -> Pauses:
        """A tag goes to two places by jobs that tell it by their names alone."""
        tag = team.next_tag(self.chance)
        run = team.repository.start_run(
            "deploy.yml", ref=tag, actor=self.chance.choice(team.people)
        )
        yield from self.build(run)
        for stage in ("staging", "production"):
            if not (yield from self.plain_job(run, f"deploy to {stage}", failing=0.1)):
                break
        run.finish()

    def synchronise(self, team: Team, stages: Sequence[str]) -> Pauses:
        """A tool outside GitHub deploys and reports it."""
        tag = team.next_tag(self.chance)
        for stage in stages:
            deployment = team.repository.create_deployment(
                stage, ref=tag, creator="argo-cd[bot]", payload={"version": tag}
            )
            log_url = f"{page_url(team.repository)}/applications/{stage}"
            deployment.add_status("pending", log_url=log_url)
            yield self.seconds(6, 20)
            worked = self.chance.random() > 0.1
            deployment.add_status("success" if worked else "error", log_url=log_url)
            if not worked:
                return
            yield self.seconds(5, 20)

    def get_stuck(self, team: Team, stage: str) -> Pauses:
        """A deployment hangs for hours; in the end it times out."""
        run = team.repository.start_run("main.yml", actor=self.chance.choice(team.people))
        job = run.add_job(f"deploy to {stage}", environment=stage)
        job.start()
        yield max((self.live_at - self.clock()).total_seconds(), 0) + 400
        job.finish("timed_out")
        run.finish()

    def deploy_stubbornly(self, run: Run, stage: str, team: Team) -> Outcome:
        """Deploy; when it fails, mostly somebody runs it again."""
        if (yield from self.deploy(run, stage, failing=0.12)):
            return True
        if self.chance.random() < 0.25:
            return False
        run.finish()
        yield self.seconds(5, 20)
        run.rerun(self.chance.choice(team.people))
        return (yield from self.deploy(run, stage, failing=0.25))

    def deploy(self, run: Run, stage: str, *, failing: float, name: str | None = None) -> Outcome:
        """A job with an environment; someone approves it, or not, where that is asked for."""
        job = run.add_job(name or f"deploy to {stage}", environment=stage)
        yield self.seconds(1, 3)
        if job.status == "waiting":
            yield self.seconds(6, 30)
            if self.chance.random() < 0.07:
                job.reject()
                return False
            job.approve()
            yield self.seconds(1, 2)
        job.start()
        yield self.seconds(5, 18)
        job.finish("failure" if self.chance.random() < failing else "success")
        return job.conclusion == "success"

    def build(self, run: Run) -> Pauses:
        """The job that comes first."""
        yield from self.plain_job(run, "build", failing=0)

    def plain_job(self, run: Run, name: str, *, failing: float) -> Outcome:
        """A job without an environment."""
        job = run.add_job(name)
        yield self.seconds(1, 3)
        job.start()
        yield self.seconds(4, 12)
        job.finish("failure" if self.chance.random() < failing else "success")
        return job.conclusion == "success"
