"""The receiver as a process, and what can befall it."""

import asyncio
import socket
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from receiver import __version__
from tests.receiver.examples import EVERY_FIELD, REQUIRED, as_json, submission
from tests.receiver.problem import assert_problem
from tests.receiver.process import (
    Command,
    Posting,
    Process,
    ProcessOnSmallDisk,
    client_of,
    everything,
)
from tests.receiver.waiting import eventually
from tests.receiver.wire import Wire, connected, post_head

STREAM = b"GET /api/events/stream%b HTTP/1.1\r\nHost: receiver\r\n\r\n"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with Process(tmp_path) as running:
        yield running


async def test_a_kill_loses_no_acknowledged_event_and_doubles_none(process: Process) -> None:
    async with client_of(process) as api:
        posting = Posting(api)
        for _ in range(3):
            enough = len(posting.acknowledged) + 200
            clients = [asyncio.create_task(posting.until_refused()) for _ in range(20)]
            await eventually(lambda: len(posting.acknowledged) >= enough)  # noqa: B023 - awaited here
            process.kill()
            await asyncio.gather(*clients)
            process.start()

            stored = {item["run_number"]: item for item in await everything(api)}
            assert len(stored) == len(await everything(api))
            assert posting.acknowledged.items() <= stored.items()
            assert all(item.keys() >= EVERY_FIELD.keys() for item in stored.values())

        # A client that heard no answer asks again with the same key.
        unheard = set(range(1, posting.sent + 1)) - posting.acknowledged.keys()
        await asyncio.gather(*map(posting.post, unheard))
        counted = Counter(item["run_number"] for item in await everything(api))
        assert counted == Counter(range(1, posting.sent + 1))
    with closing(sqlite3.connect(process.database)) as log:
        assert log.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("way", ["stop", "interrupt"])
async def test_it_stops_at_once_though_streams_are_open_and_clients_are_silent(
    process: Process, way: str
) -> None:
    async with client_of(process) as api, AsyncExitStack() as stack:
        for _ in range(3):
            await api.append()
        queries = ("", "?last_event_id=0", "?service=x") * 10
        streams = [await stack.enter_async_context(api.stream(query)) for query in queries]
        stuck = await stack.enter_async_context(connected(process.port))
        stuck.read_nothing()
        await stuck.send(STREAM % b"?last_event_id=0")
        silent = await stack.enter_async_context(connected(process.port))
        await silent.send(post_head("Content-Length: 100", key=process.key.encode()))

        code = await asyncio.to_thread(getattr(process, way))

        assert code == 0
        assert process.log[-1].endswith("stopped")
        for stream in streams:
            while not await stream.ended():
                pass


@asynccontextmanager
async def waiting_posts(process: Process, count: int) -> AsyncIterator[list[Wire]]:
    """Connections whose POST is read and waits for the database, which is locked."""
    body = as_json(REQUIRED)
    post = post_head(f"Content-Length: {len(body)}", key=process.key.encode()) + body
    async with client_of(process) as api, AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(connected(process.port)) for _ in range(count)]
        for wire in wires:
            await wire.send(post)
        await api.read("/healthz")  # by now they are read
        yield wires


async def test_what_was_accepted_is_answered_before_it_stops(process: Process) -> None:
    async with AsyncExitStack() as stack:
        with process.locked():
            wires = await stack.enter_async_context(waiting_posts(process, 20))
            stopping = asyncio.create_task(asyncio.to_thread(process.stop))
            await asyncio.to_thread(process.logged, "stopping")
        answers = [await wire.answer() for wire in wires]
        assert await stopping == 0

    process.start()
    async with client_of(process) as api:
        stored = {item["id"]: item for item in await everything(api)}
    assert [answer.status for answer in answers] == [201] * 20
    assert {answer.json["id"]: answer.json for answer in answers} == stored


async def test_what_cannot_be_stored_is_refused_before_it_stops(process: Process) -> None:
    with process.locked():
        async with waiting_posts(process, 20) as wires:
            stopping = asyncio.create_task(asyncio.to_thread(process.stop))
            for wire in wires:
                assert_problem(await wire.answer(), 503)
            assert await stopping == 0

    process.start()
    async with client_of(process) as api:
        assert await everything(api) == []


