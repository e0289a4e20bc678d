"""What deploys: the unit of a repository that a job's deployment is of, by names alone. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from fetcher.github.answers import Job, Run
from fetcher.mapping.naming import DEPLOY, ENVIRONMENTS, SEGMENT, stem, words

# What tells a unit from the others of its repository, the most general first; () is the
# repository itself.
Unit = tuple[str, ...]

# Words that say that, when or how something is deployed, and not what.
GENERAL: Final = DEPLOY | frozenset(
    word
    for line in (
        "deploys deploying deployments releases releasing rollback redeploy hotfix promotion",
        "shipping ci build test tests main master trunk default app run job jobs call pipeline",
        "workflow action delivery continuous manual manually auto automatic automated dispatch",
        "push merge tag branch nightly scheduled trigger start new latest all everything env",
        "environment version commit and or to on in of for from with the a via by after before",
        "pre non",
    )
    for word in line.split()
)
TELLING_NOTHING: Final = GENERAL | ENVIRONMENTS.keys()
LEGS: Final = re.compile(r"(?P<name>[^()]*?)\s*\((?P<values>.*)\)\s*")
# What a template puts into a job's name and differs in the next run: versions, commits, #42.
CHANGING: Final = re.compile(
    r"(?<![\w-])(?:[vV]?\d+(?:\.\d+)+[\w.+-]*|(?=[a-f]*\d)[0-9a-f]{7,40}|#\d+)(?![\w-])"
)


def unit_of(run: Run, job: Job | None, environment: str) -> Unit:
    """What a job of a run deploys, or, without a job, what the whole run does.

    It is what the names of the workflow's file, the job and the leg of its matrix say beyond
    deploying, when, and where to. So `deploy-staging` and `deploy-prod` are jobs of one unit, as
    are `release.yml` and `rollback.yml`; `deploy (api, prod)` and `deploy-api.yml` are of `api`.
    """
    name = taken_apart(job.name)[0] if job else ""
    parts = (
        _subject(stem(run.path), environment),
        _subject(_steady(name, run), environment),
        leg_of(job, run, environment) if job else "",
    )
    return tuple(dict.fromkeys(filter(None, parts)))


def taken_apart(name: str) -> tuple[str, tuple[str, ...]]:
    """A job's name without the values of its matrix, and those: `a (x, y) / b` is a / b; x, y."""
    names, values = [], list[str]()
    for segment in name.split(SEGMENT):
        found = LEGS.fullmatch(segment)
        names.append(found["name"] if found else segment)
        values += found["values"].split(",") if found else ()
    return SEGMENT.join(names), tuple(filter(None, (value.strip() for value in values)))


def leg_of(job: Job, run: Run, environment: str) -> str:
    """The leg of a matrix that a job is, without what names its environment; "" for no leg."""
    _, values = taken_apart(job.name)
    kept = (
        _without_environment(value, environment) for value in values if value not in _facts(run)
    )
    return "-".join(filter(None, kept))


def is_one_of_several(run: Run, job: Job, jobs: Iterable[Job], environment: str) -> bool:
    """Whether the run has other legs of the job, which deploy something else."""
    own, name = _what(unit_of(run, job, environment)), taken_apart(job.name)[0]
    others = (other for other in jobs if taken_apart(other.name)[0] == name)
    return bool(own) and any(_what(unit_of(run, other, environment)) != own for other in others)


def _what(unit: Unit) -> list[str]:
    # Another leg's environment is not known: whatever is named like one is taken for one.
    return [word for word in words(" ".join(unit)) if word not in ENVIRONMENTS]


def _subject(text: str, environment: str) -> str:
    place = _words_of_environment(environment)
    return "-".join(word for word in words(text) if word not in TELLING_NOTHING | place)


def _without_environment(leg: str, environment: str) -> str:
    """A value of a matrix as it is spelled, without its words for the environment, if any."""
    place = _words_of_environment(environment)
    spoken = words(leg)
    rest = [word for word in spoken if ENVIRONMENTS.get(word, word) not in place]
    return leg if rest == spoken else "-".join(rest)


def _words_of_environment(environment: str) -> set[str]:
    spoken = words(environment)
    return {*spoken, *(ENVIRONMENTS.get(word, word) for word in spoken)}


def _steady(name: str, run: Run) -> str:
    """A job's name without what makes it differ in the next run."""
    # Few names contain a fact, and a fact's pattern is compiled anew for each run.
    told = [fact for fact in _facts(run) if fact in name]
    for fact in sorted(told, key=len, reverse=True):
        name = re.sub(rf"(?<![\w-]){re.escape(fact)}(?![\w-])", " ", name)
    return CHANGING.sub(" ", name)


def _facts(run: Run) -> set[str]:
    who = (run.actor, run.triggering_actor)
    told = (run.head_branch, run.head_sha, run.head_sha[:7], f"{run.run_number or ''}", *who)
    return {fact for fact in told if fact}
