"""The rules in the settings: what is different from what the names say. Pure.

    [[fetcher.rules]]
    match = { repository = "acme/shop", job = "deploy *" }
    set = { service = "{job}", version = "build {run_number}" }

The first rule that matches a deployment decides, and no other is asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fetcher.event import Event
from fetcher.mapping.services import Sight
from fetcher.mapping.source import Source

WORDS: Final = (
    "owner",
    "repository",
    "workflow",
    "job",
    "leg",
    "environment",
    "version",
    "ref",
    "sha",
    "run_number",
)
WORD: Final = re.compile(r"\{([^{}]*)\}")


def _template(text: str) -> str:
    if unknown := set(WORD.findall(text)).difference(WORDS):
        known = ", ".join(f"{{{word}}}" for word in WORDS)
        raise ValueError(f"{{{min(unknown)}}} is unknown; there are {known}")
    return text


Glob = Annotated[str, Field(min_length=1)]
Template = Annotated[str, Field(min_length=1), AfterValidator(_template)]


class Match(BaseModel):
    """Globs (`*`, `?`, `[ab]`), ignoring case; one that is not given matches everything.

    Attributes:
        repository: Of `owner/name`.
        workflow: Of the workflow's file, `deploy.yml`.
        job: Of the job's name as GitHub shows it, `deploy (eu)`.
        environment: As GitHub spells it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: Glob | None = None
    workflow: Glob | None = None
    job: Glob | None = None
    environment: Glob | None = None

    @model_validator(mode="after")
    def _is_of_something(self) -> "Match":
        if not self.model_fields_set:
            raise ValueError("name at least one of repository, workflow, job, environment")
        return self


class Change(BaseModel):
    """What a deployment gets instead: templates, such as `{repository}-{leg}`.

    A template that mentions what is not known of a deployment changes nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: Template | None = None
    environment: Template | None = None
    version: Template | None = None

    @model_validator(mode="after")
    def _is_of_something(self) -> "Change":
        if not self.model_fields_set:
            raise ValueError("name at least one of service, environment, version")
        return self


class Rule(BaseModel):
    """One of `[[fetcher.rules]]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Match
    set: Change | None = None
    ignore: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> "Rule":
        if not {"set", "ignore"} & self.model_fields_set:
            raise ValueError("say what to `set`, or whether to `ignore`")
        if self.ignore and self.set:
            raise ValueError("what is ignored has nothing to `set`")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rules match; None is not known yet, "" is known to be absent."""

    repository: str
    workflow: str | None = None
    job: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """An event after the rules.

    Attributes:
        sight: What its service follows from, unless a rule gave it one or nothing is known.
    """

    event: Event
    sight: Sight | None


def facts_of(source: Source, environment: str) -> Facts:
    """All facts of a deployment."""
    return Facts(
        repository=source.repository,
        workflow=source.workflow,
        job=source.job.name if source.job else "",
        environment=environment,
    )


def deciding(rules: Sequence[Rule], facts: Facts) -> Rule | None:
    """The rule that decides, as far as that is certain from what is known."""
    for rule in rules:
        verdicts = _verdicts(rule, facts)
        if False in verdicts:
            continue
        return None if None in verdicts else rule
    return None


def ignored(rules: Sequence[Rule], facts: Facts) -> bool:
    """Whether it is already certain that nothing is to be sent."""
    rule = deciding(rules, facts)
    return rule is not None and rule.ignore


def ruled(rules: Sequence[Rule], event: Event, source: Source) -> Ruled | None:
    """The event as the rules want it; None when it is ignored."""
    rule = deciding(rules, facts_of(source, event.environment))
    if rule and rule.ignore:
        return None
    if rule is None or rule.set is None:
        return Ruled(event, source.sight(event, event.fitted().environment))
    known = source.words(event)
    service = _filled(rule.set.service, known)
    told = replace(
        event,
        service=service or event.service,
        environment=_filled(rule.set.environment, known) or event.environment,
        version=_filled(rule.set.version, known) or event.version,
    )
    return Ruled(told, None if service else source.sight(event, told.fitted().environment))


def _verdicts(rule: Rule, facts: Facts) -> set[bool | None]:
    wanted = rule.match.model_dump(exclude_none=True)
    return {_matches(glob, getattr(facts, name)) for name, glob in wanted.items()}


def _matches(glob: str, fact: str | None) -> bool | None:
    return None if fact is None else fnmatchcase(fact.casefold(), glob.casefold())


def _filled(template: str | None, known: Mapping[str, str]) -> str | None:
    if template is None or not all(known[word] for word in WORD.findall(template)):
        return None
    return WORD.sub(lambda word: known[word[1]], template).strip() or None
