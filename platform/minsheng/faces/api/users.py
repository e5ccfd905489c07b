"""``/users``: the office's accounts, seen, added and turned off by a machine.

Roles are only ever asked for: a security administrator grants them on the pages.
"""

from collections.abc import Sequence
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.accounts.people import (
    MAX_PAGE,
    STATES,
    UserQuery,
    end_of_day,
    find_username,
    list_users,
    new_password,
    state_of,
    waiting_roles,
)
from minsheng.accounts.roles import ROLES
from minsheng.accounts.service import NewUser, create_user, turn_off_user
from minsheng.faces.api.desk import actor, office_session, tools
from minsheng.faces.api.schemas import Strict
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("users", __name__, description="People with accounts")


class UserQuerySchema(Strict):
    """Which accounts to list; the cursor is the last user name."""

    q = fields.String(load_default="", validate=validate.Length(max=50))
    role = fields.String(load_default="", validate=validate.OneOf(["", *ROLES]))
    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))
    cursor = fields.String(load_default="", validate=validate.Length(max=50))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MAX_PAGE))


class NewUserSchema(Strict):
    """A person who shall have an account; ``roles`` are asked for, and granted by another."""

    username = fields.String(required=True, validate=validate.Length(min=2, max=32))
    name = fields.String(required=True, validate=validate.Length(min=1, max=50))
    unit = fields.String(load_default="", validate=validate.Length(max=50))
    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)),
        load_default=list,
        validate=validate.Length(max=len(ROLES)),
    )
    last_day = fields.Date(metadata={"description": "in the zone of China"})


class UserSchema(ma.Schema):
    """An account; ``roles_asked`` are waiting for a decision, null when none are."""

    username = fields.String()
    name = fields.String()
    unit = fields.String()
    roles = fields.List(fields.String())
    roles_asked = fields.List(fields.String(), allow_none=True)
    state = fields.String(metadata={"description": "active, expired, locked or off"})
    expires_at = fields.AwareDateTime(allow_none=True, format="iso")
    last_login_at = fields.AwareDateTime(allow_none=True, format="iso")
    created_at = fields.AwareDateTime(format="iso")


class MadeUserSchema(UserSchema):
    """An account just made; the password is told this once and holds for 14 days."""

    initial_password = fields.String()


class UserListSchema(ma.Schema):
    """A page of accounts by user name."""

    items = fields.List(fields.Nested(UserSchema))
    next_cursor = fields.String(allow_none=True)


@blueprint.get("/users")
@require_scope("users:read")
@blueprint.arguments(UserQuerySchema, location="query")
@blueprint.response(200, UserListSchema)
def get_users(wish: dict[str, Any]) -> dict[str, Any]:
    """The office's accounts by user name, narrowed by words, role and state."""
    with office_session() as session:
        page = list_users(session, tools(), UserQuery(**wish))
        items = [_shown(user, page.waiting.get(user.id)) for user in page.users]
    return {"items": items, "next_cursor": page.next_cursor}


@blueprint.get("/users/<username>")
@require_scope("users:read")
@blueprint.response(200, UserSchema)
def get_user(username: str) -> dict[str, Any]:
    """One account."""
    with office_session() as session:
        return _one(session, find_username(session, username))


@blueprint.post("/users")
@require_scope("users:write")
@blueprint.arguments(NewUserSchema)
@blueprint.response(201, MadeUserSchema)
def post_user(said: dict[str, Any]) -> dict[str, Any]:
    """Add an account and ask for its roles."""
    password, day = new_password(), said.get("last_day")
    new = NewUser(
        username=said["username"],
        name=said["name"],
        roles=tuple(said["roles"]),
        password=password,
        unit=said["unit"],
        expires_at=end_of_day(day.isoformat() if day else "", tools().clock.now()),
        initial=True,
    )
    with office_session() as session:
        user = create_user(session, tools(), actor(), new)
        return _one(session, user) | {"initial_password": password}


@blueprint.post("/users/<username>/off")
@require_scope("users:write")
@blueprint.response(200, UserSchema)
def turn_off(username: str) -> dict[str, Any]:
    """Let a person in no more: its sessions are over at once, in every process."""
    with office_session() as session:
        user = find_username(session, username)
        turn_off_user(session, tools(), actor(), user.id)
        return _one(session, user)


def _one(session: Session, user: User) -> dict[str, Any]:
    return _shown(user, waiting_roles(session, [user.id]).get(user.id))


def _shown(user: User, waiting: Sequence[str] | None) -> dict[str, Any]:
    named = ("username", "name", "unit", "roles", "expires_at", "last_login_at", "created_at")
    more = {"roles_asked": waiting, "state": state_of(user, tools().clock.now())}
    return {name: getattr(user, name) for name in named} | more
