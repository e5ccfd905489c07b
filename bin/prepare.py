"""Bring the checkout from nothing to running; standard library only, run by ``bin/setup``.

Each step has a stamp in ``.venv/stamps`` holding a digest of what it read, so that a second call
takes a fraction of a second and a changed lock file repeats just its step. System packages, the
front end and the Python packages are installed side by side.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
FRONTEND = ROOT / "platform/minsheng/faces/frontend"
TEST_PROVIDER = ROOT / "tests/oidc/provider"
BUILT = ROOT / "platform/minsheng/faces/static/dist"
TRANSLATIONS = ROOT / "platform/minsheng/faces/translations"
NODE_MAJOR = 20
LOG_LINES = 15

# What the tests run against, by Debian package: a file that shows it is there (a glob below /).
SYSTEM_PACKAGES = {
    "dovecot-imapd": "usr/lib/dovecot/imap",
    "chromium": "usr/bin/chromium",
    "libpango-1.0-0": "usr/lib/*/libpango-1.0.so.0",
    "libpangoft2-1.0-0": "usr/lib/*/libpangoft2-1.0.so.0",
    "fonts-noto-cjk": "usr/share/fonts/opentype/noto/NotoSansCJK-*",
}


class SetupFailed(Exception):
    """A step failed; the message is for the person at the terminal."""


def main() -> int:
    """Set up what the arguments ask for; exit code 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="bin/setup", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="with linters and test libraries")
    parser.add_argument("--test", action="store_true", help="with system packages for the tests")
    asked = parser.parse_args()
    started = time.monotonic()
    try:
        with one_at_a_time():
            worked = prepare(dev=asked.dev or asked.test, system=asked.test)
    except SetupFailed as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    if worked:
        say(f"done in {time.monotonic() - started:.1f} s")
    return 0


def prepare(*, dev: bool, system: bool) -> bool:
    """Run the steps that are due; whether there was any."""
    before = set(stamps())
    with ThreadPoolExecutor(max_workers=2) as beside:
        jobs: list[Future[None]] = []
        if system:
            jobs.append(beside.submit(system_packages))
        environment()
        node()
        jobs.append(beside.submit(front_end))
        if system:
            jobs.append(beside.submit(test_provider))
        python_packages(dev=dev)
        translations()
        for job in jobs:
            job.result()
    return set(stamps()) != before


def environment() -> None:
    """The virtual environment, made again when it is broken, moved or of another Python."""
    if environment_is_sound():
        return

    def make() -> None:
        ensure_venv_module()
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])

    timed("virtual environment", make)


def environment_is_sound() -> bool:
    """Whether ``.venv`` is of this Python's version and its programs start the Python in it."""
    configuration, pip_program = VENV / "pyvenv.cfg", VENV / "bin/pip"
    if not (configuration.exists() and pip_program.exists() and (VENV / "bin/python").exists()):
        return False
    version = ".".join(str(part) for part in sys.version_info[:3])
    same = f"version = {version}" in configuration.read_text(encoding="utf-8").splitlines()
    # In the first lines, since a long path or one with a blank is not put behind "#!" itself.
    return same and str(VENV / "bin/python") in pip_program.read_text(encoding="utf-8")[:1000]


