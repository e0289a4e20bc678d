"""A stateful fake GitHub on loopback: the outside world of the fetcher's tests and of `make demo`.

    clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    fake = FakeGitHub(clock)
    shop = fake.add_repository(
        "acme/shop",
        environments=("staging", "production"),
        protected=("production",),  # its jobs wait for an approval
        workflows={"deploy.yml": "name: Deploy"},  # file to text, which /contents answers too
    )

    run = shop.start_run("deploy.yml", ref="main", actor="ana")  # also sha=, event=, title=
    deployment = run.deploy("staging")  # a job and its deployment: queued, in_progress, success
    job = run.add_job("deploy (production)", environment="production")  # waiting: protected
    job.approve()  # or job.reject(); both take by=, comment=; then it is queued
    job.start()
    clock.tick(30)
    job.finish("failure")  # or any other conclusion of a job
    job.hold()  # waits for its concurrency group: pending
    run.add_job("build")  # without an environment a job makes no deployment
    run.add_job("sync", environment="staging", deployment=False)  # nor does this one
    run.add_job("deploy / apply (eu)")  # matrix legs and called workflows: names, as GitHub has it
    run.call("roll-out.yml", of=shared)  # referenced_workflows
    run.finish()  # as the jobs of the last attempt ended; or run.cancel()
    run.rerun("zoe")  # same id and created_at, next attempt, no jobs until they are added
    run.rerun_failed("zoe")  # with new jobs for those that did not succeed
    shop.edit("deploy.yml", "name: …")  # /contents?ref= knows the file of each run's commit

    other = shop.create_deployment("production", ref="v1.2.0", creator="argo", payload={})
    other.add_status("pending", log_url="https://cd.example/42")

    fake.rename("acme/shop", "acme/store")  # the old name answers 301; also to another owner
    fake.delete("acme/store")
    shop.archive()
    shop.deny("deployments")  # 403 that names the missing permission
    fake.search_is_stale = True  # filtered lists of runs are empty
    fake.tokens  # those accepted, by their text: "ghs_fake"; no token reads public repositories
    fake.add_token("ghp_zoe", login="zoe")  # also scopes=, permissions=, owner=, expires_at=
    app = fake.add_app()  # a GitHub App: app.client_id, app.private_key
    app.install("acme")  # also permissions=, repositories=; its tokens last an hour
    fake.rate.limit  # 5,000 an hour, counted; fake.rate_limited = False switches limits off
    fake.points_a_minute = 900  # beyond it the secondary limit; each account is counted alone
    fake.poll_interval = 90  # told in every answer
    fake.saml_owners.add("acme")  # shuts out tokens with saml_authorised=False
    fake.has_graphql = False  # POST /graphql is 404; also fake.fail("/graphql", answer(403))
    fake.graphql_ids_are_text, fake.graphql_most_repositories  # its other moods
    fake.graphql_too_large.add("acme/shop")  # of which it tells nothing

    async with serve(fake) as base_url:  # http://127.0.0.1:PORT
        fake.fail("/repos/acme/shop/*", server_error(502), times=3)  # fnmatch of the path
        fake.fail("*", secondary_limit(retry_after=7))
        ...
        assert [r.status for r in fake.requests] == [200, 304]  # also path, body, charged, at

`run.jobs`, `run.attempts`, `job.deployment` and `deployment.statuses` can be looked at. Faults:
`answer(status, body, headers)`, `server_error`, `primary_limit`, `secondary_limit`, `garbage`,
`truncated`, `hang`, `disconnect`, `not_modified`, `late(event)`.
"""

from tests.fake_github.deployments import Deployment, Environment, Status
from tests.fake_github.repository import Repository, Workflow
from tests.fake_github.runs import Attempt, Job, Run
from tests.fake_github.server import serve
from tests.fake_github.state import Clock, FakeGitHub
from tests.fake_github.traffic import (
    Fault,
    Request,
    answer,
    disconnect,
    garbage,
    hang,
    late,
    not_modified,
    primary_limit,
    secondary_limit,
    server_error,
    truncated,
)

__all__ = [
    "Attempt",
    "Clock",
    "Deployment",
    "Environment",
    "FakeGitHub",
    "Fault",
    "Job",
    "Repository",
    "Request",
    "Run",
    "Status",
    "Workflow",
    "answer",
    "disconnect",
    "garbage",
    "hang",
    "late",
    "not_modified",
    "primary_limit",
    "secondary_limit",
    "serve",
    "server_error",
    "truncated",
]
