"""A make-believe GitHub in a process of its own, told what to do on its standard input.

python -m bench.github 500
http://127.0.0.1:PORT             once it listens
deploy                            on stdin: a deployment in every repository, begun and ended
count                             on stdin: answers the requests since the last time, as JSON
"""

import asyncio
import json
import sys

from tests.fake_github import FakeGitHub, Request, serve

WORKFLOW = """
name: Deploy
on: push
jobs:
  staging: {environment: staging, runs-on: ubuntu-latest, steps: []}
  production: {environment: production, needs: staging, runs-on: ubuntu-latest, steps: []}
"""


def organisation(number: int) -> FakeGitHub:
    """So many repositories that deploy to two environments; none deployed yet."""
    fake = FakeGitHub()
    fake.rate.limit = 1_000_000
    fake.points_a_minute = 1_000_000
    for n in range(number):
        fake.add_repository(f"acme/service-{n}", workflows={"deploy.yml": WORKFLOW})
    return fake


def deploy(fake: FakeGitHub) -> str:
    """A run of every repository's workflow, from its start to its end."""
    for repository in fake.repositories:
        run = repository.start_run("deploy.yml")
        for environment in ("staging", "production"):
            run.deploy(environment, name=environment)
        run.finish()
    return "done"


def count(fake: FakeGitHub) -> str:
    """The requests since the last time."""
    requests, fake.requests[:] = list(fake.requests), []
    charged = sum(request.charged for request in requests)
    asked = [_address(request) for request in requests if request.method == "GET"]
    return json.dumps({"requests": len(requests), "charged": charged, "asked": asked})


def _address(request: Request) -> str:
    query = "&".join(f"{name}={value}" for name, value in request.query.items())
    return f"{request.path}?{query}"


COMMANDS = {"deploy": deploy, "count": count}


async def main() -> None:
    """Serve until the standard input ends."""
    fake = organisation(int(sys.argv[1]))
    async with serve(fake) as url:
        print(url, flush=True)
        while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(COMMANDS[command](fake), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
