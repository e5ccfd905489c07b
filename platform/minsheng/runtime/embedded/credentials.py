"""Passwords and ports that a home remembers, and the addresses made of them."""

import json
import secrets
import socket
from pathlib import Path

from minsheng.runtime.embedded.errors import CredentialsUnfit
from minsheng.runtime.embedded.folders import write_private

PASSWORD_NAMES = (
    "postgres",
    "minsheng_operator",
    "minsheng_app",
    "minsheng_worker",
    "valkey",
)
# Below Linux's ephemeral ports (32768 and up), so that no outgoing connection sits on one of ours.
_PORTS = range(20000, 30000)


def load_passwords(home: Path) -> dict[str, str]:
    """The passwords of ``home`` by name (PASSWORD_NAMES).

    Raises CredentialsUnfit when the file is missing or incomplete.
    """
    path = home / "secrets.json"
    if not path.exists() and not (home / "postgres" / "data").exists():
        message = f"no embedded servers were started in {home} yet: run `make run` first"
        raise CredentialsUnfit(message)
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError) as error:
        message = f"{path} is missing or unreadable: restore it from a backup of the home"
        raise CredentialsUnfit(message) from error
    if missing := [name for name in PASSWORD_NAMES if name not in found]:
        message = f"{path} lacks the password {missing[0]}: restore it from a backup of the home"
        raise CredentialsUnfit(message)
    return found


def ensure_passwords(home: Path) -> dict[str, str]:
    """The passwords of ``home``, made at random (192 bits each) in a home that has no data yet.

    Raises CredentialsUnfit when there is data and its passwords are gone.
    """
    if not (home / "secrets.json").exists() and not (home / "postgres" / "data").exists():
        made = {name: secrets.token_urlsafe(24) for name in PASSWORD_NAMES}
        write_private(home / "secrets.json", json.dumps(made, indent=1) + "\n")
    _add_operator(home)
    return load_passwords(home)


def _add_operator(home: Path) -> None:
    """Give a home of the first release, which knew no operator, a password for one."""
    path = home / "secrets.json"
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return
    if found.pop("minsheng_owner_login", None):
        found["minsheng_operator"] = secrets.token_urlsafe(24)
        write_private(path, json.dumps(found, indent=1) + "\n")


def load_ports(home: Path) -> dict[str, int]:
    """The loopback ports ``postgres`` and ``valkey`` of ``home``.

    Raises CredentialsUnfit when the servers of this home have never been started.
    """
    path = home / "ports.json"
    try:
        found: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"no embedded servers were started in {home} yet: run `make run` first"
        raise CredentialsUnfit(message) from error
    return found


def ensure_ports(home: Path) -> dict[str, int]:
    """The ports of ``home``, chosen among the free ones at the first start."""
    if not (home / "ports.json").exists():
        postgres = _free_port(taken=0)
        ports = {"postgres": postgres, "valkey": _free_port(taken=postgres)}
        write_private(home / "ports.json", json.dumps(ports) + "\n")
    return load_ports(home)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def admin_url(home: Path, database: str = "postgres") -> str:
    """Address of the superuser ``postgres``: for making roles and databases, never for serving."""
    return _database_url(home, "postgres", database)


def operator_url(home: Path, database: str = "minsheng") -> str:
    """Address of the operator's login: the tree and first accounts, no case."""
    return _database_url(home, "minsheng_operator", database)


def app_url(home: Path, database: str = "minsheng") -> str:
    """Address of the service's login, which owns nothing and cannot bypass row security."""
    return _database_url(home, "minsheng_app", database)


def worker_url(home: Path, database: str = "minsheng") -> str:
    """Address of the login that also sees the whole work table."""
    return _database_url(home, "minsheng_worker", database)


def redis_url(home: Path) -> str:
    """Address of the embedded Valkey, password included."""
    return f"redis://:{load_passwords(home)['valkey']}@127.0.0.1:{load_ports(home)['valkey']}/0"


def _database_url(home: Path, login: str, database: str) -> str:
    password = load_passwords(home)[login]
    port = load_ports(home)["postgres"]
    return f"postgresql+psycopg://{login}:{password}@127.0.0.1:{port}/{database}"


def _free_port(taken: int) -> int:
    choices = secrets.SystemRandom().sample(_PORTS, len(_PORTS))
    return next(port for port in choices if port != taken and port_is_free(port))
