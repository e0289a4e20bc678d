"""GitLab CI without GitLab: the npm package `gitlab-ci-local` runs a pipeline's jobs in a shell."""

import subprocess
from pathlib import Path
from typing import Final

from tests.npm import NODE, fetched, install
from tests.program import Receiver, clean_environment

PACKAGE: Final = "gitlab-ci-local@4.75.1"
PROGRAM: Final = "node_modules/gitlab-ci-local/dist/index.js"
PERSON: Final = ("-c", "user.name=Zoe", "-c", "user.email=zoe@example.com")


def run(folder: Path, pipeline: str, receiver: Receiver) -> subprocess.CompletedProcess[str]:
    """Run a pipeline in this folder, which becomes a repository of gitlab.example."""
    (folder / ".gitlab-ci.yml").write_text(pipeline)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", "https://gitlab.example/acme/checkout.git")
    git(folder, "add", ".")
    git(folder, *PERSON, "commit", "--quiet", "--message=Begin")
    variables = {"DASHBOARD_URL": receiver.url, "DASHBOARD_API_KEY": receiver.key}
    given = [f"--variable={name}={value}" for name, value in variables.items()]
    program = fetched("gitlab-ci-local", lambda folder: install(folder, PACKAGE)) / PROGRAM
    return subprocess.run(
        [NODE, program, "--force-shell-executor", f"--home={folder}", *given],
        cwd=folder,
        env=clean_environment()
        | {"PATH": f"{without_rsync(folder)}:{clean_environment()['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", *command], cwd=folder, check=True)


def without_rsync(folder: Path) -> Path:
    """A folder with an rsync that does nothing: it copies what only jobs in containers get."""
    programs = folder / ".gitlab-ci-local" / "bin"
    programs.mkdir(parents=True)
    rsync = programs / "rsync"
    rsync.write_text("#!/bin/sh\n")
    rsync.chmod(0o755)
    return programs
