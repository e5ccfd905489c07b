"""What the service refuses to run on, and what to do instead.

A debugger on the web, a key that everybody knows, a database login above row security: each of
these takes every other guard away without a sound. So a process that would run on one does not
begin, and says why in one line each; ``minsheng doctor`` shows the same. A database that cannot be
reached at the start is looked at when it can: every new connection of the service's login is.
"""

import ipaddress
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from flask import Flask
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from minsheng.faces.process import KINDS, MASTER_KEY, Process, queue_name
from minsheng.runtime.database import DatabaseNotConfigured

KNOWN_KEYS = (
    bytes(range(32)),
    bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
)
"""Keys printed in standards: FIPS 197 appendix C.3, NIST SP 800-38A appendix F.1.5."""

FEWEST_BYTES = 16
"""Different bytes of a key: 32 random ones have fewer once in 3 x 10^16 keys."""

_FALSE = frozenset({"", "0", "false", "no"})
_APP, _WORKER = "MINSHENG_DATABASE_URL", "MINSHENG_DATABASE_WORKER_URL"

# The session's own role counts, not the current one: whoever may say SET ROLE may say RESET ROLE.
STRENGTHS = """
    select array_remove(array[
        case when r.rolsuper then 'is a superuser' end,
        case when r.rolbypassrls then 'has BYPASSRLS' end,
        case when r.rolreplication then 'may copy the whole server (REPLICATION)' end,
        case when r.rolcreaterole then 'may make and grant roles (CREATEROLE)' end,
        case when exists (
            select from pg_class c where c.relnamespace = 'public'::regnamespace
                and c.relowner = r.oid) then 'owns tables' end,
        case when exists (
            select from pg_class c where c.relnamespace = 'public'::regnamespace
                and c.relowner <> r.oid and pg_has_role(r.oid, c.relowner, 'member')
            ) then 'can become the owner of tables' end,
        case when exists (
            select from pg_roles b where b.oid <> r.oid and (b.rolsuper or b.rolbypassrls)
                and pg_has_role(r.oid, b.oid, 'member')
            ) then 'can become a role above row security' end,
        case when has_schema_privilege(r.oid, 'public', 'create')
            then 'may make objects in the schema public' end
    ], null) from pg_roles r where r.rolname = session_user
"""
"""Why a login is no login for the service: by PostgreSQL 18 manual 5.9, 21.2 and 21.4."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to begin: what it is about, and what is wrong and to be done."""

    what: str
    said: str

    def __str__(self) -> str:
        return f"{self.what}: {self.said}"


class StartRefused(Exception):
    """The service does not run like this; the message is one line a reason."""

    def __init__(self, found: Iterable[Refusal]) -> None:
        """``found`` are the reasons."""
        super().__init__("\n".join(map(str, found)))


def refusals(process: Process, environ: Mapping[str, str] | None = None) -> list[Refusal]:
    """Every reason why this process must not run; empty when it may.

    ``environ`` is what debug switches are looked for in (default: the process environment).
    """
    return [
        *_debugging(os.environ if environ is None else environ),
        *_key(process.settings.home / MASTER_KEY),
        *_logins(process),
        *_redis(process.bell.redis.get_connection_kwargs()),
        *_serialisers(process.bell.queue(name) for name in _queue_names(process)),
    ]


def check_start(process: Process) -> None:
    """Watch the process's login from now on; close it and raise StartRefused if it must not run."""
    found = refusals(process)
    if found:
        process.close()
        raise StartRefused(found)
    event.listen(process.tools.database.app_engine, "connect", _check_connection)


def check_app(app: Flask) -> None:
    """Raise StartRefused when an application would show its inner parts to whoever asks."""
    if app.debug or app.testing:
        said = "is in debug or testing mode: unset FLASK_DEBUG and leave app.testing alone"
        raise StartRefused([Refusal("web application", said)])


def check_worker(worker: SimpleWorker) -> None:
    """Raise StartRefused for a worker on several queues, or on any serialiser but JSON."""
    found = _serialisers([*worker.queues, worker])
    if len(worker.queues) != 1:
        said = f"listens on {len(worker.queues)} queues and would lose a job that is popped by a"
        said += " worker that dies: start one worker a queue"
        found.append(Refusal("worker", said))
    if found:
        raise StartRefused(found)


def _debugging(environ: Mapping[str, str]) -> Iterator[Refusal]:
    if environ.get("FLASK_DEBUG", "").lower() not in _FALSE:
        yield Refusal("FLASK_DEBUG", "shows code and variables to whoever makes an error: unset it")
    if environ.get("AUTHLIB_INSECURE_TRANSPORT", "").lower() not in _FALSE:
        yield Refusal("AUTHLIB_INSECURE_TRANSPORT", "hands out tokens over plain HTTP: unset it")


def _key(path: Path) -> Iterator[Refusal]:
    key, mode, owner = path.read_bytes(), path.stat().st_mode, path.stat().st_uid
    if is_weak(key):
        said = "is an example, a word or a pattern, not 32 random bytes: move it away, and a home"
        said += " without data gets a new one at the next start"
        yield Refusal("master key", said)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Refusal("master key", f"can be read by others: chmod 600 {path}")
    if owner not in {0, os.geteuid()}:
        yield Refusal("master key", f"belongs to another user: chown {os.geteuid()} {path}")
    if path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        said = f"lies in a folder that others may write to: chmod 700 {path.parent}"
        yield Refusal("master key", said)


def is_weak(key: bytes) -> bool:
    """Whether a key can be guessed: a printed example, text, few different bytes, a sequence."""
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    text_only = key.isascii() and all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in key)
    return key in KNOWN_KEYS or text_only or len(set(key)) < FEWEST_BYTES or len(steps) == 1


def _logins(process: Process) -> Iterator[Refusal]:
    database = process.tools.database
    for setting, opened in ((_APP, database.public_session), (_WORKER, database.work_session)):
        try:
            with opened() as session:
                strengths = session.scalar(text(STRENGTHS)) or []
        except (OperationalError, DatabaseNotConfigured):
            continue
        if strengths:
            yield _too_strong(setting, strengths)


def _too_strong(setting: str, strengths: Iterable[str]) -> Refusal:
    wanted = "minsheng_app" if setting == _APP else "minsheng_worker"
    said = f"the login {', '.join(strengths)}: give {setting} the login {wanted}, which owns"
    return Refusal(setting, f"{said} nothing and stands under row security")


def _check_connection(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own
    """Look at a login each time it connects, so that none grows strong while the service runs."""
    with connection.cursor() as cursor:
        strengths = cursor.execute(STRENGTHS).fetchone()[0]
    connection.rollback()
    if strengths:
        connection.close()
        raise StartRefused([_too_strong(_APP, strengths)])


def _redis(given: Mapping[str, Any]) -> Iterator[Refusal]:
    host = given.get("host")
    if host is None or given.get("password") or given.get("credential_provider"):
        return
    if not _is_local(str(host)):
        said = f"asks for no password at {host}, and who writes to it gives the workers orders:"
        yield Refusal("MINSHENG_REDIS_URL", f"{said} set requirepass there and name it in the URL")


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _queue_names(process: Process) -> list[str]:
    prefix = process.settings.text("MINSHENG_QUEUE")
    return sorted({queue_name(prefix, queue) for queue in KINDS.values()})


def _serialisers(parts: Iterable[Queue | SimpleWorker]) -> list[Refusal]:
    said = "uses a serialiser that runs what it reads (pickle): use rq.serializers.JSONSerializer"
    odd = [part.name for part in parts if part.serializer is not JSONSerializer]
    return [Refusal(f"queue {name}", said) for name in odd]
