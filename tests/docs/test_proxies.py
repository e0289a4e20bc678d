"""nginx and Caddy as docs/install.md configures them: both speak HTTP/2 and hold nothing back."""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.program import DEADLINE_SECONDS, Receiver, deployment
from tests.proxies import HOST, Proxy, before, caddy, configuration, nginx

SELF_SIGNED: Final = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
)


def nginx_of_the_page(folder: Path, port: int) -> Proxy:
    """With a certificate where the page says that one is."""
    files = ("-keyout", "deployments.key", "-out", "deployments.pem")
    subprocess.run([*SELF_SIGNED.split(), *files], cwd=folder, check=True, capture_output=True)
    sites = before(configuration("docs/install.md", "server {"), [port])
    return nginx(folder, sites.replace("/etc/ssl/", f"{folder}/"))


def caddy_of_the_page(folder: Path, port: int) -> Proxy:
    return caddy(folder, before(configuration("docs/install.md", HOST), [port]))


class Curl:
    """curl, that knows where the host of the page is."""

    def __init__(self, port: int) -> None:
        self._url = f"https://{HOST}:{port}"
        self._command = (
            *("curl", "--silent", "--show-error", "--fail", "--insecure", "--no-buffer"),
            *("--max-time", str(DEADLINE_SECONDS), "--resolve", f"{HOST}:{port}:127.0.0.1"),
        )

    def run(self, path: str, *arguments: str) -> str:
        """What it prints, when the answer is a good one."""
        return subprocess.run(
            self._with(path, arguments), stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    @contextmanager
    def lines(self, path: str, *arguments: str) -> Iterator[Iterator[str]]:
        """What it prints, as it comes."""
        with subprocess.Popen(
            self._with(path, arguments), stdout=subprocess.PIPE, text=True
        ) as curl:
            assert curl.stdout
            yield (line.rstrip() for line in curl.stdout)
            curl.kill()

    def _with(self, path: str, arguments: Sequence[str]) -> Sequence[str]:
        return (*self._command, *arguments, f"{self._url}{path}")


@pytest.mark.parametrize("proxy_of_the_page", [nginx_of_the_page, caddy_of_the_page])
def test_what_is_posted_is_at_once_on_a_stream(
    shared_receiver: Receiver,
    tmp_path: Path,
    proxy_of_the_page: Callable[[Path, int], Proxy],
) -> None:
    port = urlsplit(shared_receiver.url).port
    assert port
    with proxy_of_the_page(tmp_path, port) as proxy:
        curl = Curl(proxy.port)
        curl.run("/readyz", "--retry", "100", "--retry-all-errors", "--retry-delay", "1")
        with curl.lines("/api/events/stream", "--include") as lines:
            assert next(lines) == "HTTP/2 200"
            assert "retry: 2000" in lines
            body = json.dumps(deployment(version="2.0"))
            headers = ("Content-Type: application/json", f"X-Api-Key: {shared_receiver.key}")
            stored = curl.run(
                "/api/deployments", "--data", body, *(f"-H{header}" for header in headers)
            )
            data = next(line for line in lines if line.startswith("data: "))

    assert json.loads(data.removeprefix("data: ")) == json.loads(stored)
