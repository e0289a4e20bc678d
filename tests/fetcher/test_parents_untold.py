"""Workflows that do not tell which deployments follow which, and those that would be a trap."""

from dataclasses import replace

import pytest

from fetcher.mapping.parents import (
    parents_by_needs,
)
from fetcher.mapping.workflow_graph import Graph
from tests.fetcher.deployed import Deployed, named, steps
from tests.fetcher.workflow_texts import LINEAR, workflow


@pytest.mark.parametrize(
    ("text", "deployed"),
    [
        pytest.param(LINEAR, [("dev", "dev"), ("deploy", "production")], id="no such job"),
        pytest.param(LINEAR, [("dev", "dev"), ("production", "qa")], id="another environment"),
        pytest.param(LINEAR, [("dev", "dev"), ("", "production")], id="no name"),
        pytest.param(LINEAR, [("other", "dev"), ("production", "production")], id="a stranger"),
        pytest.param(
            "jobs: {a: {name: Deploy, environment: prod}, b: {name: Deploy, environment: prod}}",
            [("Deploy", "prod")],
            id="two jobs of one name",
        ),
        pytest.param(
            "jobs: {a: {name: '${{ inputs.a }}', environment: prod},"
            " b: {name: '${{ inputs.b }}', environment: '${{ inputs.b }}'}}",
            [("Deploy", "prod")],
            id="two names that may be anything",
        ),
        pytest.param(
            "jobs: {a: {environment: {name: prod, deployment: false}}}",
            [("a", "prod")],
            id="a job that files none",
        ),
        pytest.param(
            "jobs: {a: {uses: acme/hidden/.github/workflows/x.yml@main}}",
            [("a / deploy", "prod")],
            id="a workflow that can't be read",
        ),
        pytest.param(
            "jobs: {a: {uses: acme/hidden/.github/workflows/x.yml@main},"
            " b: {name: '${{ inputs.b }}', environment: '${{ inputs.b }}'}}",
            [("a / deploy", "prod")],
            id="a workflow that can't be read, or a name that may be anything",
        ),
    ],
)
def test_where_the_file_does_not_tell_a_job_there_is_no_answer(
    text: str, deployed: list[Deployed]
) -> None:
    run = steps(deployed)

    assert parents_by_needs(Graph(workflow(text)), run[-1], run) is None


def test_a_called_workflow_that_can_not_be_read_does_no_harm_where_it_does_not_deploy() -> None:
    graph = Graph(
        workflow("""
jobs:
  staging: {environment: staging}
  scan: {needs: staging, uses: acme/hidden/.github/workflows/scan.yml@main}
  production: {environment: production, needs: scan}
""")
    )
    staging, production = run = steps([("staging", "staging"), ("production", "production")])

    assert parents_by_needs(graph, production, run) == (staging,)


def test_needs_that_go_in_a_circle_or_nowhere_are_no_trap() -> None:
    graph = Graph(
        workflow("""
jobs:
  a: {needs: [c, nothing]}
  b: {needs: a, environment: staging}
  c: {needs: b, environment: prod}
""")
    )
    run = steps([("b", "staging"), ("c", "prod")])

    assert named(parents_by_needs(graph, run[0], run)) == ["c"]
    assert named(parents_by_needs(graph, run[1], run)) == ["b"]


def test_a_name_made_of_expressions_only_is_matched_at_once() -> None:
    name = "${{ a }}x" * 1000 + "y"
    graph = Graph(workflow(f"jobs: {{a: {{name: '{name}', environment: prod}}}}"))

    assert graph.locate("x" * 100_000, "prod") is None


def test_of_a_workflow_that_is_far_too_large_only_the_first_jobs_are_known() -> None:
    names = [f"j{number}" for number in range(500)]
    jobs = ", ".join(f"{name}: {{environment: prod}}" for name in names)
    calls = ", ".join(f"{name}: {{uses: x, needs: j499}}" for name in names)
    called, calling = workflow(f"jobs: {{{jobs}}}"), workflow(f"jobs: {{{calls}}}")

    graph = Graph(replace(calling, called=dict.fromkeys(names, called)))

    first = graph.locate("j0 / j499", "prod")
    assert first
    assert graph.before(first.path) == ()
    assert graph.locate("j499 / j0", "prod") is None
