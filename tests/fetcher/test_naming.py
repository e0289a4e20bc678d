from datetime import UTC, datetime

import pytest

from fetcher.github.answers import Job, Run, Workflow
from fetcher.mapping.naming import (
    deploys,
    environment_in,
    environment_of,
    in_scope,
    judge,
    may_deploy,
    stem,
    words,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def workflow(file: str, name: str = "") -> Workflow:
    return Workflow(id=1, name=name or file, path=f".github/workflows/{file}")


def run(branch: str = "feature", event: str = "push", path: str = "") -> Run:
    return Run(id=1, created_at=NOW, head_branch=branch, event=event, path=path)


def jobs(*names: str) -> list[Job]:
    return [Job(id=number, name=name) for number, name in enumerate(names)]


def test_a_name_is_taken_apart_into_its_words() -> None:
    assert words("Deploy_to-prodEU (v2)") == ["deploy", "to", "prod", "eu", "v2"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deploy", True),
        ("Deploy to prod", True),
        ("deploy_prod", True),
        ("continuous-deployment", True),
        ("ci-cd", True),
        ("Publish image", True),
        ("build", False),
        ("undeployed", False),
        ("releases", False),
        ("", False),
    ],
)
def test_a_name_says_that_it_deploys_by_a_whole_word(
    name: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert deploys(name) is expected


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("deploy-prod", "production"),
        ("Deploy to PRODUCTION", "production"),
        ("prd", "production"),
        ("go live", "production"),
        ("deploy-preprod", "preprod"),
        ("Deploy to pre-production", "preprod"),
        ("deploy_non-prod_eu", "nonprod"),
        ("development", "dev"),
        ("deploy demo", "demo"),
        ("demo", None),
        ("stg", "staging"),
        ("deploy (stage)", "staging"),
        ("deploy dev", "dev"),
        ("preview", "preview"),
        ("deploy to test", "test"),
        ("test and deploy", None),
        ("test", None),
        ("product", None),
        ("", None),
    ],
)
def test_an_environment_is_recognised_by_its_usual_names(
    name: str, environment: str | None
) -> None:
    assert environment_in(name) == environment


@pytest.mark.parametrize(
    ("job", "workflow", "found", "environment"),
    [
        ("deploy staging", "Release to prod", run(), "staging"),
        ("deploy", "Release to prod", run(), "production"),
        (None, "Release to prod", run(), "production"),
        ("deploy", "", run(path=".github/workflows/deploy-qa.yml"), "qa"),
        ("deploy", "", run("release/uat"), "uat"),
        ("deploy", "", run("main"), "production"),
        ("deploy", "", run("v1.2.3"), "production"),
        ("deploy", "", run("aurora", "release"), "production"),
        ("deploy", "", run("feature"), None),
    ],
)
def test_the_environment_is_that_of_the_nearest_name_or_where_releases_go(
    job: str | None, workflow: str, found: Run, environment: str | None
) -> None:
    assert environment_of(found, job, workflow, "main") == environment


@pytest.mark.parametrize(
    ("event", "environment"),
    [("workflow_dispatch", "staging"), ("repository_dispatch", "staging"), ("push", "production")],
)
def test_what_a_dispatch_asks_for_is_told_by_its_title_and_a_commits_message_tells_nothing(
    event: str, environment: str
) -> None:
    found = run("main", event).model_copy(update={"display_title": "Deploy to staging by @ana"})

    assert environment_of(found, "deploy", "CD", "main") == environment


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".github/workflows/deploy.yml", "deploy"),
        (".github/workflows/deploy.yml@main", "deploy"),
        ("dynamic/pages/pages-build-deployment", "pages-build-deployment"),
    ],
)
def test_the_stem_of_a_workflows_file_is_without_branch_and_ending(
    path: str, expected: str
) -> None:
    assert stem(path) == expected


