"""``clients``: machines that may use the API, as the operator sees to them."""

from datetime import timedelta

import click

from minsheng.accounts.client_care import last_logins
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import (
    client_id_of,
    create_client,
    drop_previous,
    list_clients,
    revoke_all,
    rotate_secret,
    turn_off_client,
)
from minsheng.faces.cli.shared import (
    OPERATOR,
    as_json,
    clear_errors,
    office_option,
    office_session,
    opened,
    show,
)

MOST = 1000
_client = click.argument("client_id")


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
def create_one(office: str, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Add an API client that may come in at once; its secret is shown this once."""
    with opened() as process, office_session(process, office) as session:
        made = create_client(session, process.tools, OPERATOR, name, scopes or SCOPES)
        row = {"client_id": made.client_id, "client_secret": made.secret}
    show(row, as_json=as_json)


@clients.command("list")
@office_option
@as_json
@clear_errors
def list_all(office: str, as_json: bool) -> None:
    """Every API client of an office, by name, with its state and last login."""
    with opened() as process, office_session(process, office) as session:
        found = list_clients(session, MOST)
        seen = last_logins(session, [each.id for each in found])
        rows = [
            {
                "client_id": client_id_of(each.tenant_id, each.id),
                "name": each.name,
                "state": each.status,
                "scopes": each.scopes,
                "last_login": seen[each.id].at if each.id in seen else None,
                "previous_secret_until": each.previous_until,
            }
            for each in found
        ]
    show(rows, as_json=as_json)


@clients.command("rotate")
@office_option
@_client
@click.option("--now", is_flag=True, help="End the old secret at once, as after a leak.")
@as_json
@clear_errors
def rotate_one(office: str, client_id: str, now: bool, as_json: bool) -> None:
    """Give a client a new secret, shown this once; the old one holds for a while."""
    with opened() as process, office_session(process, office) as session:
        keep = timedelta(seconds=process.settings.number("MINSHENG_OLD_SECRET_SECONDS"))
        made = rotate_secret(session, process.tools, OPERATOR, client_id, keep)
        if now:
            drop_previous(session, process.tools, OPERATOR, client_id)
        row = {"client_id": made.client_id, "client_secret": made.secret}
    show(row, as_json=as_json)


@clients.command("revoke")
@office_option
@_client
@as_json
@clear_errors
def revoke_tokens(office: str, client_id: str, as_json: bool) -> None:
    """Void every token that a client has been given so far, everywhere within a second."""
    with opened() as process, office_session(process, office) as session:
        client = revoke_all(session, process.tools, OPERATOR, client_id)
        row = {"client_id": client_id, "state": client.status, "tokens_from": client.tokens_from}
    show(row, as_json=as_json)


@clients.command("off")
@office_option
@_client
@as_json
@clear_errors
def turn_off(office: str, client_id: str, as_json: bool) -> None:
    """Let a client in no more; its tokens are void everywhere within a second."""
    with opened() as process, office_session(process, office) as session:
        client = turn_off_client(session, process.tools, OPERATOR, client_id)
        row = {"client_id": client_id, "state": client.status}
    show(row, as_json=as_json)