def python_packages(*, dev: bool) -> None:
    """The locked packages, each file checked against its hash, and the project itself."""
    # A current pip first: it takes half the time of the one that comes with Python 3.11.
    build = [ROOT / "requirements-build.txt"]
    step("installer", digest(build), lambda: pip_install(build))
    full, plain = [ROOT / "requirements-dev.txt"], [ROOT / "requirements.txt"]
    # The packages of the tests hold those of the service.
    if dev or not is_stamped("packages with tests", digest(full)):
        title, files = ("packages with tests", full) if dev else ("packages", plain)
        step(f"Python {title}", digest(files), lambda: pip_install(files), name=title)
    project = ["install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    step("the project", digest([ROOT / "pyproject.toml"], str(ROOT).encode()), lambda: pip(project))


def node() -> None:
    """Node from a locked wheel where the machine has none that is new enough."""
    if not FRONTEND.is_dir() or system_node():
        return
    files = [ROOT / "requirements-node.txt"]
    step("Node", digest(files), lambda: pip_install(files), made=VENV / "bin/node")


def front_end() -> None:
    """The bundled scripts and styles."""
    if not FRONTEND.is_dir():
        return
    npm_packages("front-end packages", FRONTEND)
    sources = [path for path in files_below(FRONTEND) if "node_modules" not in path.parts]
    step("front end", digest(sources), lambda: npm(FRONTEND, "run", "build"), made=BUILT)


def test_provider() -> None:
    """The OpenID provider that the tests log in by; nothing of the service needs it."""
    if TEST_PROVIDER.is_dir():
        npm_packages("OpenID provider of the tests", TEST_PROVIDER)


def npm_packages(title: str, folder: Path) -> None:
    """What the lock file of a folder names, each package checked against its hash."""
    locks = [folder / name for name in ("package.json", "package-lock.json", ".npmrc")]
    step(
        title,
        digest(locks),
        lambda: npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        made=folder / "node_modules",
    )


def translations() -> None:
    """The message catalogues in the form that the service reads."""
    sources = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    if not sources:
        return

    def build() -> None:
        run([str(VENV / "bin/pybabel"), "compile", "-d", str(TRANSLATIONS)])

    step("translations", digest(sources), build, made=sources[-1].with_suffix(".mo"))


def system_packages() -> None:
    """Servers and fonts that the tests use, from Debian; asks root for nothing twice."""
    missing = [name for name, sign in SYSTEM_PACKAGES.items() if not any(Path("/").glob(sign))]
    if missing:
        timed(f"system packages ({', '.join(missing)})", lambda: apt_install(missing))


def apt_install(names: Sequence[str]) -> None:
    """Install Debian packages quietly and start none of their services."""
    command = f"apt-get install -y {' '.join(names)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupFailed(f"{', '.join(names)} missing: run `{command}` as root")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    run([*apt, "update"], quiet)
    with no_services():
        run([*apt, "install", "-y", "--no-install-recommends", *names], quiet)


@contextlib.contextmanager
def no_services() -> Iterator[None]:
    """Keep Debian from starting an installed server: the tests start their own."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def ensure_venv_module() -> None:
    """Debian splits ``venv`` off Python; install it where that is possible."""
    check = [sys.executable, "-c", "import ensurepip, venv"]
    if subprocess.run(check, capture_output=True, check=False).returncode != 0:  # noqa: S603
        apt_install([f"python3.{sys.version_info.minor}-venv"])


def system_node() -> bool:
    """Whether the machine has a Node that is new enough, with npm."""
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        return False
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    major = version.stdout.strip().lstrip("v").split(".")[0]
    return major.isdigit() and int(major) >= NODE_MAJOR


def npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder; the wheel's Node, if any, comes first."""
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = shutil.which("npm", path=path) or "npm"
    run([command, *arguments], {**os.environ, "PATH": path}, folder)


def pip_install(files: Iterable[Path]) -> None:
    """Install what the lock files name, every file checked against its hash."""
    pip(["install", "--require-hashes", "--no-deps", *(f"--requirement={file}" for file in files)])


def pip(arguments: Sequence[str]) -> None:
    """Run the environment's pip without questions."""
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([str(VENV / "bin/python"), "-m", "pip", *arguments, *options])


def step(
    title: str,
    wanted: str,
    action: Callable[[], None],
    made: Path | None = None,
    name: str | None = None,
) -> None:
    """Run ``action`` unless its stamp says ``wanted`` and ``made`` is there; then stamp it."""
    name = name or title
    if is_stamped(name, wanted) and (made is None or made.exists()):
        return
    timed(title, action)
    stamp = VENV / "stamps" / name.replace(" ", "-")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted, encoding="utf-8")


def is_stamped(name: str, wanted: str) -> bool:
    """Whether the step ``name`` was last done with the digest ``wanted``."""
    stamp = VENV / "stamps" / name.replace(" ", "-")
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def stamps() -> list[tuple[str, float]]:
    """Every stamp with its time."""
    return [(path.name, path.stat().st_mtime) for path in files_below(VENV / "stamps")]


def digest(files: Iterable[Path], extra: bytes = b"") -> str:
    """A SHA-256 over names and contents; a missing file counts as such."""
    total = hashlib.sha256(extra)
    for file in files:
        content = file.read_bytes() if file.exists() else b"missing"
        total.update(f"{file.name}:{hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()


def files_below(folder: Path) -> list[Path]:
    """The files below ``folder`` in a fixed order; node_modules is not entered."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "node_modules")
        found += [Path(place) / name for name in sorted(names)]
    return found


def timed(title: str, action: Callable[[], None]) -> None:
    """Run ``action`` with a line before and a line with its time after."""
    say(f"{title} ...")
    started = time.monotonic()
    action()
    say(f"{title}: {time.monotonic() - started:.1f} s")


def run(command: Sequence[str], environ: dict[str, str] | None = None, folder: Path = ROOT) -> None:
    """Run a program; its output is shown only when it fails."""
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        output = done.stdout.decode("utf-8", "replace").splitlines()
        tail = "\n".join(f"  {line}" for line in output[-LOG_LINES:])
        called = " ".join([Path(command[0]).name, *command[1:]])
        raise SetupFailed(f"`{called}` failed with code {done.returncode}:\n{tail}")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the checkout: a second setup waits for the first instead of mixing with it."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def say(line: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"setup: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
