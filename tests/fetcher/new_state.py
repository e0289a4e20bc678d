"""New states in files: migrated once for all tests, and copied for each."""

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from fetcher.state.sqlite import in_file

_templates: Final[list[Path]] = []


async def put_new_state(path: Path) -> None:
    """Make a state where there is none."""
    if not _templates:
        template = Path(mkdtemp(prefix="state-"), "fetcher.db")
        async with in_file(template):
            _templates.append(template)
    _copy(_templates[0], path)


def _copy(template: Path, path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(template, path)
