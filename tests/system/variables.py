"""The variables that CI tools set in a run, and what an event of that run says by them."""

from dataclasses import dataclass
from typing import Any, Final

SHA: Final = "7c25deb0f0a4b1a0c4b7b3a55a2a1d2f8f4a9e10"


@dataclass(frozen=True)
class Tool:
    """One run: its variables, and the fields that they fill beside `sha`, which is SHA."""

    variables: dict[str, str]
    event: dict[str, Any]


CI: Final = {
    "GitHub Actions": Tool(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "26365060973",
            "GITHUB_RUN_NUMBER": "42",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "acme/checkout",
            "GITHUB_ACTOR": "octocat",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": SHA,
        },
        {
            "deployment_id": "gh-26365060973",
            "run_url": "https://github.example/acme/checkout/actions/runs/26365060973",
            "run_number": 42,
            "actor": "octocat",
            "ref": "refs/heads/main",
        },
    ),
    "GitLab CI": Tool(
        {
            "GITLAB_CI": "true",
            "CI_PIPELINE_ID": "987654",
            "CI_PIPELINE_IID": "42",
            "CI_PIPELINE_URL": "https://gitlab.example/acme/checkout/-/pipelines/987654",
            "GITLAB_USER_LOGIN": "zoe",
            "CI_COMMIT_REF_NAME": "main",
            "CI_COMMIT_SHA": SHA,
            "CI_PROJECT_NAME": "checkout",
            "CI_ENVIRONMENT_NAME": "prod",
        },
        {
            "deployment_id": "gl-987654",
            "run_url": "https://gitlab.example/acme/checkout/-/pipelines/987654",
            "run_number": 42,
            "actor": "zoe",
            "ref": "main",
            "environment": "prod",
        },
    ),
    "Azure Pipelines": Tool(
        {
            "TF_BUILD": "True",
            "BUILD_BUILDID": "5150",
            "SYSTEM_COLLECTIONURI": "https://dev.azure.example/acme/",
            "SYSTEM_TEAMPROJECT": "The Shop",
            "BUILD_REQUESTEDFOR": "Zoë Müller",
            "BUILD_SOURCEBRANCH": "refs/heads/main",
            "BUILD_SOURCEVERSION": SHA,
            "BUILD_REPOSITORY_NAME": "acme/checkout",
        },
        {
            "deployment_id": "ado-5150",
            "run_url": "https://dev.azure.example/acme/The%20Shop/_build/results?buildId=5150",
            "run_number": 5150,
            "actor": "Zoë Müller",
            "ref": "refs/heads/main",
        },
    ),
    "Jenkins": Tool(
        {
            "BUILD_TAG": "jenkins-checkout-42",
            "BUILD_URL": "https://jenkins.example/job/checkout/42/",
            "BUILD_NUMBER": "42",
            "GIT_BRANCH": "origin/main",
            "GIT_COMMIT": SHA,
        },
        {
            "deployment_id": "jenkins-jenkins-checkout-42",
            "run_url": "https://jenkins.example/job/checkout/42/",
            "run_number": 42,
            "ref": "origin/main",
        },
    ),
    "CircleCI": Tool(
        {
            "CIRCLECI": "true",
            "CIRCLE_WORKFLOW_ID": "8a9b",
            "CIRCLE_BUILD_URL": "https://circleci.example/gh/acme/checkout/42",
            "CIRCLE_BUILD_NUM": "42",
            "CIRCLE_USERNAME": "zoe",
            "CIRCLE_BRANCH": "main",
            "CIRCLE_SHA1": SHA,
            "CIRCLE_PROJECT_REPONAME": "checkout",
        },
        {
            "deployment_id": "circle-8a9b",
            "run_url": "https://circleci.example/gh/acme/checkout/42",
            "run_number": 42,
            "actor": "zoe",
            "ref": "main",
        },
    ),
    "Bitbucket Pipelines": Tool(
        {
            "BITBUCKET_BUILD_NUMBER": "42",
            "BITBUCKET_REPO_FULL_NAME": "acme/checkout",
            "BITBUCKET_REPO_SLUG": "checkout",
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_COMMIT": SHA,
            "BITBUCKET_DEPLOYMENT_ENVIRONMENT": "production",
        },
        {
            "deployment_id": "bb-checkout-42",
            "run_url": "https://bitbucket.org/acme/checkout/pipelines/results/42",
            "run_number": 42,
            "ref": "main",
            "environment": "production",
        },
    ),
    "Woodpecker": Tool(
        {
            "CI": "woodpecker",
            "CI_REPO_NAME": "checkout",
            "CI_PIPELINE_NUMBER": "42",
            "CI_PIPELINE_URL": "https://woodpecker.example/repos/7/pipeline/42",
            "CI_COMMIT_AUTHOR": "zoe",
            "CI_COMMIT_REF": "refs/heads/main",
            "CI_COMMIT_SHA": SHA,
            "CI_PIPELINE_DEPLOY_TARGET": "production",
        },
        {
            "deployment_id": "wp-checkout-42",
            "run_url": "https://woodpecker.example/repos/7/pipeline/42",
            "run_number": 42,
            "actor": "zoe",
            "ref": "refs/heads/main",
            "environment": "production",
        },
    ),
    "Drone": Tool(
        {
            "DRONE": "true",
            "DRONE_REPO_NAME": "checkout",
            "DRONE_BUILD_NUMBER": "42",
            "DRONE_BUILD_LINK": "https://drone.example/acme/checkout/42",
            "DRONE_COMMIT_AUTHOR": "zoe",
            "DRONE_COMMIT_REF": "refs/tags/v1.2.0",
            "DRONE_COMMIT_SHA": SHA,
        },
        {
            "deployment_id": "drone-checkout-42",
            "run_url": "https://drone.example/acme/checkout/42",
            "run_number": 42,
            "actor": "zoe",
            "ref": "refs/tags/v1.2.0",
        },
    ),
}
