"""Whatever happens in whatever order: each event arrives, once.

Hypothesis makes up timelines of an organisation, of GitHub's, the network's and the receiver's
faults, and of the fetcher's deaths. `TIMELINES=500 pytest tests/fetcher/test_timeline.py` tries
more of them, and others than each time; one that fails is then made as short as can be.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, get_args

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fake_github import (
    Deployment,
    Fault,
    Job,
    Repository,
    Run,
    disconnect,
    garbage,
    not_modified,
    primary_limit,
    secondary_limit,
    server_error,
    truncated,
)
from tests.fetcher import receiver_double
from tests.fetcher.lives import Lives, Step
from tests.fetcher.reading import START
from tests.fetcher.truth import held, owed

EXAMPLES = int(os.environ.get("TIMELINES", "0"))
STEPS = 40
MEMORY = Path("/dev/shm")  # noqa: S108 - no power fails here, so nothing need be on a disk
HOUR = 3600
LONGEST = 5 * 24 * HOUR  # less than the backfill, so that a lost state owes all of it
DECLARES, NAMES = "deploy.yml", "legacy.yml"  # its jobs declare environments, or only name them
WORKFLOWS = {
    "declares": {DECLARES: "name: Deploy\n"},
    "names": {NAMES: "name: Legacy\n"},
    "both": {DECLARES: "name: Deploy\n", NAMES: "name: Legacy\n"},
    "elsewhere": {},  # it is deployed by a third party
}
KINDS = tuple(WORKFLOWS)
MOST_REPOSITORIES = 5

T = TypeVar("T")
Move = tuple[int, str, int]  # which, what becomes of it, after how many seconds
Faults = tuple[list[receiver_double.Fault], list[tuple[str, Fault, int]]]

ANY = st.integers(0, 10_000)  # which of those that there are
PLACES = st.sampled_from(["staging", "production", "dev", "qa"])
PAUSES = st.sampled_from([0, 0, 1, 20])
CONCLUSIONS = st.sampled_from(["success", "success", "failure", "timed_out", "cancelled"])
MOVES = st.lists(st.tuples(ANY, CONCLUSIONS, PAUSES), max_size=12)
STATES = st.sampled_from(["pending", "queued", "in_progress", "success", "failure", "error"])
REPORTS = st.lists(st.tuples(st.integers(0, 2), STATES, PAUSES), max_size=5)
# Hangs take real time: they are the last choice.
RECEIVER_FAULTS = sorted(get_args(receiver_double.Fault), key=lambda fault: "hang" in fault)
GITHUB_FAULTS = [
    server_error(500),
    server_error(502),
    garbage(),
    garbage('{"message": "not what was asked for"}'),
    truncated(),
    disconnect(),
    not_modified(),
    secondary_limit(7),
    secondary_limit(None),
    primary_limit(START + timedelta(minutes=10)),
]
TRANSACTIONS = st.tuples(st.just("transaction"), st.integers(1, 60))
POSTS = st.tuples(st.just("post"), st.integers(1, 6))
PATHS = st.sampled_from(["*/deployments", "*/statuses", "*/runs*", "*/jobs", "*/contents/*", "*"])
GITHUB_FAILS = st.tuples(PATHS, st.sampled_from(GITHUB_FAULTS), st.integers(1, 4))
FAULTS = st.tuples(
    st.lists(st.sampled_from(RECEIVER_FAULTS), max_size=4),
    st.just([]) | st.just([]) | st.lists(GITHUB_FAILS, max_size=2),
)


class Timeline(RuleBasedStateMachine):
    """An organisation, a fetcher and a receiver, and everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.runner = asyncio.Runner()
        self.resources = AsyncExitStack()
        opening = self.resources.enter_async_context(receiver_double.receiver_double())
        self.receiver = self.runner.run(opening)
        self.lives = Lives(self.folder, self.receiver)
        self.fake = self.lives.fake
        self.elapsed = 0.0
        self.sound = True  # no rule has failed

    @initialize(honours_keys=st.sampled_from([False, False, True]))
    def begin(self, *, honours_keys: bool) -> None:
        self.receiver.honours_keys = honours_keys
        for kind in KINDS:
            self.new_repository(kind)

    @precondition(lambda self: len(self.lives.names) < MOST_REPOSITORIES)
    @rule(kind=st.sampled_from(KINDS))
    def new_repository(self, kind: str) -> None:
        """One with workflows of this kind."""
        name = f"acme/{kind}-{len(self.lives.names)}"
        self.fake.add_repository(name, protected=("production",), workflows=WORKFLOWS[kind])
        self.lives.names.append(name)

    # What people and their pipelines do

    @rule(which=ANY, place=PLACES, legs=st.integers(1, 3), builds=st.booleans(), moves=MOVES)
    def a_run_starts(
        self, which: int, place: str, legs: int, moves: list[Move], *, builds: bool
    ) -> None:
        repository, file = pick(which, self.workflows())
        run = repository.start_run(file, actor="ana")
        if builds:
            run.add_job("build").start()
        declares = file == DECLARES
        for leg in range(legs):
            name = f"deploy to {place} ({leg})" if declares else f"deploy to {place}"
            run.add_job(name, environment=place if declares else None)
        self.jobs_go_on(moves)

    @rule(moves=MOVES)
    def jobs_go_on(self, moves: list[Move]) -> None:
        for which, conclusion, seconds in moves:
            if jobs := self.unfinished():
                self.time_passes(seconds)
                self.move(pick(which, jobs), conclusion)

    def move(self, job: Job, conclusion: str) -> None:
        """To the next thing that can become of it."""
        match job.status, conclusion:
            case "waiting", "failure":
                job.reject()
            case "waiting", _:
                job.approve()
            case "queued", "timed_out":
                job.hold()
            case "queued" | "pending", "cancelled":
                job.finish(conclusion)
            case "queued" | "pending", _:
                job.start()
            case _:
                job.finish(conclusion)
        if all(each.conclusion for each in job.run.jobs_of(job.attempt)):
            job.run.finish()

    @precondition(lambda self: self.finished_runs())
    @rule(which=ANY, only_failed=st.booleans(), carry_over=st.booleans(), moves=MOVES)
    def a_run_goes_again(
        self, which: int, moves: list[Move], *, only_failed: bool, carry_over: bool
    ) -> None:
        run = pick(which, self.finished_runs())
        self.lives.clock.tick(2)
        jobs = run.jobs_of(run.attempt.number)
        if only_failed and any(job.conclusion != "success" for job in jobs):
            run.rerun_failed("zoe", carry_over=carry_over)
        else:
            run.rerun("zoe")
            for job in jobs:
                run.add_job(job.name, environment=job.environment)
        self.jobs_go_on(moves)

    @precondition(lambda self: self.unfinished())
    @rule(which=ANY)
    def a_run_is_cancelled(self, which: int) -> None:
        pick(which, self.unfinished()).run.cancel()

    @rule(which=ANY, place=PLACES, reports=REPORTS)
    def something_is_deployed_elsewhere(self, which: int, place: str, reports: list[Move]) -> None:
        repository = pick(which, self.fake.repositories)
        repository.create_deployment(place, creator="argo[bot]", ref="v1.2.0")
        for older, state, seconds in reports:
            self.time_passes(seconds)
            deployment = pick(-1 - older, self.foreign())
            deployment.add_status(state, log_url="https://cd.example/1")

    @rule(which=ANY)
    def a_repository_is_renamed(self, which: int) -> None:
        repository = pick(which, self.fake.repositories)
        self.fake.rename(repository.full_name, f"{repository.full_name}-x")

    @rule(seconds=st.sampled_from([30, 61, 600, 3 * HOUR, 24 * HOUR]))
    def time_passes(self, seconds: int) -> None:
        if self.elapsed + seconds < LONGEST:
            self.elapsed += seconds
            self.lives.clock.tick(seconds)

    @rule(seconds=st.sampled_from([-HOUR, -30, 0, 30, HOUR]))
    def the_fetchers_clock_is_set(self, seconds: int) -> None:
        self.lives.skew = timedelta(seconds=seconds)

    # What the fetcher does, and what goes wrong meanwhile

    @rule(faults=FAULTS)
    def the_fetcher_lives(self, faults: Faults) -> None:
        self.live(faults)

    @rule(
        deaths=st.lists(st.tuples(TRANSACTIONS | POSTS, PAUSES), min_size=1, max_size=4),
        faults=FAULTS,
    )
    def the_fetcher_is_killed_and_lives_again(
        self, deaths: list[tuple[Step, int]], faults: Faults
    ) -> None:
        for step, seconds in deaths:
            self.live(faults, step)
            self.time_passes(seconds)
        self.live(faults)

    @rule(faults=FAULTS)
    def the_state_is_lost(self, faults: Faults) -> None:
        self.live(faults)
        self.runner.run(self.lives.lose_state())
        self.live(faults)

    def live(self, faults: Faults, kill_at: Step | None = None) -> None:
        of_receiver, of_github = faults
        self.receiver.faults.extend(of_receiver)
        for path, fault, times in of_github:
            self.fake.fail(path, fault, times=times)
        self.sound = False
        self.runner.run(self.lives.live(kill_at))
        self.sound = True

    @invariant()
    def nothing_is_doubled_or_made_up(self) -> None:
        extra = held(self.receiver.rows) - owed(self.fake)
        self.sound = not extra
        assert not extra, sorted(extra)

    @invariant()
    def a_deployment_is_of_one_service(self) -> None:
        services = {(row["deployment_id"], row["service"]) for row in self.receiver.rows}
        deployments = [deployment for deployment, _service in sorted(services)]
        self.sound &= len(set(deployments)) == len(deployments)
        assert self.sound, sorted(services)

    def teardown(self) -> None:
        try:
            if self.sound:
                self.settle()
        finally:
            self.runner.run(self.resources.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)

    def settle(self) -> None:
        """Nothing goes wrong any more: then everything is told."""
        self.receiver.faults.clear()
        self.fake.faults.clear()
        self.lives.skew = timedelta()
        for _ in range(12):
            self.lives.clock.tick(40 * 60)  # in all, longer than the plan of a repository lasts
            code = self.runner.run(self.lives.live())
            self.nothing_is_doubled_or_made_up()
            missing = owed(self.fake) - held(self.receiver.rows) - held(self.receiver.refused)
            if code == 0 and not missing:
                return
        raise AssertionError(f"exit code {code}, never told: {sorted(missing)}")

    # What there is

    def workflows(self) -> list[tuple[Repository, str]]:
        found = [(r, workflow.path) for r in self.fake.repositories for workflow in r.workflows]
        return [(repository, path.rpartition("/")[2]) for repository, path in found]

    def unfinished(self) -> list[Job]:
        runs = [run for repository in self.fake.repositories for run in repository.runs]
        return [job for run in runs for job in run.jobs if job.conclusion is None]

    def finished_runs(self) -> list[Run]:
        runs = [run for repository in self.fake.repositories for run in repository.runs]
        return [run for run in runs if run.attempt.conclusion]

    def foreign(self) -> list[Deployment]:
        deployments = [d for r in self.fake.repositories for d in r.deployments]
        return [deployment for deployment in deployments if deployment.job is None]


def pick(which: int, among: Sequence[T]) -> T:
    """One of them."""
    return among[which % len(among)]


@pytest.mark.timeout(0 if EXAMPLES else 300)  # many short lives
def test_whatever_happens_each_event_arrives_once() -> None:
    run_state_machine_as_test(
        Timeline,
        settings=settings(
            max_examples=EXAMPLES or 12,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
