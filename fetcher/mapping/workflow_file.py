"""What a workflow's file says of its jobs that tells which deployment follows which. Pure.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

# The parser's events are read one by one and never PyYAML's objects: those resolve `on` to true,
# recurse as deep as the text does (in C until the process crashes), and multiply merged mappings.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C is not in every build
LONGEST_TEXT: Final = 512 * 1024
DEEPEST: Final = 64
MOST_NODES: Final = 100_000
MOST_JOBS: Final = 500
NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))

# A scalar is its text, whatever type YAML would give it; null is None.
Node = str | list[Any] | dict[str, Any] | None


class _Unfit(Exception):
    """No workflow has such a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowJob:
    """A job as a workflow's file declares it; texts may hold expressions, `${{ … }}`.

    Attributes:
        id: Its key in the file.
        name: Shown instead of the id.
        needs: The ids of the jobs that it waits for.
        environment: Where its deployment goes; None when it files none.
        silent: It names an environment and says that this is no deployment.
        uses: The reusable workflow that it calls.
        matrix: There may be several of it, one for each combination of values.
    """

    id: str
    name: str | None = None
    needs: tuple[str, ...] = ()
    environment: str | None = None
    silent: bool = False
    uses: str | None = None
    matrix: bool = False


def parse_workflow(text: str) -> tuple[WorkflowJob, ...] | None:
    """The jobs of a workflow's file; None if the text is not a workflow, whatever else it is."""
    if len(text) > LONGEST_TEXT:
        return None
    try:
        document = _Tree(yaml.parse(text, Loader=LOADER)).document()
    except (yaml.YAMLError, _Unfit, ValueError):
        return None
    jobs = document.get("jobs") if isinstance(document, dict) else None
    if not isinstance(jobs, dict) or not 0 < len(jobs) <= MOST_JOBS:
        return None
    return tuple(_job(name, job) for name, job in jobs.items() if isinstance(job, dict))


def _job(name: str, job: Mapping[str, Node]) -> WorkflowJob:
    return WorkflowJob(
        id=name,
        name=_text(job.get("name")),
        needs=_texts(job.get("needs")),
        environment=_environment(job.get("environment")),
        silent=_is_silent(job.get("environment")),
        uses=_text(job.get("uses")),
        matrix=job.get("strategy") is not None,
    )


def _environment(node: Node) -> str | None:
    if isinstance(node, dict):
        return None if _is_silent(node) else _text(node.get("name"))
    return _text(node)


def _is_silent(node: Node) -> bool:
    return isinstance(node, dict) and str(node.get("deployment")).lower() == "false"


def _text(node: Node) -> str | None:
    return node.strip() or None if isinstance(node, str) else None


def _texts(node: Node) -> tuple[str, ...]:
    nodes = node if isinstance(node, list) else [node]
    return tuple(text for text in map(_text, nodes) if text)


class _Tree:
    """Builds the tree of the parser's events; an alias is the very node that its anchor names."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node:
        """The first document of the text."""
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                return self._node(event, 0)
        return None

    def _node(self, event: Any, depth: int) -> Node:
        self._nodes += 1
        if depth > DEEPEST or self._nodes > MOST_NODES:
            raise _Unfit
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _Unfit  # of nothing, or of what it is itself a part of
            return self._anchors[event.anchor]
        node = self._new(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _new(self, event: Any, depth: int) -> Node:
        match event:
            case yaml.ScalarEvent(value=value, style=style):
                return None if style in (None, "") and value in NULLS else str(value)
            case yaml.SequenceStartEvent():
                return list(self._children(depth))
            case yaml.MappingStartEvent():
                children = self._children(depth)
                pairs = zip(children, children, strict=True)
                return {key: value for key, value in pairs if isinstance(key, str)}
        raise _Unfit

    def _children(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            yield self._node(event, depth + 1)
