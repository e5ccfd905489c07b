"""Who takes a case in, who stands in for whom, and who may do what."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.accounts.roles import Permission, allowed
from minsheng.audit import Actor, Tools
from minsheng.cases.models import OPEN, Case
from minsheng.handling.deadlines import CHINA
from minsheng.handling.errors import HandlingInvalid, HandlingNotFound, PersonUnfit
from minsheng.handling.models import Leave, Liaison
from minsheng.runtime.ids import new_id
from minsheng_tenants import Tenant, tenant_of

TIERS = ("liaison", "general_office", "petitions", "opinion", "handler")
"""Roles that take cases in where an office names no liaisons, the first that is there."""
_COUNT_UP_TO = 1000
_LONGEST_UNIT = 50
_LONGEST_LEAVE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class InCharge:
    """A person and the unit they answer for."""

    username: str
    unit: str


def staff(session: Session, now: datetime) -> list[User]:
    """The people whose accounts are on, by user name."""
    return list(session.scalars(select(User).where(*_on(now)).order_by(User.username)))


def find_person(session: Session, username: str, now: datetime, field: str = "person") -> User:
    """A person whose account is on; raises PersonUnfit."""
    user = session.scalar(select(User).where(User.username == username, *_on(now)))
    if user is None:
        message = f"nobody here has the user name {username!r} and an account that is on"
        raise PersonUnfit(field, message)
    return user


def demand_person(
    session: Session,
    username: str,
    now: datetime,
    permission: Permission,
    field: str = "person",
) -> User:
    """A person who holds a permission; raises PersonUnfit."""
    user = find_person(session, username, now, field)
    if not allowed(user.roles, permission):
        message = f"{username} holds no role with {permission}: choose somebody who does"
        raise PersonUnfit(field, message)
    return user


def demand_handler(session: Session, username: str, case: Case, now: datetime) -> User:
    """A person who may handle this case: of a role that may, in sight of it, and not on leave."""
    user = demand_person(session, username, now, "cases.handle", "handler")
    if case.secret and not allowed(user.roles, "citizens.confidential"):
        message = f"{username} may not see this case: choose somebody of the petitions office"
        raise PersonUnfit("handler", message)
    if username in away(session, [username], now):
        deputy = deputy_of(session, username)
        told = f", {deputy} stands in" if deputy else ""
        message = f"{username} is on leave{told}: choose somebody who is there"
        raise PersonUnfit("handler", message)
    return user


def choose_liaison(
    session: Session, case: Case, now: datetime, without: Collection[str] = ()
) -> InCharge | None:
    """Who takes a case in: the liaison with the fewest open cases, the deputy while on leave.

    None where nobody of the office may. A case that is kept from the office goes to people who
    may see it only.
    """
    able = {
        user.username: user
        for user in staff(session, now)
        if allowed(user.roles, "cases.handle")
        and (not case.secret or allowed(user.roles, "citizens.confidential"))
    }
    gone = away(session, able, now) | set(without)
    there = {name: user for name, user in able.items() if name not in gone}
    named = _named(session, there, set(able))
    found = named or _by_role(there.values())
    if not found:
        return None
    load = _loads(session, [each.username for each in found])
    least = min(found, key=lambda each: (load.get(each.username, 0), each.username))
    return InCharge(least.username, least.unit or own_name(session))


def _named(session: Session, there: dict[str, User], able: set[str]) -> list[InCharge]:
    """The office's liaisons, each replaced by the deputy while away."""
    found: dict[str, InCharge] = {}
    for row in session.scalars(select(Liaison).order_by(Liaison.username)):
        for name in (row.username, row.deputy):
            if name in there:
                found.setdefault(name, InCharge(name, row.unit or there[name].unit))
                break
    return list(found.values()) if able else []


def _by_role(users: Iterable[User]) -> list[InCharge]:
    everybody = list(users)
    for role in TIERS:
        found = [InCharge(user.username, user.unit) for user in everybody if role in user.roles]
        if found:
            return found
    return []


def _loads(session: Session, names: Sequence[str]) -> dict[str, int]:
    found = {}
    for name in names:
        mine = Case.handler == name, Case.state == OPEN, Case.closed_at.is_(None)
        some = select(Case.id).where(*mine).limit(_COUNT_UP_TO).subquery()
        found[name] = session.scalar(select(func.count()).select_from(some)) or 0
    return found


