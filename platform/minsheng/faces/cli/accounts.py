"""``users``: people who may come in."""

from pathlib import Path

import click

from minsheng.accounts.imports import Imported, ImportRefused, import_users, read_accounts
from minsheng.accounts.models import User
from minsheng.accounts.people import (
    MAX_PAGE,
    STATES,
    UserQuery,
    find_username,
    list_users,
    state_of,
    turn_on_user,
)
from minsheng.accounts.role_lists import RoleChangeLine, waiting_lines
from minsheng.accounts.roles import ROLES
from minsheng.accounts.service import (
    NewUser,
    ask_roles,
    plant_user,
    turn_off_user,
)
from minsheng.faces.cells import csv_text
from minsheng.faces.cli.shared import (
    OPERATOR,
    as_json,
    clear_errors,
    office_option,
    office_session,
    opened,
    operator_session,
    show,
)
from minsheng.faces.process import Process

_SHOWN = 20


@click.group()
def users() -> None:
    """People with accounts."""


@users.command("create")
@office_option
@click.option("--username", required=True)
@click.option("--name", required=True)
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(ROLES)),
    help="May be given several times; an administrator's role stands alone.",
)
@click.option("--password", help="Asked for when it is not given, as it should be.")
@as_json
@clear_errors
def create_one(
    office: str,
    username: str,
    name: str,
    roles: tuple[str, ...],
    password: str | None,
    as_json: bool,
) -> None:
    """Add a user to an office with its roles at once: the way to an office's first accounts."""
    if password is None:
        # On standard error, since standard output may be read as JSON.
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with opened() as process, operator_session(process, office) as session:
        user = plant_user(
            session, process.tools, OPERATOR, NewUser(username, name, roles, password)
        )
        row = {"username": user.username, "name": user.name, "roles": " ".join(user.roles)}
    show(row, as_json=as_json)


@users.command("list")
@office_option
@click.option("--q", default="", help="Words of the user name, the name or the unit.")
@click.option("--role", default="", type=click.Choice(["", *ROLES]))
@click.option("--state", default="", type=click.Choice(["", *STATES]))
@as_json
@clear_errors
def list_all(office: str, q: str, role: str, state: str, as_json: bool) -> None:
    """List the accounts of an office by user name."""
    rows: list[dict[str, object]] = []
    cursor: str | None = ""
    with opened() as process, office_session(process, office) as session:
        while cursor is not None:
            query = UserQuery(q, role, state, cursor, MAX_PAGE)
            page = list_users(session, process.tools, query)
            rows += [_row(process, user) for user in page.users]
            cursor = page.next_cursor
    show(rows, as_json=as_json)


@users.command("off")
@office_option
@click.argument("username")
@as_json
@clear_errors
def turn_off(office: str, username: str, as_json: bool) -> None:
    """Let USERNAME in no more; every login session ends at once."""
    with opened() as process, office_session(process, office) as session:
        user = find_username(session, username)
        turn_off_user(session, process.tools, OPERATOR, user.id)
        row = _row(process, user)
    show(row, as_json=as_json)


@users.command("on")
@office_option
@click.argument("username")
@as_json
@clear_errors
def turn_on(office: str, username: str, as_json: bool) -> None:
    """Let USERNAME in again, with the roles it had."""
    with opened() as process, office_session(process, office) as session:
        user = find_username(session, username)
        turn_on_user(session, process.tools, OPERATOR, user.id)
        row = _row(process, user)
    show(row, as_json=as_json)


@users.command("roles")
@office_option
@click.option("--username", help="Whose roles to ask for; without it what waits is listed.")
@click.option("--role", "roles", multiple=True, type=click.Choice(sorted(ROLES)))
@as_json
@clear_errors
def roles(office: str, username: str | None, roles: tuple[str, ...], as_json: bool) -> None:
    """List the role changes that wait, or ask for a user to hold the given roles and no others.

    A security administrator of the office decides on the pages: two people, here too.
    """
    if roles and not username:
        message = "--role needs --username: whose roles shall these be?"
        raise click.UsageError(message)
    with opened() as process, office_session(process, office) as session:
        if username:
            user = find_username(session, username)
            ask_roles(session, process.tools, OPERATOR, user.id, roles)
        rows = [_change(line) for line in waiting_lines(session)]
    show(rows, as_json=as_json)


@users.command("import")
@office_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--plant", is_flag=True, help="Give the roles at once: for an office's first accounts only."
)
@as_json
@clear_errors
def import_file(office: str, file: Path, plant: bool, as_json: bool) -> None:
    """Add every account of FILE, a CSV file, and print its initial password; all or none.

    Columns: username, name, unit, roles, and if wanted expires_at, provider, subject. Roles are
    asked for, and a security administrator grants them, unless --plant is given.
    """
    entered = operator_session if plant else office_session
    try:
        with opened() as process, entered(process, office) as session:
            rows = read_accounts(file.read_bytes(), process.tools.clock.now())
            made = import_users(session, process.tools, OPERATOR, rows, plant=plant)
    except ImportRefused as refused:
        lines = [str(fault) for fault in refused.faults[:_SHOWN]]
        message = "\n".join([*lines, f"{len(refused.faults)} faults; nothing was imported"])
        raise click.ClickException(message) from refused
    _print_passwords(made, as_json=as_json)


def _print_passwords(made: list[Imported], *, as_json: bool) -> None:
    rows = [
        {"username": each.username, "name": each.name, "initial_password": each.password}
        for each in made
    ]
    if as_json:
        show(rows, as_json=True)
        return
    click.echo(csv_text(list(rows[0]), [list(row.values()) for row in rows]), nl=False)


def _row(process: Process, user: User) -> dict[str, object]:
    return {
        "username": user.username,
        "name": user.name,
        "unit": user.unit,
        "roles": " ".join(user.roles),
        "state": state_of(user, process.tools.clock.now()),
        "expires_at": user.expires_at,
        "last_login_at": user.last_login_at,
    }


def _change(line: RoleChangeLine) -> dict[str, object]:
    return {
        "username": line.user.username,
        "roles": " ".join(line.user.roles),
        "asked": " ".join(line.change.roles),
        "asked_by": line.change.asked_by,
        "asked_at": line.change.asked_at,
    }
