"""``/clients``: the machines of the office, seen and asked for by a machine.

A machine may ask for another one; that it may come in a person decides, on the pages. The secret
of another machine is never renewed here, since who sees it may do what that machine may.
"""

from typing import Any

import marshmallow as ma
from flask import g
from marshmallow import fields, validate

from minsheng.accounts.models import ApiClient
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import (
    ask_client,
    client_id_of,
    find_client,
    list_clients,
    narrow_scopes,
    revoke_all,
    rotate_secret,
    turn_off_client,
)
from minsheng.faces.api.desk import actor, office_session, tools
from minsheng.faces.api.schemas import PageQuerySchema, Strict
from minsheng.faces.oauth import machine_doors, require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("clients", __name__, description="Machines that use the API")

_SCOPES = fields.List(
    fields.String(validate=validate.OneOf(SCOPES)),
    required=True,
    validate=validate.Length(min=1, max=len(SCOPES)),
)


class NewClientSchema(Strict):
    """A machine that shall come in, once a person has agreed."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=50))
    scopes = _SCOPES


class ScopesSchema(Strict):
    """The scopes that a client keeps."""

    scopes = _SCOPES


class ClientSchema(ma.Schema):
    """A machine; its state is asked, active or off."""

    client_id = fields.String()
    name = fields.String()
    scopes = fields.List(fields.String())
    state = fields.String()
    asked_by = fields.String()
    decided_by = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    previous_secret_until = fields.AwareDateTime(allow_none=True)


class ClientListSchema(ma.Schema):
    """The office's machines, by name."""

    items = fields.List(fields.Nested(ClientSchema))
    next_cursor = fields.String(allow_none=True)


class SecretSchema(ma.Schema):
    """A secret, shown this once."""

    client_id = fields.String()
    client_secret = fields.String()
    state = fields.String()
    previous_secret_until = fields.AwareDateTime(allow_none=True)


@blueprint.get("/clients")
@require_scope("clients:read")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, ClientListSchema)
def get_clients(wish: dict[str, Any]) -> dict[str, Any]:
    """The office's API clients, by name; the cursor is the last name."""
    limit = wish["limit"]
    with office_session() as session:
        found = list_clients(session, limit + 1, wish["cursor"])
        shown = found[:limit]
        cursor = shown[-1].name if len(found) > limit else None
        return {"items": [_shown(each) for each in shown], "next_cursor": cursor}


@blueprint.get("/clients/<client_id>")
@require_scope("clients:read")
@blueprint.response(200, ClientSchema)
def get_client(client_id: str) -> dict[str, Any]:
    """One API client."""
    with office_session() as session:
        return _shown(find_client(session, client_id))


@blueprint.post("/clients")
@require_scope("clients:write")
@blueprint.arguments(NewClientSchema)
@blueprint.response(201, SecretSchema)
def post_client(said: dict[str, Any]) -> dict[str, Any]:
    """Ask for an API client; its secret opens nothing until a person has agreed."""
    with office_session() as session:
        made = ask_client(session, tools(), actor(), said["name"], said["scopes"])
        client = find_client(session, made.client_id)
        return _secret(made.client_id, made.secret, client)


@blueprint.post("/clients/<client_id>/narrow")
@require_scope("clients:write")
@blueprint.arguments(ScopesSchema)
@blueprint.response(200, ClientSchema)
def narrow_client(said: dict[str, Any], client_id: str) -> dict[str, Any]:
    """Leave a client only some of its scopes."""
    with office_session() as session:
        client = narrow_scopes(session, tools(), actor(), client_id, set(said["scopes"]))
        shown = _shown(client)
    machine_doors().gate.forget(client_id)
    return shown


@blueprint.post("/clients/<client_id>/revoke-tokens")
@require_scope("clients:write")
@blueprint.response(200, ClientSchema)
def revoke_tokens(client_id: str) -> dict[str, Any]:
    """Void every token that a client has been given so far."""
    with office_session() as session:
        shown = _shown(revoke_all(session, tools(), actor(), client_id))
    machine_doors().gate.forget(client_id)
    return shown


@blueprint.post("/clients/<client_id>/off")
@require_scope("clients:write")
@blueprint.response(200, ClientSchema)
def turn_off(client_id: str) -> dict[str, Any]:
    """Let a client in no more; its tokens are void."""
    with office_session() as session:
        shown = _shown(turn_off_client(session, tools(), actor(), client_id))
    machine_doors().gate.forget(client_id)
    return shown


@blueprint.post("/clients/self/rotate")
@require_scope("clients:rotate")
@blueprint.response(200, SecretSchema)
def rotate_own() -> dict[str, Any]:
    """Give the calling client a new secret; the old one holds for a while."""
    client_id = actor().name
    with office_session() as session:
        keep = machine_doors().old_secret
        made = rotate_secret(session, tools(), actor(), client_id, keep)
        return _secret(client_id, made.secret, find_client(session, client_id))


def _shown(client: ApiClient) -> dict[str, Any]:
    return {
        "client_id": client_id_of(g.tenant_id, client.id),
        "name": client.name,
        "scopes": client.scopes.split(),
        "state": client.status,
        "asked_by": client.asked_by,
        "decided_by": client.decided_by,
        "created_at": client.created_at,
        "previous_secret_until": client.previous_until,
    }


def _secret(client_id: str, secret: str, client: ApiClient) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_secret": secret,
        "state": client.status,
        "previous_secret_until": client.previous_until,
    }
