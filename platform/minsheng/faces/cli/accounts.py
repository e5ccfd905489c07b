"""``users`` and ``clients``: who may come in."""

import click

from minsheng.accounts.roles import ROLES
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import NewUser, create_client, plant_user
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


@click.group()
def clients() -> None:
    """Machines that may use the API."""


@clients.command("create")
@office_option
@click.option("--name", required=True)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(sorted(SCOPES)),
    help="May be given several times; without it the client may do everything.",
)
@as_json
@clear_errors
def create_machine(office: str, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Add an API client; its secret is shown this once."""
    with opened() as process, office_session(process, office) as session:
        made = create_client(session, process.tools, OPERATOR, name, scopes or SCOPES)
        row = {"client_id": made.client_id, "client_secret": made.secret}
    show(row, as_json=as_json)
