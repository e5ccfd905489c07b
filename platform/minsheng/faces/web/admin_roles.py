"""Role changes: what waits for a second person, deciding on one or many, and what was decided."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.errors import OwnRoleChange, RoleChangeNotFound
from minsheng.accounts.role_lists import (
    MOST_AT_ONCE,
    RoleChangeLine,
    count_waiting,
    decide_many,
    decided_lines,
    waiting_lines,
)
from minsheng.accounts.roles import ROLES
from minsheng.faces.web.desk import actor, needs, office_session, tools, visitor
from minsheng.faces.web.labels import role_name
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.words import _

role_pages = Blueprint("role_pages", __name__, url_prefix="/admin/roles")

GRANT, REFUSE = "grant", "refuse"


@dataclass(frozen=True, slots=True)
class RoleStep:
    """One role of a change: ``kept``, ``added`` or ``taken``."""

    words: str
    step: str


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role change as it is drawn; ``barred`` says why this person may not decide on it."""

    id: str
    username: str
    name: str
    unit: str
    steps: tuple[RoleStep, ...]
    asker: str
    asked_at: datetime
    barred: str
    granted: bool
    decider: str
    decided_at: datetime | None


@role_pages.get("")
@needs("roles.decide")
def show_roles() -> ResponseReturnValue:
    """What waits and what was decided last."""
    me = visitor().user.id
    with office_session() as session:
        waiting = [role_line(line, me) for line in waiting_lines(session)]
        past = [role_line(line, me) for line in decided_lines(session)]
        count = count_waiting(session)
        return render_desk(
            session, "admin/roles.html", "roles",
            waiting=waiting, past=past, more=count - len(waiting),
        )  # fmt: skip


@role_pages.post("")
@needs("roles.decide")
def decide() -> ResponseReturnValue:
    """Grant or refuse the chosen role changes, all or none of them."""
    answer = request.form.get("answer", "")
    wanted = _chosen(request.form.getlist("change"))
    if not wanted or answer not in (GRANT, REFUSE):
        return _back("none_chosen")
    try:
        with office_session() as session:
            decide_many(
                session, tools(), actor(), visitor().user.id, wanted, granted=answer == GRANT
            )
    except RoleChangeNotFound:
        return _back("already")
    except OwnRoleChange:
        return _back("own_decision")
    return _back("roles_granted" if answer == GRANT else "roles_refused")


def role_line(line: RoleChangeLine, decider_id: uuid.UUID) -> RoleLine:
    """A role change as ``decider_id`` sees it."""
    change, user = line.change, line.user
    return RoleLine(
        id=str(change.id),
        username=user.username,
        name=user.name,
        unit=user.unit,
        steps=steps_between(user.roles if change.state == "asked" else (), change.roles),
        asker=line.asker.name if line.asker else _machine(change.asked_by),
        asked_at=change.asked_at,
        barred=_barred(line, decider_id),
        granted=change.state == "granted",
        decider=line.decider.name if line.decider else "",
        decided_at=change.decided_at,
    )


def steps_between(old: Sequence[str], new: Sequence[str]) -> tuple[RoleStep, ...]:
    """What becomes of each role that a person has or shall have, in the order of the table."""
    return tuple(
        RoleStep(role_name(role), _step(role in old, role in new))
        for role in ROLES
        if role in old or role in new
    )


def _step(had: bool, has: bool) -> str:
    return "kept" if had and has else "added" if has else "taken"


def _barred(line: RoleChangeLine, decider_id: uuid.UUID) -> str:
    if line.change.user_id == decider_id:
        return _("这是您自己的角色，要由另一位安全管理员审批")
    if line.change.asked_by_id == decider_id:
        return _("这是您提出的，要由另一位安全管理员审批")
    return ""


def _machine(asked_by: str) -> str:
    """The words for an asker that is no person of the office."""
    kind = asked_by.partition(":")[0]
    return {"client": _("接口账号"), "operator": _("运维人员")}.get(kind, asked_by)


def _chosen(given: Sequence[str]) -> list[uuid.UUID]:
    """The chosen changes; what is no id is passed over like one that is not there."""
    found = []
    for each in given[:MOST_AT_ONCE]:
        try:
            found.append(uuid.UUID(each))
        except ValueError:
            continue
    return found


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for("role_pages.show_roles", done=done), 303)
