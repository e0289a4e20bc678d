"""docs/performance.md: a section for each part, replaced when that part was measured again."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

PAGE: Final = Path("docs/performance.md")
HEAD: Final = (
    "# Performance\n\n"
    "`make bench` measures the running programs and writes this page; "
    "`.venv/bin/python -m bench post` repeats one part.\n"
    "Rates and times depend on the machine, which also has to run the clients. The ratios tell "
    "more: they compare with a bare aiohttp handler on asyncio's own event loop, measured in the "
    "same run.\n"
)
SECTION: Final = re.compile(r"<!-- (\w+) -->\n(.*?)(?=<!-- |\Z)", re.DOTALL)


def write(order: Sequence[str], name: str, title: str, lines: Sequence[str]) -> None:
    """Put a section in its place."""
    text = PAGE.read_text() if PAGE.exists() else ""
    sections = {found[1]: found[2].strip() for found in SECTION.finditer(text)}
    sections[name] = "\n".join([f"## {title}", "", *lines, "", f"*{_where()}*"])
    parts = (f"<!-- {part} -->\n{sections[part]}\n" for part in order if part in sections)
    PAGE.write_text("\n".join([HEAD, *parts]))


def _where() -> str:
    packages = ("aiohttp", "uvloop", "SQLAlchemy", "asyncpg")
    return ", ".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}",
            f"{os.cpu_count()} cores of {_processor()}",
            f"{platform.system()} {platform.release()}",
            f"Python {platform.python_version()}",
            *(f"{package} {version(package)}" for package in packages),
        ]
    )


def _processor() -> str:
    names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return names[0] if names else platform.machine()
