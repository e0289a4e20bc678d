"""Several receivers on one PostgreSQL, and what can befall it and them."""

import asyncio
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy import make_url

from receiver.batch import Append
from receiver.database import StoreUnavailable, open_database
from receiver.database.postgres import LOCK
from receiver.store import Store
from receiver.submission import parse
from tests.postgres import PostgresServer
from tests.proxies import HOST, Proxy, before, caddy, configuration, nginx
from tests.receiver.api import Client, client
from tests.receiver.examples import EVERY_FIELD, NOON, REQUIRED, as_json
from tests.receiver.problem import assert_problem
from tests.receiver.process import Command, Posting, Process, Reader
from tests.receiver.waiting import eventually

RECEIVERS: Final = 3
CONNECTIONS: Final = 6  # of each receiver, at most
SESSIONS: Final = (
    "FROM pg_stat_activity"
    " WHERE application_name = 'deployment-receiver' AND datname = current_database()"
)


@dataclass(frozen=True)
class Cluster:
    """Receivers on one database."""

    server: PostgresServer
    database: str
    receivers: list[Process]

    def execute(self, sql: str) -> str:
        return self.server.execute(sql, self.database)

    def sessions(self) -> int:
        return int(self.execute(f"SELECT count(*) {SESSIONS}"))

    def cut_sessions(self) -> None:
        """What a failover does to the connections; they are gone when this returns."""
        # Sorted by it, all are told before the first is waited for.
        told = f"(SELECT pid, pg_terminate_backend(pid) AS told {SESSIONS} ORDER BY told)"
        self.execute(f"SELECT pg_terminate_backend(pid, 60000) FROM {told} AS sessions")  # noqa: S608 - of constants

    def last_id(self) -> int:
        return int(self.execute("SELECT coalesce(max(id), 0) FROM event"))


