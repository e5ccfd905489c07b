"""Bodies below the office, and opening their first administrators by two people."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.delegation import (
    GRANTED,
    NewOpening,
    OpeningRefused,
    ask_opening,
    bodies_below,
    decide_opening,
    waiting_openings,
)
from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.models import AccountOpening
from minsheng.accounts.roles import ADMINISTRATORS, ROLES
from minsheng.faces.web.admin_people import account_fault
from minsheng.faces.web.desk import actor, may, needs, office_session, tools, visitor
from minsheng.faces.web.labels import role_name
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.words import _
from minsheng_tenants import Tenant, find_body

body_pages = Blueprint("body_pages", __name__, url_prefix="/admin/bodies")

ROWS = 50
_ROLES = [role for role in ROLES if role in ADMINISTRATORS]


@dataclass(frozen=True, slots=True)
class OpenedRole:
    """What this office did about one administrator's role of a body: ``state`` none … granted."""

    role: str
    state: str
    username: str


@dataclass(frozen=True, slots=True)
class BodyLine:
    """A body below as it is drawn."""

    code: str
    name: str
    kind: str
    suspended: bool
    roles: tuple[OpenedRole, ...]


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """An opening that waits; ``barred`` says why this person may not decide on it."""

    id: str
    body: str
    role: str
    name: str
    username: str
    asker: str
    asked_at: datetime
    barred: str


@body_pages.get("")
@needs("users.read")
def show_bodies() -> ResponseReturnValue:
    """The bodies below with what was opened there, and the openings that wait."""
    q, cursor = (request.args.get(name, "").strip()[:50] for name in ("q", "cursor"))
    with office_session() as session:
        page = bodies_below(session, q, cursor, ROWS)
        lines = [_body_line(body, page.openings.get(body.id, {})) for body in page.bodies]
        waiting = [_opening_line(*each) for each in waiting_openings(session)]
        more = page.next_cursor
        return render_desk(
            session, "admin/bodies.html", "bodies", lines=lines, waiting=waiting, search=q,
            may_ask=may("users.write"), may_decide=may("roles.decide"),
            first_href=url_for(".show_bodies", q=q or None) if cursor else None,
            next_href=url_for(".show_bodies", q=q or None, cursor=more) if more else None,
        )  # fmt: skip


@body_pages.get("/<code>/open")
@needs("users.write")
def show_form(code: str) -> ResponseReturnValue:
    """The form for a body's administrator; raises BodyNotFound."""
    return _form(code, {}, "")


@body_pages.post("/<code>/open")
@needs("users.write")
def ask(code: str) -> ResponseReturnValue:
    """Ask for a body's administrator; the password is shown on the answer and never again."""
    form = request.form
    new = NewOpening(
        body=code,
        role=form.get("role", ""),
        username=form.get("username", "").strip().lower(),
        name=form.get("name", ""),
    )
    try:
        with office_session() as session:
            asked = ask_opening(session, tools(), actor(), visitor().user.id, new)
    except AccountInvalid as error:
        return _form(code, form.to_dict(), account_fault(error.field)), 422
    except OpeningRefused as refused:
        return _form(code, form.to_dict(), opening_words()[refused.reason]), 422
    with office_session() as session:
        return render_desk(
            session, "admin/opening_password.html", "bodies",
            body=find_body(session, code), opening=asked.opening, password=asked.password,
        )  # fmt: skip


@body_pages.post("/openings/<uuid:opening>")
@needs("roles.decide")
def decide(opening: uuid.UUID) -> ResponseReturnValue:
    """Open the account that was asked for, or refuse."""
    granted = request.form.get("answer", "") == "grant"
    try:
        with office_session() as session:
            decide_opening(session, tools(), actor(), visitor().user.id, opening, granted=granted)
    except OpeningRefused as refused:
        return _back(f"opening_{refused.reason}")
    return _back("opening_granted" if granted else "opening_refused")


def opening_words() -> dict[str, str]:
    """Why an account below is not opened, and what to do, by the reason."""
    return {
        "role": _("请选三员中的一个。"),
        "place": _("这个单位不在本单位之下。"),
        "suspended": _("这个单位已停用，恢复后才能开户。"),
        "own": _("自己提请的要由另一位安全管理员决定。"),
        "waiting": _("这个角色已有一项在等待审批。"),
        "held": _("这个单位已有这个角色的有效账号，由它自己管理。"),
        "taken": _("这个单位已有这个账号，请换一个。"),
        "gone": _("没有照做：情况已经变了。下面是最新的情况。"),
    }


def kind_name(kind: str) -> str:
    """What kind of body this is."""
    return {
        "central": _("中央"),
        "province": _("省级"),
        "city": _("市级"),
        "county": _("县级"),
        "street": _("乡镇街道"),
        "department": _("部门"),
        "ministry": _("部委"),
    }.get(kind, kind)


def _form(code: str, given: Mapping[str, str], fault: str) -> str:
    with office_session() as session:
        return render_desk(
            session, "admin/opening.html", "bodies", body=find_body(session, code),
            given=given, fault=fault, roles=[(role, role_name(role)) for role in _ROLES],
        )  # fmt: skip


def _body_line(body: Tenant, opened: Mapping[str, AccountOpening]) -> BodyLine:
    return BodyLine(
        code=body.code,
        name=body.name,
        kind=kind_name(body.kind),
        suspended=body.status != "active",
        roles=tuple(_opened(role, opened.get(role)) for role in _ROLES),
    )


def _opened(role: str, opening: AccountOpening | None) -> OpenedRole:
    state = opening.state if opening else "none"
    name = opening.username if opening and opening.state == GRANTED else ""
    return OpenedRole(role_name(role), state, name)


def _opening_line(opening: AccountOpening, body: Tenant) -> OpeningLine:
    own = opening.asked_by_id == visitor().user.id
    return OpeningLine(
        id=str(opening.id),
        body=body.name,
        role=role_name(opening.role),
        name=opening.name,
        username=opening.username,
        asker=opening.asked_by.partition(":")[2],
        asked_at=opening.asked_at,
        barred=opening_words()["own"] if own else "",
    )


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for("body_pages.show_bodies", done=done), 303)
