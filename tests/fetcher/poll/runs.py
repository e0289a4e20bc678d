"""A repository that is read by the runs of its workflows."""

from tests.fake_github import FakeGitHub, Repository, Run

SHOP = "acme/shop"


def add_shop(fake: FakeGitHub) -> Repository:
    """A repository without environments, whose workflow says by its name that it deploys."""
    files = {"deploy.yml": "name: Deploy", "ci.yml": "name: CI"}
    return fake.add_repository(SHOP, workflows=files)


def deploy(shop: Repository, name: str = "deploy", conclusion: str = "success") -> Run:
    """A run that ended, with one job."""
    run = shop.start_run("deploy.yml", actor="ana")
    job = run.add_job(name)
    job.start()
    job.finish(conclusion)
    run.finish()
    return run
