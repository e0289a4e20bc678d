from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fetcher.github.answers import Deployment, DeploymentStatus, Run
from fetcher.mapping.deployments import (
    deployment_events,
    deployment_version,
    is_finished,
    made_by_actions,
    run_of,
)
from fetcher.mapping.origin import Origin, name_services, version_of

ORIGIN = Origin(service="shop", id_prefix="gh", page="https://github.com/acme/shop")
RUN_PAGE = "https://github.com/acme/shop/actions/runs/33335653781/job/54251022208"
ELSEWHERE = "https://argo.example/app/7"
SHA = "0123456789abcdef0123456789abcdef01234567"
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def deployment(**fields: Any) -> Deployment:
    plain = {"id": 7, "created_at": START, "environment": "production", "sha": SHA, "ref": "main"}
    return Deployment(**(plain | fields))


def statuses(*states: str, log_url: str = RUN_PAGE, every: int = 1) -> list[DeploymentStatus]:
    """These states, `every` so many seconds, told with the newest first, as GitHub does."""
    told = [
        DeploymentStatus(
            id=100 + number,
            state=state,
            created_at=START + timedelta(seconds=number * every),
            log_url=log_url,
        )
        for number, state in enumerate(states)
    ]
    return told[::-1]


def told(found: list[DeploymentStatus], **fields: Any) -> list[str]:
    return [event.status for event in deployment_events(ORIGIN, deployment(**fields), found)]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((), []),
        (("queued",), []),
        (("waiting",), []),
        (("pending",), []),
        (("some_new_state",), []),
        (("queued", "in_progress"), ["in-progress"]),
        (("queued", "in_progress", "success"), ["in-progress", "success"]),
        (("waiting", "queued", "in_progress", "failure"), ["in-progress", "failure"]),
        (("in_progress", "error"), ["in-progress", "failure"]),
        (("in_progress", "success", "inactive"), ["in-progress", "success"]),
        (("in_progress", "in_progress", "success", "success"), ["in-progress", "success"]),
        (("success",), ["success"]),
        (("pending", "success"), ["success"]),
        # Cancelled or rejected while it waited: it never deployed anything.
        (("waiting", "failure"), []),
        (("queued", "error"), []),
        (("waiting", "inactive"), []),
        # The first end counts.
        (("in_progress", "success", "failure"), ["in-progress", "success"]),
    ],
)
def test_a_deployment_of_a_job_tells_its_start_and_its_end(
    states: tuple[str, ...], expected: list[str]
) -> None:
    assert told(statuses(*states)) == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("pending",), ["in-progress"]),
        (("pending", "in_progress", "success"), ["in-progress", "success"]),
        (("failure",), ["failure"]),
        (("success", "inactive"), ["success"]),
        (("success", "failure"), ["success", "failure"]),
        (("queued", "waiting"), []),
        (("success", "failure", "success"), ["success", "failure", "success"]),
    ],
)
@pytest.mark.parametrize("log_url", ["", ELSEWHERE])
def test_a_third_partys_deployment_tells_each_change_of_state(
    states: tuple[str, ...], expected: list[str], log_url: str
) -> None:
    assert told(statuses(*states, log_url=log_url)) == expected


def test_a_status_that_comes_back_is_another_event_and_each_has_a_key_of_its_own() -> None:
    found = statuses("success", "failure", "success", log_url=ELSEWHERE)

    events = deployment_events(ORIGIN, deployment(), found)

    assert [event.again for event in events] == [False, False, True]
    assert len({event.key for event in events}) == 3


def test_a_status_that_comes_back_within_its_second_is_told_once() -> None:
    found = statuses("failure", "success", "failure", log_url=ELSEWHERE)
    at_once = [each.model_copy(update={"created_at": found[0].created_at}) for each in found]

    assert told(at_once) == ["failure", "success"]


def test_statuses_of_the_same_second_are_taken_in_the_order_of_their_ids() -> None:
    assert told(statuses("queued", "in_progress", "success", every=0)) == ["in-progress", "success"]


def test_a_superseded_deployment_still_tells_how_it_ended() -> None:
    found = statuses("queued", "in_progress", "success", "inactive")

    assert found[0].state == "inactive"
    assert told(found) == ["in-progress", "success"]


def test_the_time_is_that_of_the_status_and_the_environment_too_where_it_says_one() -> None:
    found = [
        DeploymentStatus(id=1, state="in_progress", created_at=START, log_url=RUN_PAGE),
        DeploymentStatus(
            id=2, state="success", created_at=START, log_url=RUN_PAGE, environment="prod-eu"
        ),
    ]

    events = deployment_events(ORIGIN, deployment(environment="prod"), found)

    assert [(e.environment, e.happened_at) for e in events] == [("prod", START), ("prod-eu", START)]


