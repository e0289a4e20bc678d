"""Which deployments follow which, by workflows as people write them."""

from collections.abc import Mapping

import pytest

from fetcher.mapping.parents import (
    parents_by_needs,
)
from fetcher.mapping.workflow_graph import Graph
from tests.fetcher.deployed import Deployed, named, steps
from tests.fetcher.workflow_texts import (
    ANCHORS,
    CALLING,
    CALLING_WITH_MATRIX,
    DIAMOND,
    EXPRESSIONS,
    JOBS_BETWEEN,
    LINEAR,
    MATRIX,
    MATRIX_WITH_ENVIRONMENT,
    ONE_NAME,
    workflow,
)

Parents = Mapping[str, list[str]]  # names of jobs, `#2` for another attempt than the first


@pytest.mark.parametrize(
    ("text", "deployed", "expected"),
    [
        pytest.param(
            LINEAR,
            [("dev", "dev"), ("staging", "staging"), ("production", "production")],
            {"dev": [], "staging": ["dev"], "production": ["staging"]},
            id="one after the other",
        ),
        pytest.param(
            LINEAR,
            [("dev", "dev"), ("production", "production")],
            {"production": ["dev"]},
            id="a job that was skipped is looked through",
        ),
        pytest.param(
            JOBS_BETWEEN,
            [("dev", "dev"), ("staging", "staging"), ("production", "production")],
            {"dev": [], "staging": ["dev"], "production": ["staging"]},
            id="jobs that don't deploy are looked through",
        ),
        pytest.param(
            DIAMOND,
            [("staging", "staging"), ("us", "prod-us"), ("eu", "prod-eu"), ("done", "status")],
            {"us": ["staging"], "eu": ["staging"], "done": ["us", "eu"]},
            id="diamond",
        ),
        pytest.param(
            MATRIX,
            [
                ("Stage (eu)", "staging"),
                ("Stage (us)", "staging"),
                ("Deploy us", "production"),
                ("Deploy eu", "production"),
                ("announce", "news"),
            ],
            {
                "Stage (us)": [],
                "Deploy eu": ["Stage (eu)"],
                "Deploy us": ["Stage (us)"],
                "announce": ["Deploy us", "Deploy eu"],
            },
            id="leg to leg, else all legs",
        ),
        pytest.param(
            MATRIX,
            [
                ("Stage (eu, big)", "staging"),
                ("Stage (us)", "staging"),
                ("Deploy eu", "production"),
            ],
            {"Deploy eu": ["Stage (eu, big)", "Stage (us)"]},
            id="legs with other values",
        ),
        pytest.param(
            MATRIX_WITH_ENVIRONMENT,
            [
                ("canary (canary, web)", "canary"),
                ("canary (canary, api)", "canary"),
                ("deploy (prod, api)", "prod"),
            ],
            {"deploy (prod, api)": ["canary (canary, api)"]},
            id="the environment is no value of a leg",
        ),
        pytest.param(
            EXPRESSIONS,
            [("main: deploy to dev", "dev"), ("deploy #7 to production", "production")],
            {"deploy #7 to production": ["main: deploy to dev"]},
            id="names with expressions",
        ),
        pytest.param(
            ANCHORS,
            [("staging", "staging"), ("mirror", "staging"), ("production", "production")],
            {"mirror": [], "production": ["staging"]},
            id="anchors",
        ),
        pytest.param(
            CALLING,
            [
                ("staging / Database", "staging-db"),
                ("staging / app", "staging"),
                ("Production / Database", "production-db"),
                ("Production / app", "production"),
            ],
            {
                "staging / Database": [],
                "staging / app": ["staging / Database"],
                "Production / Database": ["staging / app"],
                "Production / app": ["Production / Database"],
            },
            id="reusable workflows",
        ),
        pytest.param(
            CALLING_WITH_MATRIX,
            [
                ("staging (eu) / deploy", "staging"),
                ("staging (us) / deploy", "staging"),
                ("production (us) / deploy", "production"),
            ],
            {"production (us) / deploy": ["staging (us) / deploy"]},
            id="a reusable workflow called by a matrix",
        ),
        pytest.param(
            LINEAR,
            [
                ("dev", "dev"),
                ("staging", "staging"),
                ("production", "production"),
                ("production", "production", 2),
            ],
            {"production#2": ["staging"]},
            id="a re-run of what failed has its parents in the attempt before",
        ),
        pytest.param(
            LINEAR,
            [
                ("dev", "dev"),
                ("staging", "staging"),
                ("production", "production"),
                ("dev", "dev", 2),
                ("staging", "staging", 2),
                ("production", "production", 2),
            ],
            {"production": ["staging"], "staging#2": ["dev#2"], "production#2": ["staging#2"]},
            id="a re-run of everything",
        ),
        pytest.param(
            MATRIX,
            [
                ("Stage (eu)", "staging"),
                ("Stage (us)", "staging"),
                ("Stage (us)", "staging", 2),
                ("Deploy us", "production", 2),
                ("Deploy eu", "production", 2),
                ("announce", "news", 2),
            ],
            {
                "Deploy us#2": ["Stage (us)#2"],
                "Deploy eu#2": ["Stage (eu)"],
                "announce#2": ["Deploy us#2", "Deploy eu#2"],
            },
            id="a re-run of one leg",
        ),
    ],
)
def test_a_deployment_follows_the_nearest_ones_that_its_job_needs(
    text: str, deployed: list[Deployed], expected: Parents
) -> None:
    graph, run = Graph(workflow(text)), steps(deployed)

    found = {(named([step]) or [""])[0]: parents_by_needs(graph, step, run) for step in run}

    assert {name: named(found[name]) for name in expected} == expected


def test_jobs_of_one_name_are_told_apart_by_their_environments() -> None:
    staging, production = run = steps([("Deploy", "staging"), ("Deploy", "production")])
    graph = Graph(workflow(ONE_NAME))

    assert parents_by_needs(graph, staging, run) == ()
    assert parents_by_needs(graph, production, run) == (staging,)


def test_github_does_not_mind_the_case_of_an_environment() -> None:
    staging, production = run = steps([("staging", "Staging"), ("production", "PRODUCTION")])

    assert parents_by_needs(Graph(workflow(LINEAR)), production, run) == (staging,)