@pytest.mark.parametrize(
    ("file", "name", "job_names", "expected", "scope"),
    [
        ("deploy.yml", "Deploy", ("deploy",), True, "plain"),
        ("deploy.yml", "Deploy", ("build",), True, "run"),
        ("main.yml", "Main", ("build", "deploy-prod"), True, "plain"),
        ("main.yml", "Main", ("build", "deploy"), True, "plain"),
        ("main.yml", "Main", ("build", "Deploy to Kubernetes"), True, "plain"),
        ("ci.yml", "CI", ("test", "deploy"), True, "plain"),
        ("main.yml", "Main", ("build",), False, None),
        ("main.yml", "Main", ("build", "release"), False, None),
        ("main.yml", "Main", ("build", "release to prod"), True, "job"),
        ("release.yml", "Release", ("publish",), True, "job"),
        ("ci.yml", "CI", ("publish test report",), False, None),
        ("ci.yml", "CI", ("test deploy",), False, None),
        ("main.yml", "Main", ("notify about deployment",), False, None),
        ("codeql.yml", "CodeQL", ("deploy",), False, None),
        ("test-and-deploy.yml", "Test and deploy", ("test", "deploy"), True, "plain"),
    ],
)
def test_a_workflow_deploys_when_its_names_weigh_enough(
    file: str,
    name: str,
    job_names: tuple[str, ...],
    expected: bool,  # noqa: FBT001 - a column of the table
    scope: str | None,
) -> None:
    verdict = judge(workflow(file, name), run("main"), jobs(*job_names), "main")

    assert (verdict.deploys, verdict.scope) == (expected, scope)


@pytest.mark.parametrize(
    ("file", "job_name", "expected"),
    [
        ("release.yml", "release", False),
        ("publish.yml", "publish to production", False),
        ("main.yml", "build", False),
        ("deploy-legacy.yml", "everything", True),
        ("main.yml", "deploy legacy", True),
    ],
)
def test_where_others_file_deployments_only_plain_names_count(
    file: str,
    job_name: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    verdict = judge(workflow(file), run("main"), jobs(job_name), "main", strict=True)

    assert verdict.deploys is expected


def test_where_others_file_deployments_a_workflow_that_never_ran_does_not_count() -> None:
    assert not judge(workflow("deploy.yml"), None, (), "main", strict=True).deploys


def test_what_of_a_workflow_deploys_is_unknown_until_one_of_its_runs_was_seen() -> None:
    verdict = judge(workflow("deploy.yml"), None, (), "main")

    assert verdict.deploys
    assert verdict.scope is None


def test_a_verdict_names_the_places_where_the_run_went() -> None:
    found = judge(workflow("cd.yml"), run("main"), jobs("deploy dev", "deploy", "lint"), "main")

    assert found.environments == ("dev", "production")


def test_what_github_makes_itself_is_no_workflow_of_the_repository() -> None:
    pages = Workflow(id=1, name="pages", path="dynamic/pages/pages-build-deployment")

    assert not may_deploy(pages)


@pytest.mark.parametrize(
    ("names", "deploying"),
    [
        (("deploy / build", "deploy / deploy"), {"deploy / deploy"}),
        (("deploy / build", "deploy / apply"), {"deploy / apply"}),
        (("api / deploy", "web / deploy", "web / report"), {"api / deploy", "web / deploy"}),
        (("eu / deploy (a) / apply (b)", "eu / test"), {"eu / deploy (a) / apply (b)"}),
        (("release / notes", "release / publish"), {"release / publish"}),
    ],
)
def test_of_called_jobs_those_deploy_that_say_so_else_those_that_one_calls_to_deploy(
    names: tuple[str, ...], deploying: set[str]
) -> None:
    verdict = judge(workflow("main.yml", "Release"), run("main"), jobs(*names), "main")

    assert verdict.deploys
    assert {name for name in names if in_scope(name, verdict.scope)} == deploying
