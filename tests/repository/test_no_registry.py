"""No tracked file depends on a registry's address or on the machine it was written on."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK_FILES = sorted(path.name for path in ROOT.glob("requirements*.txt"))
# Written so that this file does not match itself.
REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|deb\.debian|yarnpkg|npmmirror)\.(?:org|com)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:work|root|tmp/brief|opt/pypi\w*)/[\w.]")
PINNED = re.compile(r"^[A-Za-z0-9][\w.\-]*(?:\[[\w,\-]+\])?==\S+", re.MULTILINE)


def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode("utf-8", "replace")
    return texts


def test_no_tracked_file_names_a_registry() -> None:
    texts = tracked_texts()

    assert "Makefile" in texts
    assert {
        name: REGISTRY.findall(text) for name, text in texts.items() if REGISTRY.search(text)
    } == {}


def test_no_tracked_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    found = {name: MACHINE_PATH.findall(text) for name, text in tracked_texts().items()}

    assert {name: paths for name, paths in found.items() if paths} == {}


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("https://files." + "pythonhosted" + ".org/x", REGISTRY),
        ("registry." + "npmjs" + ".org", REGISTRY),
        ("see " + "/wo" + "rk/main/x", MACHINE_PATH),
        ("'" + "/ro" + "ot/.cache'", MACHINE_PATH),
    ],
)
def test_what_is_looked_for_would_be_found(text: str, pattern: re.Pattern[str]) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("name", LOCK_FILES)
def test_a_lock_file_pins_and_hashes_everything_and_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())

    assert not re.search(r"https?://|file:|--index|--extra-index|--find-links|--trusted", text)
    for entry in (e for e in entries if not e.startswith("#")):
        assert PINNED.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_all_four_lock_files_are_there_and_the_kinds_with_addresses_are_not() -> None:
    assert LOCK_FILES == [
        "requirements-build.txt",
        "requirements-dev.txt",
        "requirements-node.txt",
        "requirements.txt",
    ]
    assert not {"uv.lock", "pylock.toml", "poetry.lock"} & tracked_texts().keys()


def pins(name: str) -> dict[str, set[str]]:
    """Each package of a lock file with its version or versions."""
    found: dict[str, set[str]] = {}
    for pin in PINNED.findall((ROOT / name).read_text(encoding="utf-8")):
        package, version = pin.split("==", 1)
        found.setdefault(package.split("[")[0].lower(), set()).add(version)
    return found


def test_the_lock_files_agree_where_they_meet() -> None:
    """One file may pin a package twice, for older and newer Pythons; the others do so as well."""
    everything = pins("requirements-dev.txt")
    for name in LOCK_FILES:
        differing = {
            package: versions
            for package, versions in pins(name).items()
            if versions != everything.get(package, versions)
        }
        assert differing == {}, name
    assert pins("requirements.txt").keys() < everything.keys()


@pytest.mark.parametrize("folder", ["platform/minsheng/faces/frontend", "tests/oidc/provider"])
def test_a_lock_of_npm_packages_holds_hashes_and_no_addresses(folder: str) -> None:
    lock = (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
    settings = (ROOT / folder / ".npmrc").read_text(encoding="utf-8")

    assert '"integrity"' in lock
    assert '"resolved"' not in lock
    assert "omit-lockfile-registry-resolved=true" in settings.splitlines()
    assert "registry=" not in settings.replace("omit-lockfile-registry-resolved=", "")
