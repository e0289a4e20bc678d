"""Show the dashboard with a make-believe organisation: no token, no internet; `make demo`.

A fake GitHub on loopback plays the organisation. The real fetcher polls it and the real receiver
shows what it finds; both keep what they know in a folder that is gone afterwards.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from scripts.programs import EndedError, Programs, StoppedError, obstacle, ready
from tests.fake_github import serve
from tests.fake_github.organisation import SEED, STAGES, Organisation

HOST: Final = "127.0.0.1"
PORTS: Final = range(8080, 8180)
OURS: Final = ("RECEIVER_", "FETCHER_", "DEPLOYMENT_DASHBOARD_", "GH_TOKEN", "GITHUB_TOKEN")


def main() -> None:
    """Play until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="another number, another story")
    seed = parser.parse_args().seed
    with tempfile.TemporaryDirectory(prefix="deployment-dashboard-") as folder:
        log = Path(folder, "log")
        try:
            asyncio.run(play(Path(folder), log, seed))
        except StoppedError:
            pass
        except EndedError as error:
            sys.exit(f"{log.read_text()}{error}")


async def play(folder: Path, log: Path, seed: int) -> None:
    """Start the organisation and the two programs, and keep all three going."""
    organisation = Organisation(datetime.now(UTC), seed)
    organisation.fake.rate_limited = False
    port = next(port for port in PORTS if not obstacle(HOST, port))
    with log.open("ab") as file:
        async with serve(organisation.fake) as github, Programs() as programs:
            organisation.fake.server_url = github
            organisation.advance_to(datetime.now(UTC))
            start = partial(
                programs.start,
                environment=environment(organisation, port=port, github=github),
                folder=folder,
                log=file,
            )
            await start("receiver", "receiver")
            await programs.meanwhile(ready(HOST, port))
            await start("fetcher", "fetcher", "run")
            print(f"\nDashboard: http://{HOST}:{port}/\n", flush=True)
            print(f"It fills up within half a minute; Ctrl-C stops it. Log: {log}\n", flush=True)
            await programs.meanwhile(keep_going(organisation))


def environment(organisation: Organisation, *, port: int, github: str) -> Mapping[str, str]:
    """What both programs are told; none of the settings of the person who starts the demo."""
    key = secrets.token_urlsafe(32)
    [token] = organisation.fake.tokens
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return inherited | {
        "RECEIVER_HOST": HOST,
        "RECEIVER_PORT": str(port),
        "RECEIVER_API_KEY": key,
        "RECEIVER_ENVIRONMENT_ORDER": ",".join(STAGES),
        "FETCHER_RECEIVER_URL": f"http://{HOST}:{port}",
        "FETCHER_API_KEY": key,
        "FETCHER_REPOSITORIES": ",".join(organisation.repositories),
        "FETCHER_POLL_SECONDS": "2",
        "FETCHER_GITHUB__API_URL": github,
        "FETCHER_GITHUB__TOKEN": token,
        "FETCHER_GITHUB__REQUESTS_PER_MINUTE": "60000",
    }


async def keep_going(organisation: Organisation) -> None:
    """Let the organisation live in real time."""
    while True:
        organisation.advance_to(datetime.now(UTC))
        await asyncio.sleep(0.25)


if __name__ == "__main__":
    main()
