"""``calendar``: the notices of the State Council on days of rest, given to every office."""

import json
from pathlib import Path

import click
from sqlalchemy import select

from minsheng.faces.cli.shared import OPERATOR, as_json, clear_errors, opened, show
from minsheng.faces.process import Process
from minsheng.handling.calendar import PUBLISHED, YearDays, read_year, shipped_year
from minsheng.handling.service import publish_year
from minsheng_tenants import Tenant

_FIRST, _LAST = 2019, 2027


@click.group()
def calendar() -> None:
    """See and publish the years of the working calendar (调休)."""


@calendar.command("list")
@as_json
@clear_errors
def list_years(as_json: bool) -> None:
    """List the years that are shipped, and which of them are estimates."""
    years = [shipped_year(number) for number in range(_FIRST, _LAST + 1)]
    show([{"year": y.year, "status": y.status, "rest": len(y.rest), "work": len(y.work)}
          for y in years], as_json=as_json)  # fmt: skip


@calendar.command("publish")
@click.argument("notice", metavar="FILE|YEAR")
@as_json
@clear_errors
def publish(notice: str, as_json: bool) -> None:
    """Give every office a year's notice; deadlines of open cases are counted anew.

    A FILE holds the year as the shipped ones do; a YEAR is one that came with this version. Doing
    it again changes nothing where it stands already, so it also serves offices that are new.
    """
    year = _year(notice)
    with opened() as process:
        counted = [publish_to(process, office, year) for office in _offices(process)]
    show({"year": year.year, "offices": len(counted), "cases": sum(counted)}, as_json=as_json)


def publish_to(process: Process, office: int, year: YearDays) -> int:
    """Give one office the notice; how many open cases are to be counted anew."""
    with process.tools.database.session(office) as session:
        return publish_year(session, process.tools, OPERATOR, year)


def _year(notice: str) -> YearDays:
    if notice.isdigit():
        year = shipped_year(int(notice))
        if year.status != PUBLISHED:
            message = f"the notice of {notice} is not shipped with this version: give its file"
            raise click.ClickException(message)
        return year
    try:
        told = json.loads(Path(notice).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{notice} cannot be read as JSON: {error}"
        raise click.ClickException(message) from error
    if not isinstance(told, dict):
        message = f"{notice} must hold one year: see docs/decisions/0026-handling.md"
        raise click.ClickException(message)
    return read_year(told)


def _offices(process: Process) -> list[int]:
    with process.tools.database.owner_session() as session:
        chosen = select(Tenant.id).where(Tenant.status == "active").order_by(Tenant.id)
        return list(session.scalars(chosen))
