"""The make-believe organisation of the demo: its repositories and what goes on in them."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tests.fake_github.pipelines import Pauses, Pipelines, Team
from tests.fake_github.state import FakeGitHub
from tests.fake_github.story import Story

SEED = 10  # tells a story in which soon something of everything is to be seen
OWNER = "larkspur"
PEOPLE = ("ada-okafor", "bkumar", "chen-wei", "dora-m", "eliasf", "fatima-z")
STAGES = ("dev", "test", "staging", "production")
WORKFLOWS = Path(__file__).parent / "workflows"

PAST = timedelta(days=5)
STUCK_FOR = timedelta(hours=2, minutes=20)
LIVE_FOR = timedelta(minutes=3)  # already, when the demo begins


class Organisation:
    """A dozen repositories; `advance_to` tells their last days first, then keeps them going."""

    def __init__(self, now: datetime, seed: int = SEED) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        self.story = Story(now - PAST)
        self.fake = FakeGitHub(self.story.clock)
        self.pipelines = Pipelines(self.story.clock, self.chance, now - LIVE_FOR)
        self._tell()

    @property
    def repositories(self) -> list[str]:
        """Their full names."""
        return [repository.full_name for repository in self.fake.repositories]

    def advance_to(self, now: datetime) -> None:
        """Let everything happen that is due until now."""
        self.story.advance_to(now)

    def _tell(self) -> None:
        for name in ("storefront", "checkout", "catalogue", "payments", "identity"):
            self.story.tell(self._releasing(self._team(name, "release.yml")))
        for name in ("notifications", "mobile-gateway"):
            self.story.tell(self._pushing(self._team(name, "main.yml", "release.yml")))
        self.story.tell(self._stumbling(self._team("data-pipeline", "main.yml", "release.yml")))
        self.story.tell(self._syncing(self._team("search")))
        self.story.tell(self._applying(self._team("infrastructure", "apply.yml")))
        self.story.tell(self._publishing(self._team("handbook", "publish.yml", stages=())))
        self.story.tell(self._shipping(self._team("reports", "deploy.yml", stages=())))

    def _team(self, name: str, *files: str, stages: Sequence[str] = STAGES) -> Team:
        repository = self.fake.add_repository(
            f"{OWNER}/{name}",
            environments=stages,
            protected=[stage for stage in stages if stage == "production"],
            workflows={file: (WORKFLOWS / file).read_text() for file in files},
        )
        version = (self.chance.randint(1, 4), self.chance.randint(0, 20), self.chance.randint(0, 6))
        return Team(repository, self.chance.sample(PEOPLE, 3), version)

    def _releasing(self, team: Team) -> Pauses:
        while True:
            yield self.pipelines.until_next()
            yield from self.pipelines.release(team, STAGES)

    def _pushing(self, team: Team, until: datetime | None = None) -> Pauses:
        while until is None or self.story.clock() < until:
            yield self.pipelines.until_next()
            if self.chance.random() < 0.5:
                yield from self.pipelines.push(team)
            else:
                yield from self.pipelines.release(team, STAGES[1:])

    def _stumbling(self, team: Team) -> Pauses:
        stuck_at = self.pipelines.live_at - STUCK_FOR
        yield from self._pushing(team, until=stuck_at - timedelta(hours=22))
        yield max((stuck_at - self.story.clock()).total_seconds(), 0)
        yield from self.pipelines.get_stuck(team, "dev")
        yield from self._pushing(team)

    def _syncing(self, team: Team) -> Pauses:
        while True:
            yield self.pipelines.until_next()
            yield from self.pipelines.synchronise(team, STAGES[1:])

    def _applying(self, team: Team) -> Pauses:
        while True:
            yield self.pipelines.until_next()
            yield from self.pipelines.apply(team)

    def _publishing(self, team: Team) -> Pauses:
        while True:
            yield self.pipelines.until_next()
            yield from self.pipelines.publish(team)

    def _shipping(self, team: Team) -> Pauses:
        while True:
            yield self.pipelines.until_next()
            yield from self.pipelines.ship(team)
