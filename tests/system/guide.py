"""The users' integration guide, read as its users read it: what they copy, what it promises."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.system.recipe import Recipe, evaluated, groovy_strings, substituted

PAGE: Final = (Path(__file__).parents[1] / "examples" / "integration-guide.txt").read_text()

HEADINGS: Final = (
    "Responses",
    "Append-only semantics",
    "Copy-paste integrations",
    "GitHub Actions",
    "Azure DevOps Pipelines",
    "GitLab CI",
    "Jenkins (declarative pipeline)",
    "Verify it worked",
)
NEXT_HEADING: Final = re.compile("\n\n(?:" + "|".join(map(re.escape, HEADINGS)) + ")\n\n")


def curl() -> Recipe:
    return Recipe(snippet("curl (any pipeline)"), ("bash", "-c"))


def verify() -> Recipe:
    return Recipe(snippet("Verify it worked"), ("bash", "-c"))


def github(contexts: dict[str, str]) -> Recipe:
    """The `run:` of the step, its `${{ }}` expressions evaluated."""
    (step,) = yaml.safe_load(snippet("GitHub Actions"))
    return Recipe(evaluated(step["run"], contexts), ("bash", "-e", "-c"))


def azure(variables: dict[str, str]) -> Recipe:
    """The inline script, its `$(Name)` macros filled in; what names no variable stays."""
    (step,) = yaml.safe_load(snippet("Azure DevOps Pipelines"))
    script = substituted(step["inputs"]["script"], variables)
    return Recipe(script, ("bash", "--noprofile", "--norc", "-c"))


def gitlab() -> Recipe:
    (script,) = yaml.safe_load(snippet("GitLab CI"))["notify_dashboard"]["script"]
    return Recipe(script, ("bash", "-e", "-o", "pipefail", "-c"))


def jenkins() -> Recipe:
    """The one `sh` step of the `post` section."""
    (script,) = groovy_strings(snippet("Jenkins (declarative pipeline)"))
    return Recipe(script, ("sh", "-xe", "-c"))


def snippet(heading: str) -> str:
    """The code below a heading: the one paragraph there that runs curl."""
    paragraphs = section(heading).split("\n\n")
    (code,) = (text for text in paragraphs if re.search(r"^\s*curl ", text, re.MULTILINE))
    return textwrap.dedent(code.strip("\n"))


def section(heading: str) -> str:
    """The text from a heading to the next one, which stands alone between blank lines."""
    _, found, rest = PAGE.partition(f"\n\n{heading}\n\n")
    assert found, heading
    return NEXT_HEADING.split(rest)[0]


@dataclass(frozen=True)
class Field:
    """A row of the guide's table of fields."""

    name: str
    required: bool
    type: str
    notes: str


def fields() -> list[Field]:
    rows = re.findall(r"^(\w+) (yes|no) (\S+) (.*)$", section("Payload"), re.MULTILINE)
    return [Field(name, required == "yes", kind, notes) for name, required, kind, notes in rows]


def responses() -> dict[int, str]:
    """What the guide says of each code."""
    rows = re.findall(r"^(\d{3}) (.*)$", section("Responses"), re.MULTILINE)
    return {int(code): text for code, text in rows}