@pytest.fixture(scope="module")
def cluster(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Receivers that start at the same time on an empty database."""
    url = postgres.database()
    receivers = [
        Process(tmp_path_factory.mktemp(f"receiver-{number}"), RECEIVER_DATABASE_URL=url)
        for number in range(RECEIVERS)
    ]
    try:
        with ThreadPoolExecutor() as threads:
            list(threads.map(Process.start, receivers))
        yield Cluster(postgres, str(make_url(url).database), receivers)
    finally:
        for receiver in receivers:
            receiver.kill()


@pytest.fixture
async def apis(cluster: Cluster) -> AsyncIterator[list[Client]]:
    """A client of each receiver."""
    async with client() as session:
        yield [Client(receiver.port, session, receiver.key) for receiver in cluster.receivers]


PROXIES: Final = {
    nginx: configuration("docs/operate.md", "upstream receivers"),
    caddy: configuration("docs/operate.md", HOST).replace(HOST, "http://"),  # TLS is no matter here
}


@pytest.fixture(params=PROXIES, ids=lambda program: program.__name__)
def proxy(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy before two receivers, as the page for operators has it: without sticky sessions."""
    sites = before(PROXIES[request.param], [one.port for one in cluster.receivers[:2]])
    with request.param(tmp_path, sites) as running:
        yield running


async def is_ready(api: Client) -> bool:
    return (await api.get("/readyz")).status == 200


async def ready(apis: list[Client]) -> None:
    """Wait until every receiver says that it is ready."""
    async with asyncio.timeout(60):
        for api in apis:
            while not await is_ready(api):  # noqa: ASYNC110 - another process knows
                await asyncio.sleep(0.05)


async def assert_refused(api: Client) -> None:
    """A POST is refused in time, and the receiver says that it is not ready."""
    async with asyncio.timeout(60):
        refused = await api.post(REQUIRED)
    assert_problem(refused, 503)
    assert int(refused.headers["Retry-After"]) > 0
    assert_problem(await api.get("/readyz"), 503, "/readyz")
    assert (await api.get("/healthz")).status == 200
    assert (await api.get("/api/matrix")).status == 200


async def test_receivers_that_start_at_once_migrate_once(
    cluster: Cluster, apis: list[Client]
) -> None:
    await ready(apis)

    assert cluster.execute("SELECT count(*) FROM alembic_version") == "1"
    assert not [line for receiver in cluster.receivers for line in receiver.log if "ERROR" in line]


async def test_a_reader_sees_every_event_once_whichever_receiver_it_comes_back_to(
    cluster: Cluster, proxy: Proxy
) -> None:
    start = cluster.last_id()
    count = 240
    async with client() as session:
        api = Client(proxy.port, session, Process.key)
        readers = [Reader(api, start) for _ in range(6)]
        reading = asyncio.gather(*(reader.read(start + count) for reader in readers))
        posting = Posting(api)
        posting.sent = start
        for _ in range(3):
            posted = asyncio.create_task(posting.some(count // 3))
            wanted = len(posting.acknowledged) + count // 6
            await eventually(lambda: len(posting.acknowledged) >= wanted)  # noqa: B023 - awaited here
            await asyncio.to_thread(proxy.cut)
            await posted

        assert await reading == [list(range(start + 1, start + count + 1))] * len(readers)
    assert {event["id"] for event in posting.acknowledged.values()} == set(
        range(start + 1, start + count + 1)
    )


async def test_a_killed_receiver_takes_nothing_with_it(cluster: Cluster, proxy: Proxy) -> None:
    start = cluster.last_id()
    killed, *_ = cluster.receivers
    async with client() as session:
        api = Client(proxy.port, session, Process.key)
        readers = [Reader(api, start) for _ in range(6)]
        reading = asyncio.gather(*(reader.read(start + 150) for reader in readers))
        posting = Posting(api)
        posting.sent = 1000 + start  # numbers, and with them keys, that are new
        posted = asyncio.create_task(posting.some(150))
        await eventually(lambda: len(posting.acknowledged) >= 50)
        killed.kill()
        await posted

        assert await reading == [list(range(start + 1, start + 151))] * len(readers)
    killed.start()


async def test_connections_are_few_however_many_ask(cluster: Cluster, apis: list[Client]) -> None:
    await ready(apis)
    asking = asyncio.gather(
        *(ask for api in apis for _ in range(30) for ask in (a_page(api), api.post(EVERY_FIELD)))
    )
    most = 0
    while not asking.done():
        most = max(most, await asyncio.to_thread(cluster.sessions))
    await asking

    assert RECEIVERS < most <= RECEIVERS * CONNECTIONS


async def a_page(api: Client) -> None:
    assert (await api.get("/api/deployments?limit=500")).status == 200


@asynccontextmanager
async def another(cluster: Cluster) -> AsyncIterator[Any]:
    """A session of another program, in a transaction that it leaves open."""
    connection = await asyncpg.connect(
        host="127.0.0.1", port=cluster.server.port, user="postgres", database=cluster.database
    )
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


def told(cluster: Cluster) -> Counter[str]:
    """How often the first receiver has said that something fails or works again."""
    line = re.compile(r"(?:ERROR|WARNING) +(cannot|can) (store events|read the log)")
    found = map(line.search, cluster.receivers[0].log)
    return Counter(" ".join(match.groups()) for match in found if match)


async def test_a_server_that_stops_and_starts_is_got_over_without_a_hand(
    cluster: Cluster, apis: list[Client]
) -> None:
    await ready(apis)
    cluster.receivers[0].log.clear()
    posting = Posting(apis[0])
    posting.sent = 2000
    async with apis[1].stream() as stream, apis[0].stream() as own:
        posted = asyncio.create_task(posting.some(200))
        await eventually(lambda: len(posting.acknowledged) >= 50)
        with cluster.server.away():
            for _ in range(3):
                await assert_refused(apis[0])
            assert_problem(await apis[0].get("/api/deployments"), 503)
            await eventually(lambda: told(cluster)["cannot read the log"])
        await posted
        await ready(apis)
        # No answer said otherwise, yet a commit whose answer was lost may be among the events.
        ids = sorted(event["id"] for event in posting.acknowledged.values())
        assert len(ids) == 200
        assert await stream.ids(200) == await own.ids(200) == ids
    await eventually(lambda: told(cluster).total() >= 4)
    assert told(cluster) == Counter(
        ["cannot store events", "can store events", "cannot read the log", "can read the log"]
    )


async def test_sessions_that_are_cut_are_replaced_before_anybody_asks(
    cluster: Cluster, apis: list[Client]
) -> None:
    await ready(apis)
    async with apis[1].stream() as stream:
        await asyncio.to_thread(cluster.cut_sessions)
        await eventually(lambda: cluster.sessions() >= RECEIVERS)

        sent = [(await api.append())["id"] for api in apis]

        assert await stream.ids(len(sent)) == sent


async def test_a_failover_to_a_server_that_only_reads_yet_is_got_over(
    cluster: Cluster, apis: list[Client]
) -> None:
    await ready(apis)
    only_reads = f"ALTER DATABASE {cluster.database} SET default_transaction_read_only = on"
    cluster.server.execute(only_reads)
    try:
        await asyncio.to_thread(cluster.cut_sessions)
        await assert_refused(apis[0])
        assert (await apis[0].get("/api/deployments")).status == 200
    finally:
        cluster.server.execute(f"ALTER DATABASE {cluster.database} RESET ALL")
    await ready(apis)

    assert (await apis[0].append())["id"] == cluster.last_id()


async def test_whoever_holds_the_lock_holds_up_posts_and_nothing_else(
    cluster: Cluster, apis: list[Client]
) -> None:
    await ready(apis)
    async with another(cluster) as session:
        await session.execute(LOCK.text)
        await assert_refused(apis[0])
        assert (await apis[0].get("/api/deployments")).status == 200
        assert await is_ready(apis[1])  # nobody has asked it to store anything
    await ready(apis)

    assert (await apis[0].append())["id"] == cluster.last_id()


@asynccontextmanager
async def cutting(port: int, word: bytes) -> AsyncIterator[int]:
    """A way to a port, which ends the first connection at which the word is sent; its own port."""
    uncut = True
    ended: list[asyncio.Event] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal uncut
        with suppress(OSError):
            while data := await reader.read(65536):
                if uncut and word in data:
                    uncut = False
                    break
                writer.write(data)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(end := asyncio.Event())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer))
        end.set()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as way:
        yield way.sockets[0].getsockname()[1]
        for end in ended:
            await end.wait()


async def test_whoever_listens_gets_over_a_server_that_goes_at_that_moment(
    postgres: PostgresServer,
) -> None:
    heard: list[int] = []
    url = make_url(postgres.database())
    async with (
        cutting(postgres.port, b"LISTEN") as port,
        open_database(url.set(port=port).render_as_string(hide_password=False)) as database,
    ):
        listening = asyncio.create_task(database.listen(heard.append))
        tell = "SELECT pg_notify('deployment_log', '7')"
        async with asyncio.timeout(60):
            while not heard and not listening.done():
                await asyncio.to_thread(postgres.execute, tell, str(url.database))

        assert not listening.done()
        listening.cancel()
        await asyncio.wait([listening])


async def test_a_receiver_that_waits_to_start_ends_when_it_is_told_to(
    cluster: Cluster, tmp_path: Path
) -> None:
    settings = cluster.receivers[0].settings
    waiting = f"SELECT count(*) {SESSIONS} AND wait_event = 'advisory'"
    async with another(cluster) as session:
        await session.execute(LOCK.text)
        with Command(tmp_path, **settings | {"RECEIVER_PORT": "0"}) as starting:
            await eventually(lambda: cluster.execute(waiting) == "1")

            assert await asyncio.to_thread(starting.stop) == 0


async def test_a_database_that_lacks_characters_is_refused_at_the_start(
    postgres: PostgresServer,
) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")

    with pytest.raises(StoreUnavailable, match=r"^its encoding is LATIN1, .* ENCODING 'UTF8'"):
        async with open_database(f"postgresql+asyncpg://postgres@127.0.0.1:{postgres.port}/latin"):
            pass


async def test_receivers_write_side_by_side_whatever_isolation_is_the_default(
    postgres: PostgresServer,
) -> None:
    url = postgres.database()
    name = make_url(url).database
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    append = Append(parse(as_json(REQUIRED)), None)

    async with open_database(url) as one, open_database(url) as another:
        stores = [Store(one), Store(another)] * 5
        batches = await asyncio.gather(*(store.append([append], NOON) for store in stores))

    assert sorted(batch.last_id for batch in batches) == list(range(1, 11))


async def test_a_server_that_says_nothing_holds_nobody_up_for_long(
    cluster: Cluster, apis: list[Client]
) -> None:
    await ready(apis)
    async with apis[0].stream() as stream:
        with cluster.server.frozen():
            *_, stopped = cluster.receivers
            stopping = asyncio.create_task(asyncio.to_thread(stopped.stop))
            await assert_refused(apis[0])
            assert await stopping == 0
        await asyncio.to_thread(stopped.start)
        await ready(apis)
        sent = await apis[0].append()
        while (message := await stream.message()).id < sent["id"]:
            assert message.data == REQUIRED | message.data  # its answer was lost, it was not

        assert message.data == sent


async def test_of_the_servers_that_a_url_names_the_one_that_writes_is_taken(
    cluster: Cluster,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        ports = (mute.getsockname()[1], 1, cluster.server.port)  # 1: nobody listens there
        servers = "&".join(f"host=127.0.0.1:{port}" for port in ports)
        url = f"postgresql+asyncpg://postgres@/{cluster.database}?{servers}"
        async with open_database(f"{url}&target_session_attrs=primary") as database:
            assert await Store(database).last_id() == cluster.last_id()
