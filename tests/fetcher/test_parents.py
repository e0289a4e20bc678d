"""Which deployments follow which, by workflows as people write them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fetcher.mapping.parents import (
    Step,
    leads_to,
    parents_by_needs,
    parents_by_time,
    promotes,
)
from fetcher.mapping.workflow_file import parse_workflow
from fetcher.mapping.workflow_graph import Graph, Workflow

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)

LINEAR = """
on: push
jobs:
  dev: {environment: dev}
  staging: {environment: staging, needs: dev}
  production: {environment: production, needs: staging}
"""
JOBS_BETWEEN = """
on: push
jobs:
  build: {}
  dev: {environment: dev, needs: build}
  smoke: {needs: [dev]}
  staging: {environment: staging, needs: [build, smoke]}
  load: {needs: staging}
  security: {needs: staging}
  approve: {needs: [load, security], environment: {name: gates, deployment: false}}
  production: {environment: production, needs: approve}
"""
DIAMOND = """
on: push
jobs:
  staging: {environment: staging}
  eu: {environment: prod-eu, needs: staging}
  us: {environment: prod-us, needs: staging}
  done: {environment: status, needs: [eu, us]}
"""
MATRIX = """
on: push
jobs:
  staging:
    name: Stage
    strategy: {matrix: {region: [eu, us]}}
    environment: staging
  test:
    needs: staging
    strategy: {matrix: {region: [eu, us]}}
  production:
    name: Deploy ${{ matrix.region }}
    needs: test
    strategy: {matrix: {region: [eu, us]}}
    environment: production
  announce: {needs: production, environment: news}
"""
MATRIX_WITH_ENVIRONMENT = """
on: push
jobs:
  canary:
    strategy: {matrix: {environment: [canary], app: [web, api]}}
    environment: ${{ matrix.environment }}
  deploy:
    needs: canary
    strategy: {matrix: {environment: [prod], app: [web, api]}}
    environment: ${{ matrix.environment }}
"""
ONE_NAME = """
on: push
jobs:
  a: {name: Deploy, environment: staging}
  b: {name: Deploy, environment: production, needs: a}
"""
EXPRESSIONS = """
on: push
jobs:
  first:
    name: "${{ github.ref_name }}: deploy to ${{ vars.FIRST }}"
    environment: ${{ vars.FIRST }}
  second:
    name: "deploy #${{ github.run_number }} to production"
    environment: production
    needs: first
"""
ANCHORS = """
on: push
jobs:
  staging: &deploy
    environment: staging
    needs: &needs []
  production:
    environment: production
    needs: [staging]
  mirror: *deploy
"""
CALLING = """
on: push
jobs:
  build: {}
  staging:
    needs: build
    uses: ./.github/workflows/deploy.yml
  check: {needs: staging}
  production:
    name: Production
    needs: check
    uses: ./.github/workflows/deploy.yml
"""
CALLED = """
on: workflow_call
jobs:
  prepare: {}
  database: {name: Database, needs: prepare, environment: "${{ inputs.environment }}-db"}
  app: {needs: database, environment: "${{ inputs.environment }}"}
  report: {needs: app}
"""
CALLING_WITH_MATRIX = """
on: push
jobs:
  staging:
    strategy: {matrix: {region: [eu, us]}}
    uses: ./.github/workflows/one.yml
  production:
    needs: staging
    strategy: {matrix: {region: [eu, us]}}
    uses: ./.github/workflows/one.yml
"""
ONE = """
on: workflow_call
jobs:
  deploy: {environment: "${{ inputs.environment }}"}
