"""The machines of the office: what waits for a second person, what each may do, and its secret."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.client_care import last_logins
from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    ClientNotWaiting,
    ClientOff,
    OwnClient,
)
from minsheng.accounts.service import (
    NewClient,
    ask_client,
    decide_client,
    drop_previous,
    find_client,
    list_clients,
    narrow_scopes,
    revoke_all,
    rotate_secret,
    turn_off_client,
)
from minsheng.faces.oauth import machine_doors
from minsheng.faces.web.client_lines import (
    client_fault,
    client_line,
    keep_words,
    scope_choices,
)
from minsheng.faces.web.desk import actor, may, needs, office_session, tools
from minsheng.faces.web.rail import render_desk

client_pages = Blueprint("client_pages", __name__, url_prefix="/admin/clients")

LINES = 100
GRANT, REFUSE = "grant", "refuse"


@client_pages.get("")
@needs("clients.read")
def show_clients() -> ResponseReturnValue:
    """Every machine of the office by name, those that wait for a decision marked."""
    after = request.args.get("after", "")[:50]
    with office_session() as session:
        found = list_clients(session, LINES + 1, after)
        seen = last_logins(session, [client.id for client in found])
        lines = [client_line(client, seen.get(client.id), actor()) for client in found[:LINES]]
        more = url_for(".show_clients", after=lines[-1].name) if len(found) > LINES else None
        return render_desk(
            session, "admin/clients.html", "clients",
            lines=lines, next_href=more, may_write=may("clients.write"),
        )  # fmt: skip


@client_pages.get("/new")
@needs("clients.write")
def show_new() -> ResponseReturnValue:
    """The form for one more machine."""
    return _new_form("", [], "", "")


@client_pages.post("/new")
@needs("clients.write")
def ask() -> ResponseReturnValue:
    """Ask for a machine; its secret is shown on the answer and never again."""
    name, scopes = request.form.get("name", ""), request.form.getlist("scope")
    try:
        with office_session() as session:
            made = ask_client(session, tools(), actor(), name, scopes)
    except AccountInvalid as error:
        said = client_fault(error.field, exists=isinstance(error, AccountExists))
        return _new_form(name, scopes, error.field, said), 422
    return _secret_page(made, name.strip(), asked=True)


@client_pages.get("/<client_id>")
@needs("clients.read")
def show_client(client_id: str) -> ResponseReturnValue:
    """One machine with what may be done about it; raises AccountNotFound."""
    with office_session() as session:
        client = find_client(session, client_id)
        seen = last_logins(session, [client.id])
        line = client_line(client, seen.get(client.id), actor())
        return render_desk(
            session, "admin/client.html", "clients", line=line,
            choices=scope_choices(line.scopes, line.scopes),
            keep=keep_words(machine_doors().old_secret),
            may_write=may("clients.write"), may_decide=may("clients.decide"),
        )  # fmt: skip


@client_pages.post("/<client_id>/decide")
@needs("clients.decide")
def decide(client_id: str) -> ResponseReturnValue:
    """Let a machine in that another person asked for, or refuse it; raises AccountNotFound."""
    answer = request.form.get("answer", "")
    if answer not in (GRANT, REFUSE):
        return _back(client_id, "none_chosen")
    try:
        with office_session() as session:
            decide_client(session, tools(), actor(), client_id, granted=answer == GRANT)
    except ClientNotWaiting:
        return _back(client_id, "already")
    except OwnClient:
        return _back(client_id, "own_client")
    return _changed(client_id, "client_granted" if answer == GRANT else "client_refused")


@client_pages.post("/<client_id>/rotate")
@needs("clients.write")
def rotate(client_id: str) -> ResponseReturnValue:
    """A new secret, shown on the answer; the old one holds for a while. Raises AccountNotFound."""
    try:
        with office_session() as session:
            keep = machine_doors().old_secret
            made = rotate_secret(session, tools(), actor(), client_id, keep)
            name = find_client(session, client_id).name
    except ClientOff:
        return _back(client_id, "already")
    return _secret_page(made, name, asked=False)


@client_pages.post("/<client_id>/drop-previous")
@needs("clients.write")
def drop(client_id: str) -> ResponseReturnValue:
    """End the secret before this one now; raises AccountNotFound."""
    try:
        with office_session() as session:
            drop_previous(session, tools(), actor(), client_id)
    except ClientOff:
        return _back(client_id, "already")
    return _back(client_id, "client_previous_dropped")


@client_pages.post("/<client_id>/narrow")
@needs("clients.write")
def narrow(client_id: str) -> ResponseReturnValue:
    """Leave a machine the chosen ones of its scopes; raises AccountNotFound."""
    try:
        with office_session() as session:
            narrow_scopes(session, tools(), actor(), client_id, set(request.form.getlist("scope")))
    except ClientOff:
        return _back(client_id, "already")
    except AccountInvalid:
        return _back(client_id, "client_no_scope")
    return _changed(client_id, "client_narrowed")


@client_pages.post("/<client_id>/revoke")
@needs("clients.write")
def revoke(client_id: str) -> ResponseReturnValue:
    """Void every token of a machine; raises AccountNotFound."""
    with office_session() as session:
        revoke_all(session, tools(), actor(), client_id)
    return _changed(client_id, "client_revoked")


@client_pages.post("/<client_id>/off")
@needs("clients.write")
def turn_off(client_id: str) -> ResponseReturnValue:
    """Let a machine in no more; raises AccountNotFound."""
    with office_session() as session:
        turn_off_client(session, tools(), actor(), client_id)
    return _changed(client_id, "client_off")


def _new_form(name: str, scopes: list[str], field: str, fault: str) -> str:
    with office_session() as session:
        return render_desk(
            session, "admin/new_client.html", "clients",
            name=name[:50], choices=scope_choices(scopes), fault_field=field, fault=fault,
        )  # fmt: skip


def _secret_page(made: NewClient, name: str, *, asked: bool) -> str:
    with office_session() as session:
        return render_desk(
            session, "admin/client_secret.html", "clients",
            made=made, name=name, asked=asked,
            keep=keep_words(machine_doors().old_secret),
        )  # fmt: skip


def _changed(client_id: str, done: str) -> ResponseReturnValue:
    """Back to a machine whose right to come in has changed: here at once."""
    machine_doors().gate.forget(client_id)
    return _back(client_id, done)


def _back(client_id: str, done: str) -> ResponseReturnValue:
    return redirect(url_for("client_pages.show_client", client_id=client_id, done=done), 303)
