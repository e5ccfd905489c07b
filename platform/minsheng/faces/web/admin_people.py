"""Accounts as they are drawn: values and words for the pages of the administrators."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.accounts.people import (
    STATES,
    UserPage,
    UserQuery,
    state_of,
    waiting_roles,
)
from minsheng.accounts.roles import ADMINISTRATORS, ROLES
from minsheng.faces.web.labels import role_name
from minsheng.faces.web.models import Choice
from minsheng.faces.web.times import local
from minsheng.faces.web.words import _

_SHAPES = {
    "active": ("done", "ok"),
    "off": ("stop", ""),
    "expired": ("clock", "warn"),
    "locked": ("pause", "warn"),
}


@dataclass(frozen=True, slots=True)
class StateChip:
    """A state as word, shape and tone."""

    words: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One account in the list."""

    username: str
    name: str
    unit: str
    roles: tuple[str, ...]
    waiting: tuple[str, ...] | None
    state: StateChip
    until: datetime | None
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class PeopleScreen:
    """A page of accounts with its filters."""

    lines: tuple[PersonLine, ...]
    states: tuple[Choice, ...]
    roles: tuple[tuple[str, str], ...]
    role: str
    state: str
    search: str
    filtered: bool
    first_href: str | None
    next_href: str | None


@dataclass(frozen=True, slots=True)
class PersonScreen:
    """One account and what is known of its door."""

    line: PersonLine
    is_on: bool
    created: datetime
    has_password: bool
    initial_until: datetime | None
    factor_since: datetime | None
    until_day: str


@dataclass(frozen=True, slots=True)
class RoleGroup:
    """Roles that may go together or, for administrators, each alone."""

    title: str
    hint: str
    roles: tuple[tuple[str, str, bool], ...]


def people_screen(page: UserPage, query: UserQuery, now: datetime) -> PeopleScreen:
    """The list as it is drawn."""
    return PeopleScreen(
        lines=tuple(person_line(user, page.waiting.get(user.id), now) for user in page.users),
        states=tuple(_state_choices(query)),
        roles=tuple((role, role_name(role)) for role in ROLES),
        role=query.role,
        state=query.state,
        search=query.q,
        filtered=bool(query.q or query.role or query.state),
        first_href=_href(query) if query.cursor else None,
        next_href=_href(query, cursor=page.next_cursor) if page.next_cursor else None,
    )


def person_screen(session: Session, user: User, now: datetime) -> PersonScreen:
    """One account as it is drawn."""
    waiting = waiting_roles(session, [user.id]).get(user.id)
    until = user.expires_at
    return PersonScreen(
        line=person_line(user, waiting, now),
        is_on=user.status == "active",
        created=user.created_at,
        has_password=user.password_hash is not None,
        initial_until=user.initial_until,
        factor_since=user.totp_since,
        until_day=_last_day(until) if until else "",
    )


def person_line(user: User, waiting: Sequence[str] | None, now: datetime) -> PersonLine:
    """One account as it stands in the list."""
    return PersonLine(
        username=user.username,
        name=user.name,
        unit=user.unit,
        roles=tuple(role_name(role) for role in user.roles),
        waiting=None if waiting is None else tuple(role_name(role) for role in waiting),
        state=state_chip(state_of(user, now)),
        # The last moment, not the first one after it: 31 December, not 1 January.
        until=user.expires_at - timedelta(seconds=1) if user.expires_at else None,
        last_login=user.last_login_at,
    )


def role_groups(held: Collection[str]) -> tuple[RoleGroup, ...]:
    """Every role to choose from, those in ``held`` chosen."""
    work = [role for role in ROLES if role not in ADMINISTRATORS]
    apart = [role for role in ROLES if role in ADMINISTRATORS]
    return (
        RoleGroup(_("业务角色"), _("可以同时有几个"), _role_choices(work, held)),
        RoleGroup(_("三员"), _("只能单独有一个，不与任何角色同时有"), _role_choices(apart, held)),
    )


def state_chip(state: str) -> StateChip:
    """What the state of an account is called and how it looks."""
    words = {
        "active": _("有效"),
        "off": _("已停用"),
        "expired": _("已到期"),
        "locked": _("暂时锁定"),
    }
    icon, tone = _SHAPES[state]
    return StateChip(words[state], icon, tone)


def account_fault(field: str, *, exists: bool = False) -> str:
    """What to change, by the field that was refused."""
    if exists:
        return _("本单位已有这个账号，请换一个。")
    return {
        "username": _("账号要用 2 到 32 个小写字母、数字、点、横线或下划线，以字母或数字开头。"),
        "name": _("请填写姓名，最多 50 个字。"),
        "unit": _("科室名称最多 50 个字。"),
        "roles": _("三员只能单独有一个，不能与别的角色同时有。"),
        "expires": _("到期日要写成年月日，并且不早于今天。"),
    }.get(field, _("填写的内容不能用，请核对。"))


def _last_day(until: datetime) -> str:
    return local(until - timedelta(seconds=1)).date().isoformat()


def _role_choices(
    roles: Collection[str], held: Collection[str]
) -> tuple[tuple[str, str, bool], ...]:
    return tuple((role, role_name(role), role in held) for role in roles)


def _state_choices(query: UserQuery) -> list[Choice]:
    words = {
        "": _("全部"),
        "active": _("有效"),
        "waiting": _("待批角色"),
        "expired": _("已到期"),
        "locked": _("暂时锁定"),
        "off": _("已停用"),
    }
    known = {"", *STATES}
    return [
        Choice(word, _href(query, state=state), query.state == state)
        for state, word in words.items()
        if state in known
    ]


def _href(query: UserQuery, **change: str) -> str:
    wanted = {"q": query.q, "role": query.role, "state": query.state} | change
    kept = {name: value for name, value in wanted.items() if value}
    return url_for("people_pages.show_people", **kept)  # type: ignore[arg-type]
