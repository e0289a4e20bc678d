"""A piece of a pipeline as its CI tool hands it to a shell, its macros filled in, and its run."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.program import Receiver, clean_environment

GITHUB_SHELL: Final = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")

Shell = tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """A script, the shell that gets it, and the variables that its step sets for it."""

    script: str
    shell: Shell
    variables: dict[str, str] = field(default_factory=dict)

    def run(
        self, receiver: Receiver, folder: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it as its CI would, the dashboard's two variables set as the pages say."""
        dashboard = {"DASHBOARD_URL": receiver.url, "DASHBOARD_API_KEY": receiver.key}
        return subprocess.run(
            [*self.shell, self.script],
            cwd=folder,
            env=clean_environment() | dashboard | variables | self.variables,
            capture_output=True,
            text=True,
            check=False,
        )


def composite(folder: Path, inputs: Mapping[str, str]) -> Recipe:
    """The one step of the GitHub Action in this folder, with these inputs."""
    action = yaml.safe_load((folder / "action.yml").read_text())
    required = {name for name, told in action["inputs"].items() if told.get("required")}
    assert required <= inputs.keys() <= action["inputs"].keys()
    defaults = {name: told.get("default", "") for name, told in action["inputs"].items()}
    contexts = {f"inputs.{name}": value for name, value in (defaults | dict(inputs)).items()}
    (step,) = action["runs"]["steps"]
    assert step["shell"] == "bash"
    variables = {name: evaluated(value, contexts) for name, value in step["env"].items()}
    variables["GITHUB_ACTION_PATH"] = str(folder)
    return Recipe(step["run"], GITHUB_SHELL, variables)


def evaluated(text: str, contexts: Mapping[str, str]) -> str:
    """A text with GitHub's `${{ }}` expressions evaluated."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: evaluate(match[1], contexts), text)


def evaluate(expression: str, contexts: Mapping[str, str]) -> str:
    """GitHub's expressions as far as the pages use them: `||`, `&&`, `==`, names, strings."""
    value = ""
    for alternative in expression.split("||"):
        for operand in alternative.split("&&"):
            value = _comparison(operand, contexts)
            if not value:
                break
        if value:
            break
    return value


def _comparison(operand: str, contexts: Mapping[str, str]) -> str:
    left, equals, right = operand.partition("==")
    if not equals:
        return _term(left.strip(), contexts)
    return "true" if _term(left.strip(), contexts) == _term(right.strip(), contexts) else ""


def _term(term: str, contexts: Mapping[str, str]) -> str:
    return term[1:-1] if term.startswith("'") else contexts[term]


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """A text with its `$(name)` macros filled in, Azure's or Tekton's; a shell's `$( )` stays."""
    return re.sub(r"\$\(([\w.]+)\)", lambda match: variables[match[1]], text)


def groovy_strings(code: str) -> list[str]:
    """The strings that Groovy makes of `sh '''…'''` and `sh '…'`: it joins lines at a backslash."""
    literals = re.findall(r"sh (?:'''(.*?)'''|'([^'\n]+)')", code, re.DOTALL)
    strings = [(long or short).replace("\\\n", "") for long, short in literals]
    assert not any("\\" in text for text in strings), "Groovy has more escapes than this knows"
    return strings


def go_template(text: str, values: Mapping[str, Any]) -> str:
    """Go's templates as far as the pages use them: a path, or `if eq` of a path and a string."""

    def value(path: str) -> str:
        found: Any = values
        for name in path.removeprefix(".").split("."):
            found = found[name]
        return str(found)

    chosen = re.sub(
        r'\{\{if eq (\S+) "(\w+)"\}\}(\w+)\{\{else\}\}(\w+)\{\{end\}\}',
        lambda match: match[3] if value(match[1]) == match[2] else match[4],
        text,
    )
    return re.sub(r"\{\{(\.[\w.]+)\}\}", lambda match: value(match[1]), chosen)