def test_the_run_number_is_the_runs_number_and_not_its_id() -> None:
    run = Run(id=33_335_653_781, created_at=START, run_number=42, actor="ana")

    (event,) = deployment_events(ORIGIN, deployment(), statuses("success"), run)

    assert (event.run_number, event.actor, event.run_url) == (42, "ana", RUN_PAGE)


def test_without_its_run_an_event_says_less() -> None:
    (event,) = deployment_events(ORIGIN, deployment(creator="bot"), statuses("success"))

    assert (event.run_number, event.actor) == (None, "bot")


@pytest.mark.parametrize(
    ("created_after", "actor"),
    [(timedelta(hours=-1), "ana"), (timedelta(), "zoe"), (timedelta(minutes=1), "zoe")],
)
def test_the_actor_is_whoever_started_the_attempt(created_after: timedelta, actor: str) -> None:
    run = Run(
        id=1,
        created_at=START - timedelta(days=1),
        run_attempt=2,
        run_started_at=START,
        actor="ana",
        triggering_actor="zoe",
    )
    found = deployment(created_at=START + created_after)

    (event,) = deployment_events(ORIGIN, found, statuses("success"), run)

    assert event.actor == actor


@pytest.mark.parametrize(
    ("log_url", "actions", "run_id"),
    [
        (RUN_PAGE, True, 33_335_653_781),
        ("https://github.com/acme/shop/actions/runs/5", True, 5),
        ("https://github.com/acme/shop/actions/runs/5/attempts/2", True, 5),
        ("https://github.com/acme/shop/actions/runs/5/jobs/9", True, 5),
        ("https://github.com/acme/shop/runs/9?check_suite_focus=true", True, None),
        ("https://gitea.example/acme/shop/actions/runs/5", False, None),
        ("https://github.com.evil.example/a/b/actions/runs/5", False, None),
        ("https://github.com/acme/shop", False, None),
        ("", False, None),
    ],
)
def test_a_log_on_the_page_of_a_run_tells_which_run_made_the_deployment(
    log_url: str,
    actions: bool,  # noqa: FBT001 - a column of the table
    run_id: int | None,
) -> None:
    found = statuses("success", log_url=log_url)

    assert made_by_actions(ORIGIN, found) is actions
    assert run_of(ORIGIN, found) == run_id


@pytest.mark.parametrize(
    ("payload", "ref", "expected"),
    [
        ({"version": "1.4.2"}, "main", "1.4.2"),
        ('{"tag": "v9"}', "main", "v9"),
        ({"release": 7}, "main", "7"),
        ({"version": "", "tag": "v2"}, "main", "v2"),
        ({"version": {"no": "text"}}, "main", SHA[:7]),
        ({}, "v1.2.3", "v1.2.3"),
        ({}, "1.2", "1.2"),
        ("", "refs/tags/nightly", "nightly"),
        ("not JSON", "main", SHA[:7]),
        ("[" * 100_000, "main", SHA[:7]),
        (None, "main", SHA[:7]),
        ([1], "release-7", SHA[:7]),
    ],
)
def test_the_version_is_the_payloads_or_the_tag_or_the_commit(
    payload: object, ref: str, expected: str
) -> None:
    assert deployment_version(deployment(payload=payload, ref=ref), None) == expected


def test_a_release_is_of_a_tag_whatever_it_is_called() -> None:
    assert version_of("aurora", SHA, "release") == "aurora"
    assert version_of("aurora", SHA, "push") == SHA[:7]
    assert version_of("", "", "push") is None


@pytest.mark.parametrize(
    ("states", "finished"),
    [
        ((), False),
        (("queued", "waiting"), False),
        (("in_progress",), False),
        (("pending",), False),
        (("in_progress", "success"), True),
        (("in_progress", "success", "inactive"), True),
        (("waiting", "inactive"), True),
        (("success", "some_new_state"), True),
        (("success", "in_progress"), False),
    ],
)
def test_a_deployment_is_finished_when_nothing_more_is_expected(
    states: tuple[str, ...],
    finished: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_finished(statuses(*states)) is finished


def test_a_service_is_called_as_its_repository_and_two_are_never_called_the_same() -> None:
    services = name_services(["acme/shop", "beta/shop", "acme/api"], {"acme/old": "api"})

    assert services == {
        "acme/old": "api",
        "acme/shop": "shop",
        "beta/shop": "beta/shop",
        "acme/api": "acme/api",
    }
