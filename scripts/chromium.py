"""Make sure that there is a Chromium for the browser tests; `make chromium`.

One on PATH will do. Otherwise Debian's is installed where that is possible, else Playwright's.
Tests ask `find` for its path, and start it with `ARGUMENTS`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS: Final = ("--no-sandbox",) if os.geteuid() == 0 else ()  # its sandbox refuses root
APT_INSTALL: Final = "apt-get install --yes --quiet --no-install-recommends chromium"


def main() -> None:
    """Find one, or install one and look again."""
    if find():
        return
    print("There is no Chromium on PATH: installing one for the browser tests", flush=True)
    if not (install_debians() or install_playwrights()) or not find():
        sys.exit("The tests need Chromium: install it, or put one named chromium on PATH")


def find() -> str | None:
    """The path of a Chromium that can be started, None when there is none."""
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or playwrights()


def playwrights() -> str | None:
    """The path of the one that Playwright has installed for itself."""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_debians() -> bool:
    """Install the distribution's package; only root can, and only where there is apt."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    return succeeds("apt-get", "update", "--quiet") and succeeds(*APT_INSTALL.split())


def install_playwrights() -> bool:
    """Have Playwright download its own."""
    return succeeds(sys.executable, "-m", "playwright", "install", "chromium")


def succeeds(*command: str) -> bool:
    """Run a command that tells its progress itself."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, check=False, env=environment).returncode == 0


if __name__ == "__main__":
    main()