def own_name(session: Session) -> str:
    """The office's own name, the unit of whoever belongs to none."""
    return session.scalar(select(Tenant.name).where(Tenant.id == tenant_of(session))) or ""


def away(session: Session, names: Iterable[str], now: datetime) -> set[str]:
    """Those of ``names`` who are on leave today, in China."""
    today = now.astimezone(CHINA).date()
    chosen = select(Leave.username).where(
        Leave.username.in_(list(names)), Leave.first_day <= today, Leave.last_day >= today
    )
    return set(session.scalars(chosen))


def deputy_of(session: Session, username: str) -> str:
    """Who stands in for a liaison; empty where nobody was named."""
    return session.scalar(select(Liaison.deputy).where(Liaison.username == username)) or ""


def set_liaison(
    session: Session, tools: Tools, actor: Actor, username: str, unit: str, deputy: str
) -> Liaison:
    """Name a liaison of a unit and a deputy (empty = none); raises HandlingInvalid."""
    now = tools.clock.now()
    for name, field in ((username, "username"), (deputy, "deputy")):
        if name:
            demand_person(session, name, now, "cases.handle", field)
    if not username or username == deputy:
        message = "a liaison needs a user name, and a deputy who is somebody else"
        raise HandlingInvalid("deputy" if username else "username", message)
    if len(unit) > _LONGEST_UNIT or not unit.isprintable():
        message = f"a unit needs a name of at most {_LONGEST_UNIT} printable characters"
        raise HandlingInvalid("unit", message)
    values = {"unit": unit.strip(), "deputy": deputy, "set_by": str(actor), "set_at": now}
    row = insert(Liaison).values(tenant_id=tenant_of(session), username=username, **values)
    target = ["tenant_id", "username"]
    session.execute(row.on_conflict_do_update(index_elements=target, set_=values))
    tools.auditor.record(session, actor, "liaison.set", "user", username)
    session.expire_all()
    return session.scalars(select(Liaison).where(Liaison.username == username)).one()


def drop_liaison(session: Session, tools: Tools, actor: Actor, username: str) -> None:
    """Have a person take in no cases any more; raises HandlingNotFound."""
    gone = session.execute(delete(Liaison).where(Liaison.username == username))
    if not getattr(gone, "rowcount", 0):
        message = f"{username!r} is no liaison of this office"
        raise HandlingNotFound(message)
    tools.auditor.record(session, actor, "liaison.drop", "user", username)


def list_liaisons(session: Session) -> Sequence[Liaison]:
    """The liaisons by user name."""
    return session.scalars(select(Liaison).order_by(Liaison.username)).all()


def set_leave(
    session: Session, tools: Tools, actor: Actor, username: str, first: date, last: date
) -> Leave:
    """Note that a person is away from ``first`` to ``last``; raises HandlingInvalid."""
    find_person(session, username, tools.clock.now(), "username")
    if not timedelta() <= last - first <= _LONGEST_LEAVE:
        message = "a leave ends on its first day or later, within a year"
        raise HandlingInvalid("last_day", message)
    same = Leave.username == username, Leave.first_day == first, Leave.last_day == last
    known = session.scalar(select(Leave).where(*same))
    if known is not None:
        return known
    leave = Leave(
        id=new_id(), username=username, first_day=first, last_day=last, set_by=str(actor),
        set_at=tools.clock.now(),
    )  # fmt: skip
    session.add(leave)
    tools.auditor.record(session, actor, "leave.set", "user", username)
    session.flush()
    return leave


def drop_leave(session: Session, tools: Tools, actor: Actor, leave_id: uuid.UUID) -> None:
    """Forget a leave; raises HandlingNotFound."""
    leave = session.scalar(select(Leave).where(Leave.id == leave_id))
    if leave is None:
        message = "this office has no such leave: open the list again"
        raise HandlingNotFound(message)
    session.delete(leave)
    tools.auditor.record(session, actor, "leave.drop", "user", leave.username)


def list_leaves(session: Session, since: date) -> Sequence[Leave]:
    """Leaves that end on ``since`` or later, by their first day."""
    chosen = select(Leave).where(Leave.last_day >= since).order_by(Leave.first_day, Leave.id)
    return session.scalars(chosen).all()


def _on(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return User.status == "active", or_(User.expires_at.is_(None), User.expires_at > now)
