"""``providers``: by which OpenID providers the people of an office come in."""

import click

from minsheng.accounts.models import LoginProvider
from minsheng.accounts.people import find_username
from minsheng.accounts.providers import (
    SCOPES,
    NewProvider,
    add_provider,
    find_provider,
    link_identity,
    list_providers,
    turn_off_provider,
)
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
def providers() -> None:
    """Login by OpenID Connect."""


@providers.command("add")
@office_option
@click.option("--code", required=True, help="Stands in the return address; never changes.")
@click.option("--name", required=True, help="What the button on the login page says.")
@click.option("--issuer", required=True, help="The provider's address, as it writes it itself.")
@click.option("--client-id", required=True)
@click.option("--client-secret", help="Asked for when it is not given; empty = public client.")
@click.option("--scopes", default=SCOPES, show_default=True)
@as_json
@clear_errors
def add(
    office: str,
    code: str,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    scopes: str,
    as_json: bool,
) -> None:
    """Add a provider to an office."""
    if client_secret is None:
        # On standard error, since standard output may be read as JSON.
        client_secret = click.prompt("Client secret", default="", hide_input=True, err=True)
    new = NewProvider(code, name, issuer, client_id, client_secret or "", scopes)
    with opened() as process, office_session(process, office) as session:
        row = _row(add_provider(session, process.tools, OPERATOR, new))
        row["return_path"] = f"/login/return/{office.strip()}/{code}"
    show(row, as_json=as_json)


@providers.command("list")
@office_option
@as_json
@clear_errors
def list_all(office: str, as_json: bool) -> None:
    """List the providers of an office with how many identities are linked to each."""
    with opened() as process, office_session(process, office) as session:
        lines = list_providers(session)
        rows = [_row(line.provider) | {"identities": line.identities} for line in lines]
    show(rows, as_json=as_json)


@providers.command("off")
@office_option
@click.argument("code")
@as_json
@clear_errors
def off(office: str, code: str, as_json: bool) -> None:
    """Let nobody in by a provider any more."""
    with opened() as process, office_session(process, office) as session:
        row = _row(turn_off_provider(session, process.tools, OPERATOR, code))
    show(row, as_json=as_json)


@providers.command("link")
@office_option
@click.argument("code")
@click.option("--username", required=True)
@click.option("--subject", required=True, help="The person's `sub` at the provider.")
@as_json
@clear_errors
def link(office: str, code: str, username: str, subject: str, as_json: bool) -> None:
    """Link an account, an administrator's too, to a subject of a provider."""
    with opened() as process, operator_session(process, office) as session:
        provider = find_provider(session, code)
        user = find_username(session, username)
        link_identity(
            session, process.tools, OPERATOR, user.id, provider.id, subject, by_operator=True
        )
        row = {"provider": provider.code, "username": user.username, "subject": subject}
    show(row, as_json=as_json)


def _row(provider: LoginProvider) -> dict[str, object]:
    named = ("code", "name", "issuer", "client_id", "scopes", "state")
    return {name: getattr(provider, name) for name in named}