async def test_a_stop_under_load_answers_every_request_that_it_took(process: Process) -> None:
    async with client_of(process) as api:
        posting = Posting(api)
        clients = [asyncio.create_task(posting.until_refused()) for _ in range(20)]
        await eventually(lambda: len(posting.acknowledged) >= 200)
        assert await asyncio.to_thread(process.stop) == 0
        await asyncio.gather(*clients)

        process.start()
        stored = {item["run_number"]: item for item in await everything(api)}
    assert stored == posting.acknowledged


async def test_a_full_disk_acknowledges_nothing_and_is_got_over(process: Process) -> None:
    async with client_of(process) as api, api.stream() as stream:
        first = await api.append()
        with process.full_disk():
            refused = [
                await api.post(EVERY_FIELD, Idempotency_Key=f"k{number}") for number in range(20)
            ]
            for answer in refused:
                assert_problem(answer, 503)
                assert int(answer.headers["Retry-After"]) > 0
            assert await everything(api) == [first]
            assert (await api.read("/api/matrix"))["last_event_id"] == 1
            assert_problem(await api.get("/readyz"), 503, "/readyz")
            assert (await api.get("/healthz")).status == 200
        # Nobody posts: it finds out by itself.
        await asyncio.to_thread(process.logged, "can store events again")
        assert (await api.get("/readyz")).status == 200

        second = (await api.post(REQUIRED, Idempotency_Key="k1")).json

        assert second["id"] == 2
        assert await stream.ids(2) == [1, 2]
        assert (await everything(api)) == [second, first]
        assert len([line for line in process.log if "cannot store events: " in line]) == 1
        assert not [line for line in process.log if "Traceback" in line]
        process.kill()
        process.start()
        assert (await everything(api)) == [second, first]


async def test_a_disk_that_fills_up_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    if not ProcessOnSmallDisk.is_possible(tmp_path):
        pytest.skip("this user may not mount a file system here")
    with ProcessOnSmallDisk(tmp_path) as process:
        async with client_of(process) as api:
            posting = Posting(api)
            await posting.some(50)
            with process.full_disk():
                assert_problem(await posting.until_full(), 503)
                assert_problem(await api.get("/readyz"), 503, "/readyz")
                assert len(await everything(api)) == len(posting.acknowledged)
            await asyncio.to_thread(process.logged, "can store events again")
            await posting.until_stored(posting.sent)
            await posting.some(50)

            stored = {item["run_number"]: item for item in await everything(api)}
        assert stored == posting.acknowledged
        assert not [line for line in process.log if "Traceback" in line]


def outcome(folder: Path, *arguments: str, **settings: str) -> tuple[int, list[str]]:
    """How a receiver that ends by itself does so: its exit code and what it said."""
    with Command(folder, *arguments, **settings) as command:
        return command.wait(), command.log


def test_what_cannot_start_says_why_in_a_line_for_each_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database, nor a folder")
    with closing(sqlite3.connect(tmp_path / "newer.db", isolation_level=None)) as newer:
        newer.execute("CREATE TABLE alembic_version (version_num TEXT)")
        newer.execute("INSERT INTO alembic_version VALUES ('9999')")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        key = {"RECEIVER_API_KEY": "secret-key", "RECEIVER_PORT": "0"}
        url = "sqlite+aiosqlite:///{}".format
        settings = {
            "two mistakes": {"RECEIVER_API_KEY": "secret key", "RECEIVER_PORT": "http"},
            "port in use": key | {"RECEIVER_PORT": port},
            "no folder": key | {"RECEIVER_DATABASE_URL": url("file/log.db")},
            "no database": key | {"RECEIVER_DATABASE_URL": url("file")},
            "newer": key | {"RECEIVER_DATABASE_URL": url("newer.db")},
            "no server": key
            | {"RECEIVER_DATABASE_URL": "postgresql+asyncpg://me:secret@127.0.0.1:1/log"},
        }
        with ThreadPoolExecutor() as pool:
            ended = {
                name: pool.submit(outcome, tmp_path, **each) for name, each in settings.items()
            }
        found = {name: future.result() for name, future in ended.items()}

    codes = {name: code for name, (code, _) in found.items()}
    lines = {name: len(log) for name, (_, log) in found.items()}
    assert codes == dict.fromkeys(found, 69) | {"two mistakes": 78}
    assert lines == dict.fromkeys(found, 1) | {"two mistakes": 2}
    assert not [name for name, (_, log) in found.items() if "secret" in str(log)]
    assert f"127.0.0.1:{port}: Address already in use" in found["port in use"][1][0]
    named = {
        "no folder": "file/log.db",
        "no database": "file",
        "newer": "(9999) belongs to a newer",
    }
    for name, text in named.items():
        assert text in found[name][1][0]


