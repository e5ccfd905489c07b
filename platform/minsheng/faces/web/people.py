"""The office's accounts: the list, one person, a new one, and what is done about them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountExists, AccountInvalid, OwnRoleChange
from minsheng.accounts.factors import reset_factor
from minsheng.accounts.models import User
from minsheng.accounts.people import (
    PersonGuarded,
    UserQuery,
    demand_other,
    demand_unguarded,
    end_of_day,
    find_username,
    give_password,
    list_users,
    new_password,
    set_expiry,
    turn_on_user,
)
from minsheng.accounts.service import NewUser, ask_roles, create_user, turn_off_user
from minsheng.faces.web.admin_people import (
    account_fault,
    people_screen,
    person_screen,
    role_groups,
)
from minsheng.faces.web.desk import actor, may, needs, office_session, tools, visitor
from minsheng.faces.web.rail import render_desk

people_pages = Blueprint("people_pages", __name__, url_prefix="/admin")

ROWS = 50
_PARAMETERS = ("q", "role", "state", "cursor")
Change = Callable[[Session, User], str]


@people_pages.get("/users")
@needs("users.read")
def show_people() -> ResponseReturnValue:
    """A page of the office's accounts; raises AccountInvalid for a filter that is none."""
    given = {name: request.args.get(name, "").strip()[:50] for name in _PARAMETERS}
    query = UserQuery(limit=ROWS, **given)
    with office_session() as session:
        screen = people_screen(list_users(session, tools(), query), query, tools().clock.now())
        may_write = may("users.write")
        return render_desk(
            session, "admin/people.html", "users", screen=screen, may_write=may_write
        )


@people_pages.get("/new-user")
@needs("users.write")
def show_new() -> ResponseReturnValue:
    """The form for one more account."""
    return _new_form({}, "", "")


@people_pages.post("/new-user")
@needs("users.write")
def add() -> ResponseReturnValue:
    """Add an account and ask for its roles; its password is shown on the answer and never again."""
    form = request.form
    password = new_password()
    try:
        new = NewUser(
            username=form.get("username", "").strip().lower(),
            name=form.get("name", ""),
            roles=tuple(form.getlist("roles")),
            password=password,
            unit=form.get("unit", ""),
            expires_at=end_of_day(form.get("expires", ""), tools().clock.now()),
            initial=True,
        )
        with office_session() as session:
            create_user(session, tools(), actor(), new, visitor().user.id)
    except AccountInvalid as error:
        exists = isinstance(error, AccountExists)
        return _new_form(
            form.to_dict(), error.field, account_fault(error.field, exists=exists)
        ), 422
    return _password_page(new.username, new.name.strip(), password, asked=bool(new.roles))


@people_pages.get("/users/<username>")
@needs("users.read")
def show_person(username: str) -> ResponseReturnValue:
    """One account with what may be done about it."""
    with office_session() as session:
        user = find_username(session, username)
        screen = person_screen(session, user, tools().clock.now())
        return render_desk(
            session, "admin/person.html", "users", screen=screen, groups=role_groups(user.roles),
            may_write=may("users.write"), is_self=user.id == visitor().user.id,
        )  # fmt: skip


@people_pages.post("/users/<username>/off")
@needs("users.write")
def turn_off(username: str) -> ResponseReturnValue:
    """Let a person in no more, from the next request on."""

    def change(session: Session, user: User) -> str:
        demand_other(user.id, visitor().user.id)
        turn_off_user(session, tools(), actor(), user.id)
        return "user_off"

    return _change(username, change)


@people_pages.post("/users/<username>/on")
@needs("users.write")
def turn_on(username: str) -> ResponseReturnValue:
    """Let a person in again."""

    def change(session: Session, user: User) -> str:
        turn_on_user(session, tools(), actor(), user.id)
        return "user_on"

    return _change(username, change)


@people_pages.post("/users/<username>/expiry")
@needs("users.write")
def expire(username: str) -> ResponseReturnValue:
    """Set or take away the day after which a person comes in no more."""

    def change(session: Session, user: User) -> str:
        until = end_of_day(request.form.get("expires", ""), tools().clock.now())
        set_expiry(session, tools(), actor(), user.id, until)
        return "expiry_set"

    return _change(username, change)


@people_pages.post("/users/<username>/factor")
@needs("users.write")
def renew_factor(username: str) -> ResponseReturnValue:
    """Take the second factor away, for a person who lost it and sets up another."""

    def change(session: Session, user: User) -> str:
        demand_unguarded(user)
        reset_factor(session, tools(), actor(), user.id)
        return "factor_reset"

    return _change(username, change)


@people_pages.post("/users/<username>/roles")
@needs("users.write")
def ask_for_roles(username: str) -> ResponseReturnValue:
    """Ask for other roles; a security administrator decides."""

    def change(session: Session, user: User) -> str:
        wanted = request.form.getlist("roles")
        ask_roles(session, tools(), actor(), user.id, wanted, visitor().user.id)
        return "roles_asked"

    return _change(username, change)


@people_pages.post("/users/<username>/password")
@needs("users.write")
def renew_password(username: str) -> ResponseReturnValue:
    """A new initial password, shown on the answer and never again."""
    try:
        with office_session() as session:
            user = find_username(session, username)
            password = give_password(session, tools(), actor(), user.id)
    except PersonGuarded as error:
        return _back(username, f"guarded_{error.reason}")
    return _password_page(user.username, user.name, password, asked=False)


def _change(username: str, change: Change) -> ResponseReturnValue:
    """Do one thing to one person and say on their page what became of it."""
    try:
        with office_session() as session:
            done = change(session, find_username(session, username))
    except PersonGuarded as error:
        done = f"guarded_{error.reason}"
    except OwnRoleChange:
        done = "own_roles"
    except AccountInvalid as error:
        done = f"wrong_{error.field}"
    return _back(username, done)


def _back(username: str, done: str) -> ResponseReturnValue:
    return redirect(url_for("people_pages.show_person", username=username, done=done), 303)


def _new_form(given: dict[str, str], field: str, fault: str) -> str:
    chosen = request.form.getlist("roles")
    with office_session() as session:
        return render_desk(
            session, "admin/new_user.html", "users", given=given, fault_field=field, fault=fault,
            groups=role_groups(chosen), tomorrow=_tomorrow(tools().clock.now()),
        )  # fmt: skip


def _password_page(username: str, name: str, password: str, *, asked: bool) -> str:
    with office_session() as session:
        return render_desk(
            session, "admin/password.html", "users",
            username=username, name=name, password=password, asked=asked,
        )  # fmt: skip


def _tomorrow(now: datetime) -> str:
    return (now + timedelta(days=1)).date().isoformat()
