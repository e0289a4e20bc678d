"""GitHub's published description of its API, and Prism, a proxy that holds every answer against it.

Both are npm packages. They are fetched, with the Node that builds the page, when the tests need
them first: about 100 MB and half a minute.
"""

import json
import re
import socket
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests import npm
from tests.npm import NODE
from tests.program import Program

CACHE: Final = npm.CACHE / "prism"
PRISM: Final = "@stoplight/prism-cli@5.16.0"
DESCRIPTION: Final = "@octokit/openapi@23.0.2"
DESCRIBED_IN: Final = "package/generated/api.github.com.json"

# What is of interest here of its 811 paths: with all of them Prism takes a minute to start.
REPOSITORY: Final = r"/repos/\{owner\}/\{repo\}"
PATHS: Final = re.compile(
    r"/rate_limit|/user(/repos)?|/app(/installations.*)?|/installation/repositories"
    r"|/(orgs|users)/\{\w+\}/(repos|installation)"
    rf"|{REPOSITORY}(/(installation|environments|deployments.*|contents/.*|check-(runs|suites)/.*"
    r"|actions/(runs|workflows|jobs).*))?"
)
ACCESS_TOKENS: Final = "/app/installations/{installation_id}/access_tokens"


class Prism(Program):
    """Prism: a request or an answer that breaks the rules becomes an error.

    Attributes:
        url: Where it listens.
        upstream_port: Where, on loopback, it asks for the answers.
    """

    def __init__(self) -> None:
        super().__init__(folder=CACHE, settings={})
        port, self.upstream_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        bounds = ("proxy", "-h", "127.0.0.1", "-p", str(port), "--errors")
        program = "node_modules/@stoplight/prism-cli/dist/index.js"
        upstream = f"http://127.0.0.1:{self.upstream_port}"
        self._command = (str(NODE), program, *bounds, str(description()), upstream)

    def start(self) -> None:
        super().start()
        self.logged("Prism is listening")

    def complaints(self) -> list[str]:
        """What it found wrong."""
        return [line for line in self.log if re.search(r"error|violation", line, re.IGNORECASE)]


@contextmanager
def prism() -> Iterator[Prism]:
    """A running Prism."""
    npm.fetched(CACHE.name, fill)
    with Prism() as running:
        yield running


def fill(folder: Path) -> None:
    """Fetch both packages."""
    npm.install(folder, PRISM)
    npm.run(folder, "pack", "--silent", DESCRIPTION)
    [archive] = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        described = packed.extractfile(DESCRIBED_IN)
        assert described, "the description is no file"
        target = folder / DESCRIBED_IN
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(described.read())
    archive.unlink()


def description() -> Path:
    """The part of GitHub's description that is of interest, mended."""
    whole = json.loads((CACHE / DESCRIBED_IN).read_text())
    paths = {
        path: {method: each for method, each in methods.items() if is_asked(path, method)}
        for path, methods in whole["paths"].items()
        if PATHS.fullmatch(path)
    }
    part = {name: whole[name] for name in ("openapi", "info", "servers")}
    part["paths"] = {path: methods for path, methods in paths.items() if methods}
    part["components"] = referred_to(part["paths"], whole["components"])
    mend(part)
    file = CACHE / "github.json"
    file.write_text(json.dumps(part))
    return file


def is_asked(path: str, method: str) -> bool:
    """Whether a reader asks this."""
    return method == "get" or (path, method) == (ACCESS_TOKENS, "post")


def referred_to(document: Any, components: Mapping[str, Any]) -> dict[str, Any]:
    """The components that a part of the description leads to."""
    found: dict[str, Any] = {}
    ahead = [document]
    while ahead:
        match ahead.pop():
            case {"$ref": str(reference)}:
                kind, name = reference.removeprefix("#/components/").split("/", 1)
                if name not in found.setdefault(kind, {}):
                    found[kind][name] = components[kind][name]
                    ahead.append(components[kind][name])
            case dict(fields):
                ahead += fields.values()
            case list(entries):
                ahead += entries
    return found


def mend(part: dict[str, Any]) -> None:
    """Set right what the description is known to say otherwise than GitHub does."""
    paths, components = part["paths"], part["components"]
    # A slash in a path is not foreseen in descriptions of this kind.
    contents = "/repos/{owner}/{repo}/contents/"
    paths[f"{contents}.github/workflows/{{path}}"] = paths[f"{contents}{{path}}"]
    for methods in paths.values():
        # Documented for the whole API: conditional requests.
        methods.get("get", {}).get("responses", {}).setdefault("304", {"description": ""})
    # An account is a user and an enterprise at once in this list, and either of them elsewhere.
    listed = paths["/app/installations"]["get"]["responses"]["200"]["content"]["application/json"]
    listed["schema"]["items"] = {"$ref": "#/components/schemas/installation"}
    # A number is both, "an integer" and "a string".
    workflow = components["parameters"]["workflow-id"]["schema"]
    workflow["anyOf"] = workflow.pop("oneOf")
    status = components["schemas"]["deployment-status"]["properties"]
    # Real, and in the GraphQL schema: a deployment that waits for an approval.
    status["state"]["enum"].append("waiting")
    for name in ("target_url", "log_url", "environment_url"):
        del status[name]["format"]  # its own default, the empty text, is no URI


def free_port() -> int:
    """A port that nobody listened on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
