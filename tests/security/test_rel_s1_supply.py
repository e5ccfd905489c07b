"""No secret lies in the repository, and what the service installs is pinned by hash to the last."""

import math
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]

SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "Aliyun key": re.compile(r"\bLTAI[0-9A-Za-z]{12,24}\b"),
    "forge token": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|glpat-[\w-]{20})\b"),
    "chat token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    "access token": re.compile(r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    "Argon2 hash": re.compile(r"\$argon2id?\$v=\d+\$[^\s\"'{}]+\$[A-Za-z0-9+/]{20,}"),
}
FILES = re.compile(
    r"(^|/)(\.env(\..*)?|id_(rsa|ed25519|ecdsa)|.*\.(pem|key|p12|pfx|jks|kdbx|keytab)|\.npmrc\.auth"
    r"|\.netrc|\.pgpass|credentials(\.json)?)$"
)
PRODUCT = ("platform/", "tenants/", "dedupe/", "plugins/", "deploy/", "bin/")
LITERAL = re.compile(r"""["']([A-Za-z0-9+/=_-]{24,})["']""")
LIKELY_RANDOM = 4.2
"""Bits a character: words of code have under 4, base64 of random bytes has 5 and more."""

NO_SECRETS = {
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4": "a key of NIST SP 800-38A, "
    "refused at the start for being one",
}
"""Random-looking literals of the product that are no secret, and why."""


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for name in tracked():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw[:8192]:
            yield name, raw.decode("utf-8", "replace")


def entropy(text: str) -> float:
    """Bits a character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


def found_secrets(text: str) -> list[str]:
    return [kind for kind, pattern in SECRETS.items() if pattern.search(text)]


def is_alphabet(text: str) -> bool:
    """Whether most characters follow the one before, as in a list of letters to choose from."""
    return sum(ord(after) - ord(before) == 1 for before, after in pairwise(text)) > len(text) / 2


def random_literals(text: str) -> list[str]:
    found = [each for each in LITERAL.findall(text) if entropy(each) >= LIKELY_RANDOM]
    return [each for each in found if not is_alphabet(each)]


def test_rel_s1_no_tracked_file_holds_a_secret_of_a_known_form() -> None:
    found = {name: kinds for name, text in texts() if (kinds := found_secrets(text))}
    assert found == {}


def test_rel_s1_no_tracked_file_is_a_store_of_secrets() -> None:
    assert [name for name in tracked() if FILES.search(name)] == []


def test_rel_s1_no_literal_of_the_product_looks_like_a_key() -> None:
    lines = (pair for pair in texts() if pair[0].startswith(PRODUCT) and pair[0].endswith(".py"))
    found = {each: name for name, text in lines for each in random_literals(text)}
    assert {each: name for each, name in found.items() if each not in NO_SECRETS} == {}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx0Yz7abc"),
        ("cloud key", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("Aliyun key", "LTAI" + "5tExampleExample"),
        ("forge token", "ghp_" + "a1" * 18),
        ("chat token", "xoxb-" + "1234567890-abc"),
        ("access token", ".".join(["eyJ" + "a" * 30, "eyJ" + "b" * 30, "c" * 40])),
        ("Argon2 hash", "$argon2id" + "$v=19$m=19456,t=2,p=1$c2FsdA$" + "aGFzaGhhc2hoYXNoaGFzaA"),
    ],
)
def test_rel_s1_a_secret_would_be_found(kind: str, text: str) -> None:
    assert found_secrets(text) == [kind]


def test_rel_s1_a_random_literal_would_be_found() -> None:
    key = "h7Qp2" + "xVbZ9cLmW4tRkYs8dFgUaJ3nE6oTiB0"
    assert random_literals(f'KEY = "{key}"') == [key]
    assert random_literals('name = "minsheng_database_worker_url"') == []


LINE = re.compile(r"^([A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?==[^\\\n]+)", re.MULTILINE)


def fits(asked: Requirement, extras: frozenset[str] = frozenset()) -> bool:
    """Whether a requirement is for this machine and one of the extras."""
    asking = extras or {""}
    return asked.marker is None or any(asked.marker.evaluate({"extra": each}) for each in asking)


def locked() -> dict[str, str]:
    """Package and version of each line of the service's lock that is for this machine."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = [Requirement(line.strip()) for line in LINE.findall(text)]
    pins = {canonicalize_name(each.name): str(each.specifier) for each in lines if fits(each)}
    return {name: pin.removeprefix("==") for name, pin in pins.items()}


def needed(wanted: list[str]) -> set[str]:
    """Every package that these requirements come to on this machine."""
    waiting = [Requirement(line) for line in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        asked = waiting.pop()
        step = (canonicalize_name(asked.name), frozenset(asked.extras))
        if step not in seen:
            seen.add(step)
            below = [Requirement(line) for line in requires(step[0]) or []]
            waiting += [each for each in below if fits(each, step[1])]
    return {name for name, _ in seen}


def test_rel_s1_the_lock_holds_every_package_that_the_service_needs_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = locked()
    assert len(lock) > 40
    assert sorted(needed(project["dependencies"]) - set(lock)) == []


def test_rel_s1_what_runs_here_is_what_the_lock_says() -> None:
    differing = {}
    for name, pinned in locked().items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        if installed != pinned:
            differing[name] = (installed, pinned)
    assert differing == {}


def test_rel_s1_every_line_of_every_lock_has_a_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-build.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=[A-Za-z0-9])", text)
        bare = [e.split("==")[0] for e in entries if "==" in e and "--hash=sha256:" not in e]
        assert bare == [], name
