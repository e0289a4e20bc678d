import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetcher.mapping.workflow_file import WorkflowJob, parse_workflow


def test_a_job_is_told_with_its_name_needs_environment_call_and_matrix() -> None:
    found = parse_workflow("""
name: Release
on:
  push:
    branches: [main]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
  staging:
    name: Deploy ${{ matrix.region }}
    needs: build
    strategy:
      matrix:
        region: [eu, us]
    environment:
      name: staging-${{ matrix.region }}
      url: https://staging.example
  smoke:
    needs: [build, staging]
    uses: acme/shared/.github/workflows/smoke.yml@v2
  production:
    needs:
      - smoke
    environment: production
""")

    assert found == (
        WorkflowJob(id="build"),
        WorkflowJob(
            id="staging",
            name="Deploy ${{ matrix.region }}",
            needs=("build",),
            environment="staging-${{ matrix.region }}",
            matrix=True,
        ),
        WorkflowJob(
            id="smoke",
            needs=("build", "staging"),
            uses="acme/shared/.github/workflows/smoke.yml@v2",
        ),
        WorkflowJob(id="production", needs=("smoke",), environment="production"),
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("production", "production"),
        ("{name: production}", "production"),
        ("{name: production, deployment: true}", "production"),
        ("{name: production, deployment: false}", None),
        ("{name: production, deployment: False}", None),
        ('{name: production, deployment: "${{ inputs.real }}"}', "production"),
        ("{url: https://example.com}", None),
        ("on", "on"),
        ("7", "7"),
        ("'null'", "null"),
        ("null", None),
        ("~", None),
        ("", None),
        ("''", None),
        ("[production]", None),
    ],
)
def test_a_job_files_deployments_when_it_names_an_environment_and_does_not_say_otherwise(
    environment: str, expected: str | None
) -> None:
    (job,) = parse_workflow(f"jobs:\n  a:\n    environment: {environment}\n") or ()

    assert job.environment == expected
    assert job.silent == ("false" in environment.lower())


def test_an_anchor_may_be_used_again() -> None:
    found = parse_workflow("""
on: push
jobs:
  first: &deploy
    environment: &where staging
    needs: &needs [build]
  second: *deploy
  third:
    environment: *where
    needs: *needs
  build: {}
""")

    assert found
    assert [(job.id, job.environment, job.needs) for job in found] == [
        ("first", "staging", ("build",)),
        ("second", "staging", ("build",)),
        ("third", "staging", ("build",)),
        ("build", None, ()),
    ]


LAUGHS = "\n".join(
    [
        "a0: &a0 {x: y}",
        *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 40)),
        "jobs: {deploy: *a39}",
    ]
)
MANY = "jobs: {" + ", ".join(f"j{n}: {{}}" for n in range(501)) + "}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "a workflow",
        "[]",
        "on: push",
        "jobs:",
        "jobs: deploy",
        "jobs: []",
        "jobs: {}",
        "jobs: {deploy: [",
        "jobs: {deploy: *nothing}",
        "jobs: &jobs {deploy: {needs: *jobs}}",
        "jobs: !!python/object/apply:os.system [exit]",
        "\x00\x01",
        "jobs: {deploy: {name: \ud800}}",
        "{" * 100_000,
        "[" * 100_000,
        "- " * 100_000,
        "jobs: {deploy: " + "[" * 70 + "]" * 70 + "}",
        "jobs: {deploy: {name: " + "x" * 600_000 + "}}",
        "jobs: {deploy: {needs: [" + "a," * 100_001 + "]}}",
        MANY,
        "--- a\n--- b\n",
        "%YAML 9.9\n---\njobs: {}",
    ],
)
def test_what_is_no_workflow_is_none(text: str) -> None:
    assert parse_workflow(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "jobs: {deploy: {environment: prod}, 7: not a job}",
        "jobs: {deploy: {environment: prod, needs: {a: b}, name: [x], uses: {}, strategy: }}",
        "jobs: {? [a, b] : {}, deploy: {environment: prod}}",
        "true: push\njobs: {deploy: {environment: prod}}\n---\njobs: {other: {}}",
        "\N{BYTE ORDER MARK}jobs: {deploy: {environment: prod}}",
    ],
)
def test_what_is_strange_in_a_workflow_is_left_out(text: str) -> None:
    assert parse_workflow(text) == (WorkflowJob(id="deploy", environment="prod"),)


def test_mappings_that_multiply_when_they_are_merged_are_not_merged() -> None:
    assert parse_workflow(LAUGHS) == (WorkflowJob(id="deploy"),)


@given(st.text(alphabet=st.sampled_from("ab:-?[]{}&*!|>'\"#%@`,~ \n\t\N{BYTE ORDER MARK}\x85jobs")))
def test_no_text_is_an_error(text: str) -> None:
    found = parse_workflow(f"jobs:\n  a:\n    needs: {text}")

    assert found is None or all(isinstance(job, WorkflowJob) for job in found)