"""
FILES = {"./.github/workflows/deploy.yml": CALLED, "./.github/workflows/one.yml": ONE}

Deployed = tuple[str, str] | tuple[str, str, int]  # job, environment, attempt
Parents = Mapping[str, list[str]]  # names of jobs, `#2` for another attempt than the first


def workflow(text: str, files: Mapping[str, str] = FILES) -> Workflow:
    jobs = parse_workflow(text)
    assert jobs
    calls = {job.id: files[job.uses] for job in jobs if job.uses and job.uses in files}
    return Workflow(jobs, {name: workflow(called, files) for name, called in calls.items()})


def steps(deployed: Sequence[Deployed], every: float = 60) -> list[Step]:
    """These deployments, each filed when the one before it has succeeded."""
    return [
        Step(
            number=number,
            deployment_id=f"gh-dep-{number}",
            environment=environment,
            filed_at=START + timedelta(seconds=number * every),
            succeeded_at=START + timedelta(seconds=(number + 1) * every),
            job=job,
            attempt=attempt[0] if attempt else 1,
        )
        for number, (job, environment, *attempt) in enumerate(deployed)
    ]


def named(found: Sequence[Step] | None) -> list[str] | None:
    if found is None:
        return None
    return [each.job + (f"#{each.attempt}" if each.attempt > 1 else "") for each in found]


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

    assert graph.stand("x" * 100_000, "prod") is None


def test_of_a_workflow_that_is_far_too_large_only_the_first_jobs_are_known() -> None:
    names = [f"j{number}" for number in range(500)]
    jobs = ", ".join(f"{name}: {{environment: prod}}" for name in names)
    calls = ", ".join(f"{name}: {{uses: x, needs: j499}}" for name in names)
    called, calling = workflow(f"jobs: {{{jobs}}}"), workflow(f"jobs: {{{calls}}}")

    graph = Graph(replace(calling, called=dict.fromkeys(names, called)))

    first = graph.stand("j0 / j499", "prod")
    assert first
    assert graph.before(first.place) == ()
    assert graph.stand("j499 / j0", "prod") is None


def test_by_time_a_deployment_follows_those_that_had_succeeded_when_it_was_filed() -> None:
    dev, staging, production = run = steps([("a", "dev"), ("b", "staging"), ("c", "production")])

    assert parents_by_time(dev, run) == ()
    assert parents_by_time(staging, run) == (dev,)
    assert parents_by_time(production, run) == (staging,)


def test_by_time_what_failed_or_goes_on_or_came_later_is_nobodys_parent() -> None:
    dev, staging, production = steps([("a", "dev"), ("b", "staging"), ("c", "production")])
    failed = replace(staging, succeeded_at=None)

    assert parents_by_time(production, [dev, failed]) == (dev,)
    assert parents_by_time(dev, [staging, production]) == ()


def test_by_time_deployments_beside_each_other_are_both_parents_and_not_each_others() -> None:
    staging, eu, us, done = steps(
        [("a", "staging"), ("b", "prod-eu"), ("c", "prod-us"), ("d", "status")]
    )
    # It waited for a runner until the other was over, and was filed together with it.
    us = replace(us, filed_at=eu.filed_at + timedelta(seconds=1))
    run = [staging, eu, us, done]

    assert parents_by_time(eu, run) == (staging,)
    assert parents_by_time(us, run) == (staging,)
    assert parents_by_time(done, run) == (eu, us)


def test_by_time_units_that_go_the_same_way_are_not_mixed() -> None:
    web, api, web_on = steps([("a", "staging"), ("b", "staging"), ("c", "production")])
    api = replace(api, unit=("api",), filed_at=web.filed_at)

    assert parents_by_time(web_on, [web, api]) == (web,)
    assert parents_by_time(replace(web_on, unit=("both",)), [web, api]) == (web, api)


def test_a_success_may_be_noted_a_moment_after_the_next_is_filed() -> None:
    staging, production = steps([("a", "staging"), ("b", "production")])
    late = replace(staging, succeeded_at=production.filed_at + timedelta(seconds=1))
    too_late = replace(staging, succeeded_at=production.filed_at + timedelta(seconds=3))

    assert parents_by_time(production, [late]) == (late,)
    assert parents_by_time(production, [too_late]) == ()


def test_a_promotion_brings_further_what_another_run_has_brought_before() -> None:
    dev, staging, production = (
        replace(step, run=number)
        for number, step in enumerate(
            steps([("a", "dev"), ("b", "staging"), ("c", "production")]), start=1
        )
    )

    assert promotes(staging, dev)
    assert promotes(production, staging)
    assert promotes(production, dev)
    assert not promotes(dev, staging)
    assert not promotes(production, replace(staging, succeeded_at=None))
    assert not promotes(production, replace(staging, succeeded_at=production.filed_at + DAY))
    assert not promotes(production, replace(staging, unit=("other",)))
    assert not promotes(production, replace(staging, run=production.run))
    assert not promotes(replace(production, environment=None), staging)


def test_a_third_partys_deployments_promote_too() -> None:
    staging, production = steps([("", "staging"), ("", "production")])

    assert promotes(production, staging)


@pytest.mark.parametrize(
    ("environment", "other", "expected"),
    [
        ("dev", "test", True),
        ("development", "qa", True),
        ("qa", "staging", True),
        ("staging", "production", True),
        ("STG", "Prod", True),
        ("uat", "prd", True),
        ("preprod", "prod", True),
        ("pre-production", "production", True),
        ("staging", "prod-eu", True),
        ("staging-eu", "prod-eu", True),
        ("staging-us", "prod-eu", False),
        ("staging-eu", "production", False),
        ("staging", "preprod", False),
        ("staging", "uat", False),
        ("production", "staging", False),
        ("prod-eu", "prod-us", False),
        ("production", "production", False),
        ("github-pages", "production", False),
        ("staging", "blue", False),
        ("test-prod", "production", False),
        ("", "production", False),
    ],
)
def test_environments_lead_to_those_of_a_later_stage_in_the_same_place(
    environment: str,
    other: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert leads_to(environment, other) is expected
