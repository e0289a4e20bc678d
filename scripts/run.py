"""Start the receiver, and the fetcher when repositories are configured; `make run`.

The settings are those of the programs themselves: config.toml, which is made from
config.example.toml with a random key when there is none, and the environment over it.
"""

import asyncio
import json
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fetcher import config as fetcher_config
from receiver import config as receiver_config
from scripts.programs import ROOT, EndedError, Programs, StoppedError, obstacle, ready

EX_CONFIG: Final = 78  # sysexits.h
KEYS: Final = ("default", "api_key")  # the lines of the example that the random key goes into


def main() -> None:
    """Run until Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to stop
    os.chdir(ROOT)
    path = Path(os.environ.get(receiver_config.CONFIG_VARIABLE) or "config.toml")
    if not path.exists():
        write_config(path)
    try:
        receiver, fetcher = receiver_config.load(), fetcher_config.load(None)
    except (receiver_config.BadSettings, fetcher_config.Mistakes) as error:
        print(*error.lines, sep="\n", file=sys.stderr)
        sys.exit(EX_CONFIG)
    if reason := obstacle(receiver.host, receiver.port):
        sys.exit(f"{receiver.host}:{receiver.port}: {reason}; choose another with RECEIVER_PORT=…")
    try:
        asyncio.run(run(receiver, fetcher))
    except StoppedError:
        pass
    except EndedError as error:
        sys.exit(str(error))


def write_config(path: Path) -> None:
    """Make the file from the example, with one random key for both programs.

    It appears whole or not at all, and only its owner can read it.
    """
    key, text = secrets.token_urlsafe(32), (ROOT / "config.example.toml").read_text()
    for name in KEYS:
        text = text.replace(f'\n# {name} = ""\n', f'\n{name} = "{key}"\n')
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        sys.exit(f"{path} can't be written: {error.strerror}")
    print(f"Wrote {path}, with a random key", flush=True)


async def run(receiver: receiver_config.Settings, fetcher: fetcher_config.Settings) -> None:
    """Run the programs until they are told to stop, or one of them ends."""
    host = reachable(receiver.host)
    address = f"http://{f'[{host}]' if ':' in host else host}:{receiver.port}"
    async with Programs() as programs:
        await programs.start("receiver", "receiver", environment=os.environ, folder=ROOT)
        await programs.meanwhile(ready(host, receiver.port))
        if fetcher.repositories:
            feeding = fetcher_environment(fetcher, address, usable(receiver))
            await programs.start("fetcher", "fetcher", "run", environment=feeding, folder=ROOT)
        announce(address, default_key(usable(receiver)), watched=len(fetcher.repositories))
        await programs.meanwhile(asyncio.Event().wait())


def usable(receiver: receiver_config.Settings) -> Mapping[str, str]:
    """The receiver's keys by name, without those of which only the hash is known."""
    known = {name: key for name, key in receiver.keys.items() if not key.is_hashed}
    return {name: key.key.get_secret_value() for name, key in known.items()}


def default_key(keys: Mapping[str, str]) -> str:
    """The key named default, else the first; a word in its place when none is known."""
    return keys.get("default") or next(iter(keys.values()), "YOUR-KEY")


def reachable(host: str) -> str:
    """The address to reach a server at that listens on `host`, which may be all addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not listened on


def fetcher_environment(
    fetcher: fetcher_config.Settings, address: str, keys: Mapping[str, str]
) -> Mapping[str, str]:
    """The environment that lets the fetcher feed the receiver started here.

    Where it is told to feed another one, in the file or by a variable, that stays.
    """
    if fetcher.receiver_url != fetcher_config.Settings.model_fields["receiver_url"].default:
        return os.environ
    environment = {**os.environ, "FETCHER_RECEIVER_URL": address}
    if keys and (not fetcher.api_key or fetcher.api_key.get_secret_value() not in keys.values()):
        environment["FETCHER_API_KEY"] = default_key(keys)
    return environment


def announce(address: str, key: str, watched: int) -> None:
    """Tell a person where to look and what to try."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "deployment_id": "hello-1",
        "service": "hello",
        "environment": "dev",
        "status": "success",
        "happened_at": now,
        "version": "1.0.0",
    }
    curl = ("curl", "-sS", "-w", r"\n", f"{address}/api/deployments", "-H", f"X-Api-Key: {key}")
    body = ("-H", "Content-Type: application/json", "-d", json.dumps(event))
    print(f"\nDashboard: {address}/")
    print(
        f"Repositories watched: {watched}"
        if watched
        else "The fetcher is off: no repositories are configured"
    )
    print(f"Send it a deployment:\n\n{shlex.join((*curl, *body))}\n", flush=True)


if __name__ == "__main__":
    main()