async def test_keys_and_names_are_changed_without_a_restart(process: Process) -> None:
    config = process.folder / "config.toml"
    config.write_text('[receiver.api_keys]\nnew = "new-key"')
    async with client_of(process) as api:
        assert (await api.post(REQUIRED, X_Api_Key="new-key")).status == 401
        process.hang_up()
        await asyncio.to_thread(process.logged, "the keys are now: default, new")
        assert (await api.post(REQUIRED, X_Api_Key="new-key")).status == 201

        config.write_text("[receiver.api_keys]\nnew = 5")
        process.hang_up()
        await asyncio.to_thread(process.logged, "keys and names were not reloaded")
        assert (await api.post(REQUIRED, X_Api_Key="new-key")).status == 201

        names = '[[receiver.names]]\nmatch = { environment = "prod" }\nhide = true'
        config.write_text(f'[receiver.api_keys]\nnew = "new-key"\n{names}')
        async with api.stream() as stream:
            process.hang_up()
            assert (await stream.message()).event == "resync"
        assert (await api.read("/api/matrix"))["rows"] == []

        config.write_text(f'[receiver.read_keys]\nteam = "a-key-to-read-with"\n{names}')
        async with api.stream() as stream:
            process.hang_up()
            await asyncio.to_thread(process.logged, "the read keys are now: team")
            assert await stream.ended()
        assert (await api.get("/api/matrix")).status == 401


def test_only_its_owner_can_read_a_new_database(process: Process) -> None:
    """It holds the secret that signs sessions."""
    files = {path: path.stat() for path in process.database.parent.glob("*.db*")}

    assert process.database in files
    assert [path for path, file in files.items() if file.st_size and file.st_mode & 0o077] == []


async def test_a_second_receiver_on_one_file_is_refused(process: Process) -> None:
    port = {"RECEIVER_API_KEY": "another", "RECEIVER_PORT": "0"}
    link = process.folder / "link.db"
    link.symlink_to(process.database)

    for path in (process.database, link):
        url = f"sqlite+aiosqlite:///{path}"
        code, log = await asyncio.to_thread(
            outcome, process.folder, **port, RECEIVER_DATABASE_URL=url
        )

        assert code == 69
        assert len(log) == 1
        assert "another receiver or an import is using it" in log[0]
    async with client_of(process) as api:
        assert (await api.append())["id"] == 1


def test_help_and_version_are_told(tmp_path: Path) -> None:
    code, helped = outcome(tmp_path, "--help")
    words = ("--config", "export", "import", "backup", "check")
    assert (code, [word for word in words if word not in "\n".join(helped)]) == (0, [])
    assert outcome(tmp_path, "--version") == (0, [f"deployment-receiver {__version__}"])


async def test_it_tells_where_it_listens_and_never_a_key(process: Process) -> None:
    async with client_of(process) as api:
        await api.append()
        await api.post(REQUIRED, X_Api_Key=process.key + "-wrong")
    process.stop()

    text = "\n".join(process.log)
    assert f"http://127.0.0.1:{process.port}" in text
    assert __version__ in text
    assert process.key not in text


async def test_a_restart_continues_where_it_was(process: Process) -> None:
    async with client_of(process) as api:
        for number in range(5):
            await api.append(run_number=number, status=("success", "failure")[number % 2])
        before = [(await api.get(path)).json for path in ("/api/deployments", "/api/matrix")]
        process.stop()
        process.start()
        after = [(await api.get(path)).json for path in ("/api/deployments", "/api/matrix")]
        async with api.stream("?last_event_id=3") as stream:
            assert (await api.append(**submission()))["id"] == 6
            assert await stream.ids(3) == [4, 5, 6]

    before[1].pop("generated_at")
    after[1].pop("generated_at")
    assert before == after
