"""``doctor``: is everything as it should be, and what to do where it is not."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click
from redis import RedisError
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from minsheng.faces.cli.shared import as_json, clear_errors, opened, show
from minsheng.faces.process import Process
from minsheng.faces.start import refusals
from minsheng.handling.service import orphans
from minsheng.runtime.database import DatabaseNotConfigured
from minsheng.runtime.migrate import current, head
from minsheng_tenants import Tenant

_LEAST_FREE = 1024**3
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at: whether it is well, and what was seen or is to be done."""

    what: str
    ok: bool
    said: str


@click.command()
@as_json
@clear_errors
def doctor(as_json: bool) -> None:
    """Look at database, bell, plugins, disk and containment; exit code 1 when one is not well."""
    with opened() as process:
        found = [look(process) for look in LOOKS]
        found += _plugins(process)
    if as_json:
        show([{"what": f.what, "ok": f.ok, "said": f.said} for f in found], as_json=True)
    else:
        for each in found:
            click.echo(f"{'ok  ' if each.ok else 'FAIL'}  {each.what}: {each.said}")
    if not all(each.ok for each in found):
        raise SystemExit(1)


def _database(process: Process) -> Found:
    try:
        with process.tools.database.app_engine.connect() as connection:
            stands = current(connection)
    except OperationalError:
        return Found("database", ok=False, said="cannot be reached: start it, or check the URL")
    except ProgrammingError:
        return Found("database", ok=False, said="was never migrated: run `minsheng db upgrade`")
    if stands != head():
        return Found("database", ok=False, said=f"is at {stands}: run `minsheng db upgrade`")
    return Found("database", ok=True, said=f"reached, migrated to {stands}")


def _worker(process: Process) -> Found:
    try:
        with process.tools.database.work_session() as session:
            session.execute(text("select 1"))
    except DatabaseNotConfigured as error:
        return Found("worker login", ok=False, said=str(error))
    except OperationalError:
        said = "is refused: check MINSHENG_DATABASE_WORKER_URL"
        return Found("worker login", ok=False, said=said)
    return Found("worker login", ok=True, said="let in")


def _bell(process: Process) -> Found:
    try:
        process.bell.redis.ping()
    except RedisError:
        return Found("bell", ok=False, said="Redis cannot be reached: work waits for the sweep")
    return Found("bell", ok=True, said="Redis answers")


def _disk(process: Process) -> Found:
    free = shutil.disk_usage(process.settings.home).free
    said = f"{free // 1024**2} MiB free at {process.settings.home}"
    return Found("disk", ok=free >= _LEAST_FREE, said=said)


def _containment(_process: Process) -> Found:
    root = os.geteuid() == 0
    said = (
        "runs are children with limits, without an OS user or network namespace of their own"
        if root
        else "no root: runs are children with limits; only bundled plugins should run"
    )
    return Found("containment", ok=True, said=said)


def _start(process: Process) -> Found:
    """What the service would refuse to run on, or that there is nothing of the kind."""
    refused = "; ".join(map(str, refusals(process)))
    return Found("start", ok=not refused, said=refused or "nothing that the service refuses")


def _orphans(process: Process) -> Found:
    """Whether every open case has an office, a unit and a person (责任到人)."""
    try:
        offices = _offices(process)
        named = [line for office, code in offices for line in _lacking(process, office, code)]
    except (DatabaseNotConfigured, OperationalError, ProgrammingError):
        return Found("cases", ok=False, said="cannot be looked at: see database above")
    if not named:
        said = f"every open case of {len(offices)} offices has a unit and a person"
        return Found("cases", ok=True, said=said)
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    said = "; ".join(named[:_MOST_NAMED]) + more
    return Found("cases", ok=False, said=f"{said}: assign them, or give the office a liaison")


def _offices(process: Process) -> list[tuple[int, str]]:
    with process.tools.database.owner_session() as session:
        chosen = select(Tenant.id, Tenant.code).where(Tenant.status == "active")
        return [(row.id, row.code) for row in session.execute(chosen.order_by(Tenant.code))]


def _lacking(process: Process, office: int, code: str) -> list[str]:
    """What an office's orphans lack; a case that is kept from the office is not numbered."""
    with process.tools.database.session(office) as session:
        found = orphans(session)
    return [f"{each.number or f'a case of {code}'} has no {each.lacks}" for each in found]


def _plugins(process: Process) -> Iterator[Found]:
    for name in process.registry.names:
        yield Found(f"plugin {name}", ok=True, said="loaded")
    for name, why in process.registry.refused.items():
        yield Found(f"plugin {name}", ok=False, said=why)


LOOKS: tuple[Callable[[Process], Found], ...] = (
    _database,
    _start,
    _worker,
    _bell,
    _disk,
    _containment,
    _orphans,
)
