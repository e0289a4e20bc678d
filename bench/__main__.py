"""`make bench`: measure the running programs and write docs/performance.md.

python -m bench               every part
python -m bench post growth   these; the other parts of the page stay as they are
"""

import argparse
from collections.abc import Iterator
from types import ModuleType
from typing import Final

from bench import browser, fetcher, growth, make_run, matrix, post, report, start, streams

PARTS: Final[dict[str, ModuleType]] = {
    module.__name__.removeprefix("bench."): module
    for module in (post, matrix, streams, start, make_run, growth, browser, fetcher)
}


def main() -> None:
    """Measure, print, and write each part when it has ended."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure.")
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; all when none is named")
    wanted = parser.parse_args().part or list(PARTS)
    if unknown := set(wanted) - PARTS.keys():
        parser.error(f"there is no {', '.join(unknown)}")
    for name in wanted:
        part = PARTS[name]
        print(f"\n## {part.TITLE}\n")
        report.write(list(PARTS), name, part.TITLE, list(_printed(part.lines())))


def _printed(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        print(line, flush=True)
        yield line


if __name__ == "__main__":
    main()
