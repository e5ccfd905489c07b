"""Every dependency has a row with its reason, and every row a dependency."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/decisions/0003-dependencies.md"
ROW = re.compile(r"^\| ([\w.\-]+)(?: \([\w, ]+\))? \| (\S.*?) \| (\S.*) \|$", re.MULTILINE)


def rows(section: str) -> set[str]:
    text = PAGE.read_text(encoding="utf-8")
    part = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return {name for name, _, _ in ROW.findall(part)} - {"package"}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", line)[0] for line in requirements}


def test_what_the_service_depends_on_is_explained_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert rows("The service") == names(project["dependencies"])


def test_what_tests_and_tools_depend_on_is_explained_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert rows("Tests and tools") == names(project["optional-dependencies"]["dev"])


def test_what_the_front_end_depends_on_is_explained() -> None:
    package = ROOT / "platform/minsheng/faces/frontend/package.json"
    listed = json.loads(package.read_text(encoding="utf-8"))
    wanted = {**listed.get("dependencies", {}), **listed.get("devDependencies", {})}

    assert wanted.keys() <= rows("Front end and set-up")
