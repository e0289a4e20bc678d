import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fetcher.github.answers import Run, parse
from fetcher.github.errors import Limited, Unreachable
from fetcher.github.reader import Reader
from fetcher.mapping.workflow_graph import Workflow
from fetcher.poll.workflows import read_workflow
from tests.fake_github import Fault, answer, garbage, secondary_limit, server_error
from tests.fetcher.reading import START, World, fake_github, reading

SHOP = "acme/shop"
SHA = "0123456789abcdef0123456789abcdef01234567"
SHARED_SHA = "f" * 40
CALLING = """
jobs:
  build: {}
  deploy: {needs: build, uses: ./.github/workflows/deploy.yml}
  announce: {needs: deploy, uses: acme/shared/.github/workflows/announce.yml@v1}
"""
DEPLOY = "jobs: {app: {environment: prod}, smoke: {uses: ./.github/workflows/smoke.yml}}"
SMOKE = "jobs: {check: {environment: smoke}}"
ANNOUNCE = "jobs: {post: {environment: chat}, log: {uses: ./.github/workflows/log.yml}}"
LOG = "jobs: {write: {environment: log}}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    fake = fake_github()
    files = {"release.yml": CALLING, "deploy.yml": DEPLOY, "smoke.yml": SMOKE}
    fake.add_repository(SHOP, workflows=files)
    fake.add_repository("acme/shared", workflows={"announce.yml": ANNOUNCE, "log.yml": LOG})
    async with reading(fake, tmp_path) as world:
        yield world


def run(file: str = "release.yml", **fields: Any) -> Run:
    path = f".github/workflows/{file}@main"
    return Run(**({"id": 1, "created_at": START, "path": path, "head_sha": SHA} | fields))


def commit(world: World) -> None:
    """Make the files as they are those of the commits that the runs are of."""
    for repository, sha in zip(world.fake.repositories, (SHA, SHARED_SHA), strict=True):
        repository.commit(sha)


def shown(document: object) -> Fault:
    return answer(200, json.dumps(document))


def outline(workflow: Workflow | None) -> Mapping[str, Any] | None:
    """The jobs, and what they call; `...` for what could not be read."""
    if workflow is None:
        return None
    return {
        job.id: outline(workflow.called.get(job.id)) or ... if job.uses else {}
        for job in workflow.jobs
    }


async def asked_for(world: World, run: Run, *names: str) -> tuple[Any, Sequence[str]]:
    """The outline of a run's workflow, and which files were asked for."""
    commit(world)
    workflow = await read_workflow(Reader(world.github), SHOP, run, names or ("deploy / app",))
    files = [
        f"{each.path.split('/')[3]}/{each.path.rpartition('/')[2]}@{each.query['ref'][:2]}"
        for each in world.requests()
    ]
    return outline(workflow), files


async def test_a_workflow_is_read_at_the_commit_of_its_run(world: World) -> None:
    found, files = await asked_for(world, run(), "deploy")

    assert found == {"build": {}, "deploy": ..., "announce": ...}
    assert files == ["shop/release.yml@01"]


async def test_what_it_calls_is_read_where_a_called_job_has_deployed(world: World) -> None:
    called = {"path": "acme/shared/.github/workflows/announce.yml@v1", "sha": SHARED_SHA}
    calling = run(referenced_workflows=[called])

    found, files = await asked_for(world, calling, "build", "deploy / app")

    assert found == {
        "build": {},
        "deploy": {"app": {}, "smoke": {"check": {}}},
        "announce": {"post": {}, "log": {"write": {}}},
    }
    assert files == [
        "shop/release.yml@01",
        "shop/deploy.yml@01",
        "shop/smoke.yml@01",
        "shared/announce.yml@ff",
        "shared/log.yml@ff",
    ]


