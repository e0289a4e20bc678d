"""What /openapi.json says holds for hundreds of requests that schemathesis makes out of it."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.program import Receiver, clean_environment

SETTINGS: Final = Path(__file__).with_name("schemathesis.toml")
SECONDS: Final = 100


def test_no_request_is_answered_otherwise_than_the_document_says(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[receiver.read_keys]\nreader = "the-key-of-a-reader"')
    with Receiver(tmp_path) as receiver:
        ran = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "--config-file", SETTINGS),
                *("run", f"{receiver.url}/openapi.json", "--header", f"X-Api-Key: {receiver.key}"),
            ],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS,
        )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not [line for line in receiver.log if "ERROR" in line]
