from datetime import UTC, datetime

import pytest

from fetcher.github.answers import Job, Run
from fetcher.mapping.units import Unit, is_one_of_several, leg_of, taken_apart, unit_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def run(file: str = "deploy.yml") -> Run:
    return Run(
        id=1,
        created_at=NOW,
        path=f".github/workflows/{file}@refs/heads/main",
        head_branch="feature/tax",
        head_sha="4f0c9a1e5b7d2c3f4a5b6c7d8e9f0a1b2c3d4e5f",
        run_number=42,
        actor="ana",
        triggering_actor="zoe",
    )


def job(name: str) -> Job:
    return Job(id=1, name=name)


@pytest.mark.parametrize(
    ("file", "name", "environment", "expected"),
    [
        # The names say no more than that it deploys, when, and where to: the repository itself.
        ("deploy.yml", "deploy", "production", ()),
        ("main.yml", "Deploy to production", "production", ()),
        ("deploy-staging.yml", "deploy", "staging", ()),
        ("deploy.yml", "deploy-prod", "production", ()),
        ("deploy.yml", "deploy-eu", "production-eu", ()),
        ("rollback.yml", "rollback", "production", ()),
        ("hotfix.yml", "Deploy", "production", ()),
        ("ci-cd.yml", "build-and-deploy", "production", ()),
        ("deploy.yml", "promote-staging-to-prod", "production", ()),
        # They say what is deployed.
        ("deploy-api.yml", "deploy", "production", ("api",)),
        ("main.yml", "deploy-api", "production", ("api",)),
        ("main.yml", "Deploy API to staging", "staging", ("api",)),
        ("main.yml", "deployApi", "production", ("api",)),
        ("api.yml", "deploy-api", "production", ("api",)),
        ("backend.yml", "deploy-api", "production", ("backend", "api")),
        ("main.yml", "migrate", "production", ("migrate",)),
        # Legs of a matrix, without the environment among their values.
        ("deploy.yml", "deploy (api)", "production", ("api",)),
        ("deploy.yml", "deploy (api, production)", "production", ("api",)),
        ("deploy.yml", "deploy (prod, eu-west-1)", "production", ("eu-west-1",)),
        ("deploy.yml", "deploy (api-production)", "production", ("api",)),
        ("deploy.yml", "deploy (packages/web)", "production", ("packages/web",)),
        ("deploy.yml", "deploy (staging)", "staging", ()),
        ("deploy.yml", "deploy (api, eu)", "production", ("api-eu",)),
        # Reusable workflows: the calling job and the called one.
        ("main.yml", "api / deploy", "production", ("api",)),
        ("main.yml", "deploy (api) / run", "production", ("api",)),
        ("main.yml", "api / deploy (eu)", "production", ("api", "eu")),
        # What a template put there is another in the next run, and tells nothing.
        ("deploy.yml", "Deploy v1.4.2-rc.1 to production", "production", ()),
        ("deploy.yml", "Deploy 4f0c9a1 (production) by zoe", "production", ()),
        ("deploy.yml", "Deploy feature/tax by @ana", "production", ()),
        ("deploy.yml", "deploy (feature/tax)", "production", ()),
        ("deploy.yml", "Deploy #42", "production", ()),
        ("deploy.yml", "Deploy 42", "production", ()),
        ("deploy.yml", "Deploy region 2", "production", ("region-2",)),
        # Not written in ASCII.
        ("deploy.yml", "déployer l'entrepôt", "production", ("déployer-l-entrepôt",)),
        ("deploy.yml", "🚀 deploy", "production", ()),
    ],
)
def test_the_unit_is_what_the_names_say_beyond_deploying_when_and_where_to(
    file: str, name: str, environment: str, expected: Unit
) -> None:
    assert unit_of(run(file), job(name), environment) == expected


def test_of_a_whole_run_the_workflows_file_tells_the_unit() -> None:
    assert unit_of(run("deploy-api.yml"), None, "production") == ("api",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deploy", ("deploy", ())),
        ("deploy (a, b)", ("deploy", ("a", "b"))),
        ("call (a) / deploy (b)", ("call / deploy", ("a", "b"))),
        ("deploy (a (b), c)", ("deploy", ("a (b)", "c"))),
        ("deploy ()", ("deploy", ())),
        ("deploy (a) now", ("deploy (a) now", ())),
        ("", ("", ())),
    ],
)
def test_a_jobs_name_is_taken_apart_into_its_name_and_the_values_of_its_matrix(
    name: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    assert taken_apart(name) == expected


def test_the_leg_is_the_values_without_the_environment() -> None:
    assert leg_of(job("deploy (prod, api, eu)"), run(), "production") == "api-eu"
    assert leg_of(job("deploy"), run(), "production") == ""


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("deploy (api)",), False),
        (("deploy (api)", "deploy (web)"), True),
        (("deploy (api)", "test (web)"), False),
        (("deploy (api, production)", "deploy (api, staging)"), False),
        (("deploy (api, production)", "deploy (web, staging)"), True),
        (("deploy (production)", "deploy (staging)"), False),
        (("deploy", "deploy"), False),
    ],
)
def test_a_leg_is_one_of_several_when_its_run_has_another_one_of_something_else(
    names: tuple[str, ...],
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    jobs = [Job(id=number, name=name) for number, name in enumerate(names)]

    assert is_one_of_several(run(), jobs[0], jobs, "production") is expected