@pytest.mark.parametrize(
    "called",
    [
        [],
        None,
        "garbage",
        ["garbage"],
        [{"path": None, "sha": None}],
        [{"path": "acme/shared/.github/workflows/announce.yml@v1", "sha": "main"}],
        [
            {"path": "acme/shared/.github/workflows/announce.yml@v1", "sha": SHARED_SHA},
            {"path": "acme/shared/.github/workflows/announce.yml@v2", "sha": SHA},
        ],
    ],
)
async def test_a_file_of_another_repository_is_read_only_at_a_commit_that_is_certain(
    world: World, called: object
) -> None:
    document = {"id": 1, "created_at": "2026-11-20T12:00:00Z", "referenced_workflows": called}
    certain = parse(Run, document | {"path": run().path, "head_sha": SHA})

    found, files = await asked_for(world, certain)

    assert found["announce"] is ...
    assert files == ["shop/release.yml@01", "shop/deploy.yml@01", "shop/smoke.yml@01"]


async def test_a_file_is_kept_and_not_asked_for_again(world: World) -> None:
    commit(world)
    reader = Reader(world.github)
    first = await read_workflow(reader, SHOP, run(), ("deploy / app",))
    asked = len(world.requests())

    assert await read_workflow(reader, SHOP, run(id=2), ("deploy / app",)) == first
    assert (asked, world.requests()) == (3, [])
    assert all(len(snapshot.body) < 500 for snapshot in reader.fresh.values())


@pytest.mark.parametrize(
    "fault",
    [
        answer(404),
        answer(403),
        garbage(),
        shown([]),
        shown([{"type": "file", "name": "deploy.yml"}]),
        shown({"type": "file", "encoding": "none", "content": ""}),
        shown({"type": "file", "encoding": "base64", "content": "!"}),
        shown({"type": "file", "encoding": "base64", "content": "//8="}),
        shown({"type": "file", "encoding": "base64", "content": None}),
        shown({"type": "submodule"}),
        answer(302, "", {"Location": "https://elsewhere.example/file"}),
    ],
)
async def test_a_file_that_can_not_be_read_is_none(world: World, fault: Fault) -> None:
    world.fake.fail("/repos/acme/shop/contents/*", fault)

    found, files = await asked_for(world, run())

    assert found is None
    assert files == ["shop/release.yml@01"]


@pytest.mark.parametrize(
    ("fault", "expected"), [(server_error(502), Unreachable), (secondary_limit(3600), Limited)]
)
async def test_what_github_does_not_say_now_is_no_answer(
    world: World, fault: Fault, expected: type[Exception]
) -> None:
    world.fake.fail("/repos/acme/shop/contents/*", fault, times=3)

    with pytest.raises(expected):
        await asked_for(world, run())


@pytest.mark.parametrize(
    "fields",
    [
        {"path": ""},
        {"path": "dynamic/pages/pages-build-deployment"},
        {"path": "acme/rules/.github/workflows/required.yml@main"},
        {"head_sha": ""},
    ],
)
async def test_a_run_without_a_file_in_its_repository_has_no_workflow(
    world: World, fields: Mapping[str, str]
) -> None:
    assert await asked_for(world, run(**fields)) == (None, [])


@pytest.mark.parametrize(
    "uses",
    [
        "../../other/repo/.github/workflows/x.yml",
        "acme/../.github/workflows/x.yml@main",
        "../acme/.github/workflows/x.yml@" + SHA,
        "acme/.././.github/workflows/x.yml@" + SHA,
        "https://elsewhere.example/.github/workflows/x.yml@" + SHA,
        "actions/checkout@" + SHA,
        "./action.yml",
    ],
)
async def test_only_files_of_workflows_are_asked_for(world: World, uses: str) -> None:
    world.fake.repositories[0].workflows[0].text = f"jobs: {{deploy: {{uses: '{uses}'}}}}"

    found, files = await asked_for(world, run())

    assert found == {"deploy": ...}
    assert files == ["shop/release.yml@01"]


async def test_workflows_that_call_each_other_without_end_are_read_to_some_depth(
    world: World,
) -> None:
    for workflow in world.fake.repositories[0].workflows:
        calls = "".join(
            f"a{n}: {{uses: ./.github/workflows/{name}.yml}}, "
            for n, name in enumerate(("release", "deploy", "smoke", "no1", "no2", "no3", "no4"))
        )
        workflow.text = f"jobs: {{{calls}}}"

    _, files = await asked_for(world, run())

    assert len(files) == 5
