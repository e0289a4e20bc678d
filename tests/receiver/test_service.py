"""What surrounds the events: health, readiness, version, metrics, the page."""

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from receiver import __version__
from receiver.config import Settings
from receiver.database.sqlite import PRAGMAS
from receiver.page import load
from tests.receiver.api import Api, Clock, serving, settings_for
from tests.receiver.examples import REQUIRED, submission
from tests.receiver.problem import assert_problem
from tests.receiver.wire import exchange


async def test_it_is_alive_ready_and_tells_its_version(api: Api) -> None:
    assert (await api.get("/healthz")).status == 200
    assert (await api.get("/readyz")).status == 200
    assert await api.read("/api/version") == {"version": __version__}


async def test_the_dashboard_is_told_the_usual_spellings_of_each_stage(api: Api) -> None:
    assert ["prod", "production", "prd", "live"] in (await api.read("/api/settings"))["stages"]


async def test_the_dashboard_is_told_when_a_deployment_counts_as_stalled(
    tmp_path: Path, clock: Clock
) -> None:
    async with serving(settings_for(tmp_path, stalled_minutes=15), clock) as api:
        assert (await api.read("/api/settings"))["stalled_minutes"] == 15


def sample(text: str, name: str) -> float:
    """The value of one line of the Prometheus format."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


async def test_prometheus_is_told_what_happened(api: Api) -> None:
    await api.append(environment="dev", status="failure")
    await api.append()
    for _ in range(2):
        await api.post(REQUIRED, Idempotency_Key="k1")
    await api.post(submission(status="done"))
    await api.get("/nowhere")
    async with api.stream():
        answer = await api.get("/metrics")

    text = answer.body.decode()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert sample(text, 'deployment_receiver_events_total{status="success"}') == 2
    assert sample(text, 'deployment_receiver_events_total{status="failure"}') == 1
    assert sample(text, 'deployment_receiver_problems_total{code="422",method="POST"}') == 1
    assert sample(text, 'deployment_receiver_problems_total{code="404",method="GET"}') == 1
    assert sample(text, "deployment_receiver_streams") == 1
    assert sample(text, "deployment_receiver_last_event_id") == 3
    assert sample(text, "deployment_receiver_slots") == 2
    assert sample(text, "deployment_receiver_commits_total") == 3
    assert sample(text, "deployment_receiver_outage") == 0
    assert sample(text, "process_open_fds") > 0
    assert sample(text, f'deployment_receiver_info{{version="{__version__}"}}') == 1


async def test_prometheus_can_see_the_first_failure_because_it_was_told_of_none(api: Api) -> None:
    text = (await api.get("/metrics")).body.decode()

    assert sample(text, 'deployment_receiver_problems_total{code="500",method="POST"}') == 0
    assert sample(text, 'deployment_receiver_problems_total{code="422",method="POST"}') == 0


async def test_what_is_not_there_is_404(api: Api) -> None:
    for path in ("/nowhere", "/api", "/api/matrix/", "/assets/../../etc/passwd", "//api/version"):
        answer = await api.get(path)

        assert_problem(answer, 404, answer.json["instance"])


async def test_the_instance_of_a_problem_is_a_uri_reference(api: Api) -> None:
    answer = await api.get("/no%20such%0Athing")

    assert_problem(answer, 404, "/no%20such%0Athing")


async def test_no_path_is_an_error_of_the_receiver(api: Api) -> None:
    for target in (
        *("/%FF", "/%00", "/%ED%A0%80", "/%", "/%zz", "/a%20b%0d%0aX: 1", "*", "/?%FF=%00", "/#"),
        *("http://evil/api/version", "//evil:99999/", "/api/deployments?service=%ED%A0%80"),
        *("/api/matrix?service=%FF", "/api/events/stream?last_event_id=%00&service=%00"),
    ):
        request = f"GET {target} HTTP/1.1\r\nHost: receiver\r\n\r\n".encode()

        answer = await exchange(api.port, request)

        assert answer.status in (200, 400, 404, 422), target
        if answer.status != 200:
            assert_problem(answer, answer.status, answer.json["instance"])


async def test_an_expectation_that_cannot_be_met_is_a_problem(api: Api) -> None:
    assert_problem(await api.get("/api/matrix", Expect="wonders"), 417, "/api/matrix")
    assert_problem(await api.get("/nowhere", Expect="wonders"), 417, "/nowhere")


async def test_every_route_answers_head(api: Api) -> None:
    await api.append()
    for path in ("/api/deployments", "/api/deployments/1", "/api/services", "/healthz", "/metrics"):
        answer = await api.request("HEAD", path)

        assert (answer.status, answer.body) == (200, b"")


async def test_a_locked_database_is_503_and_then_recovers(
    settings: Settings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A lock is not waited for so long.
    quick = [pragma.replace("3000", "50") for pragma in PRAGMAS]
    monkeypatch.setattr("receiver.database.sqlite.PRAGMAS", quick)
    async with serving(settings, clock) as api:
        await api.append()
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await api.post(REQUIRED, Idempotency_Key="k1")

            assert_problem(refused, 503)
            assert int(refused.headers["Retry-After"]) > 0
            metrics = (await api.get("/metrics")).body.decode()
            assert sample(metrics, "deployment_receiver_outage") == 1
            assert (await api.read("/api/matrix"))["last_event_id"] == 1
            assert_problem(await api.get("/readyz"), 503, "/readyz")
        clock.tick(timedelta(seconds=1))

        assert (await api.post(submission(version="2"), Idempotency_Key="k1")).json["id"] == 2


async def test_without_its_tables_it_is_alive_and_not_ready(
    settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    async with serving(settings, clock) as api:
        with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as other:
            other.execute("ALTER TABLE event RENAME TO gone")

        assert (await api.get("/healthz")).status == 200
        assert_problem(await api.get("/readyz"), 503, "/readyz")
        assert_problem(await api.get("/api/deployments"), 503)
        assert_problem(await api.post(REQUIRED), 503)
        for answer in (await api.get("/readyz"), await api.get("/api/deployments")):
            assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page as the build leaves it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Dashboard</title>")
    (folder / "docs.html").write_text("<title>API</title>")
    (folder / "assets" / "main-0a1b2c.js").write_text("export {}")
    (folder / ".vite").write_text("not for the browser")
    monkeypatch.setattr("receiver.app.load", lambda: load(folder))
    return folder


@pytest.mark.usefixtures("built")
async def test_the_page_is_served_with_its_assets(settings: Settings, clock: Clock) -> None:
    async with serving(settings, clock) as api:
        page, docs = await api.get("/"), await api.get("/api/docs")
        asset = await api.get("/assets/main-0a1b2c.js")

        assert (page.body, docs.body) == (b"<title>Dashboard</title>", b"<title>API</title>")
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.headers["Cache-Control"] == "no-cache"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert asset.headers["Content-Type"].startswith("text/javascript")
        assert "immutable" in asset.headers["Cache-Control"]
        assert (await api.get("/.vite")).status == 404


@pytest.mark.usefixtures("built")
async def test_a_page_that_the_browser_has_is_not_sent_again(
    settings: Settings, clock: Clock
) -> None:
    async with serving(settings, clock) as api:
        tag = (await api.get("/")).headers["ETag"]
        again = await api.get("/", If_None_Match=tag)
        packed = await api.get("/", Accept_Encoding="gzip")

    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert tag.startswith("W/")  # a strong one would be of these bytes, compressed or not
    assert packed.headers["ETag"] == tag


async def test_a_page_that_was_not_built_says_how(
    settings: Settings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.app.load", lambda: load(tmp_path / "nowhere"))
    async with serving(settings, clock) as api:
        answer = await api.get("/")

        assert_problem(answer, 503, "/")
        assert "make page" in answer.json["detail"]
        assert (await api.post(REQUIRED)).status == 201
