"""A role change needs two people, in the service and against the service's own login."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from minsheng.accounts.errors import (
    AccountInvalid,
    AccountNotFound,
    OwnRoleChange,
    RoleChangeNotFound,
)
from minsheng.accounts.roles import ADMINISTRATORS, ROLES
from minsheng.accounts.service import (
    ask_roles,
    create_user,
    decide_roles,
    find_user,
    plant_user,
    waiting_role_changes,
)
from minsheng.audit import SYSTEM, Actor

SYS = Actor("user", "xi.tong", "127.0.0.1")
SEC = Actor("user", "an.quan", "127.0.0.1")
APART = sorted(ADMINISTRATORS)
PAIRS = [(one, other) for one in APART for other in ROLES if one != other]


@pytest.fixture
def three(desk: Any) -> dict[str, Any]:
    """The three administrators of the office, by role."""
    names = {"system_admin": "xi.tong", "security_admin": "an.quan", "audit_admin": "shen.ji"}
    return {role: desk.user(name, role) for role, name in names.items()}


def held(desk: Any, user: Any) -> list[str]:
    with desk.session() as session:
        roles: list[str] = find_user(session, user.id).roles
        return roles


def test_rel_a4_a_new_user_may_nothing_until_another_person_grants_the_role(
    desk: Any, three: dict[str, Any]
) -> None:
    asker, guard = three["system_admin"], three["security_admin"]
    with desk.session() as session:
        user = create_user(session, desk.tools, SYS, desk.new("wang.wu", "leader"), asker.id)
        [(change, waiting)] = waiting_role_changes(session)
        assert (waiting.id, change.roles, change.asked_by) == (user.id, ["leader"], "user:xi.tong")
    assert held(desk, user) == []
    with desk.session() as session:
        decide_roles(session, desk.tools, SEC, guard.id, change.id, granted=True)
    assert held(desk, user) == ["leader"]
    with desk.session() as session:
        assert waiting_role_changes(session) == []
    assert desk.audit()[-3:] == [
        ("user:xi.tong", "user.create", "ok"),
        ("user:xi.tong", "role.ask", "leader"),
        ("user:an.quan", "role.decide", "granted: leader"),
    ]


def test_a_refused_role_change_gives_nothing_and_is_decided_once(
    desk: Any, three: dict[str, Any]
) -> None:
    user, guard = desk.user(), three["security_admin"]
    with desk.session() as session:
        change = ask_roles(session, desk.tools, SYS, user.id, ["leader"], three["system_admin"].id)
        decide_roles(session, desk.tools, SEC, guard.id, change.id, granted=False)
    assert held(desk, user) == ["handler"]
    with desk.session() as session, pytest.raises(RoleChangeNotFound):
        decide_roles(session, desk.tools, SEC, guard.id, change.id, granted=True)


def test_rel_a4_nobody_decides_what_they_asked_for_or_what_is_about_themselves(
    desk: Any, three: dict[str, Any]
) -> None:
    user, guard = desk.user(), three["security_admin"]
    with desk.session() as session:
        own = ask_roles(session, desk.tools, SEC, user.id, ["leader"], guard.id)
        self_made = ask_roles(session, desk.tools, SYSTEM, guard.id, ["leader"])
        for change in (own, self_made):
            with pytest.raises(OwnRoleChange):
                decide_roles(session, desk.tools, SEC, guard.id, change.id, granted=True)
        with pytest.raises(OwnRoleChange):
            ask_roles(session, desk.tools, SEC, guard.id, ["leader"], guard.id)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_rel_a4_no_account_holds_an_administrators_role_and_another(
    desk: Any, one: str, other: str
) -> None:
    user = desk.user()
    with desk.session() as session, pytest.raises(AccountInvalid) as refused:
        ask_roles(session, desk.tools, SYS, user.id, [one, other])
    assert refused.value.field == "roles"
    said = text("update users set roles = :roles where tenant_id = :tenant and id = :id")
    given = {"roles": [one, other], "tenant": desk.tenant_id, "id": user.id}
    operator = desk.tools.database.operator_session(desk.tenant_id)
    with pytest.raises(IntegrityError, match="ck_users_duties_apart"), operator as session:
        session.execute(said, given)


def test_several_roles_of_the_work_go_together(desk: Any, three: dict[str, Any]) -> None:
    user = desk.user()
    with desk.session() as session:
        change = ask_roles(session, desk.tools, SYS, user.id, ["callback", "liaison"])
        decide_roles(session, desk.tools, SEC, three["security_admin"].id, change.id, granted=True)
    assert held(desk, user) == ["liaison", "callback"]


SELF_GRANTS = {
    "by an update": "update users set roles = '{security_admin}' where id = :user",
    "by a new account": "insert into users (tenant_id, id, username, name, roles, created_at)"
    " values (:tenant, gen_random_uuid(), 'x.y', 'x', '{leader}', now())",
    "by a change that begins granted": "insert into role_changes (tenant_id, id, user_id, roles,"
    " asked_by, asked_at, state, decided_by_id, decided_at)"
    " values (:tenant, gen_random_uuid(), :user, '{leader}', 'user:x', now(), 'granted', :guard,"
    " now())",
    "by a decision of one who is no security administrator": "update role_changes set"
    " state = 'granted', decided_by_id = :stranger, decided_at = now() where id = :change",
    "by a decision on oneself": "update role_changes set state = 'granted',"
    " decided_by_id = :user, decided_at = now() where id = :change",
    "by other roles in an open change": "update role_changes set roles = '{leader}'"
    " where id = :change",
    "by another asker in an open change": "update role_changes set asked_by_id = :stranger"
    " where id = :change",
    "by taking the change away": "delete from role_changes where id = :change",
    "by naming an open change": "update users set roles = '{reviewer}', roles_by = :change"
    " where id = :user",
}


@pytest.mark.parametrize("way", SELF_GRANTS)
def test_rel_a4_the_services_own_login_grants_no_role_alone(
    desk: Any, three: dict[str, Any], way: str
) -> None:
    user = desk.user()
    with desk.session() as session:
        change = ask_roles(session, desk.tools, SYS, user.id, ["reviewer"])
    given = {
        "tenant": desk.tenant_id, "user": user.id, "change": change.id,
        "guard": three["security_admin"].id, "stranger": three["system_admin"].id,
    }  # fmt: skip
    with pytest.raises((ProgrammingError, IntegrityError)), desk.session() as session:
        session.execute(text(SELF_GRANTS[way]), given)
    assert held(desk, user) == ["handler"]


def test_rel_a4_a_grant_serves_once_and_not_again_after_a_later_one(
    desk: Any, three: dict[str, Any]
) -> None:
    user, guard = desk.user(), three["security_admin"]
    with desk.session() as session:
        high = ask_roles(session, desk.tools, SYS, user.id, ["leader"])
        decide_roles(session, desk.tools, SEC, guard.id, high.id, granted=True)
    desk.tools.clock.move(timedelta(hours=1))
    with desk.session() as session:
        low = ask_roles(session, desk.tools, SYS, user.id, ["readonly"])
        decide_roles(session, desk.tools, SEC, guard.id, low.id, granted=True)
    back = text("update users set roles = '{leader}', roles_by = :change where id = :user")
    with pytest.raises(ProgrammingError, match="granted role change"), desk.session() as session:
        session.execute(back, {"change": high.id, "user": user.id})
    assert held(desk, user) == ["readonly"]


def test_planting_a_user_with_roles_is_the_operators_alone(desk: Any) -> None:
    with pytest.raises(ProgrammingError, match="granted role change"), desk.session() as session:
        plant_user(session, desk.tools, SYSTEM, desk.new("wang.wu", "leader"))
    assert desk.user("wang.wu", "leader").roles == ["leader"]


def test_another_offices_change_is_as_absent_as_one_that_never_was(
    desk: Any, other_desk: Any, three: dict[str, Any]
) -> None:
    theirs = other_desk.user()
    with other_desk.session() as session:
        change = ask_roles(session, desk.tools, SYS, theirs.id, ["leader"])
    with desk.session() as session:
        guard = three["security_admin"].id
        with pytest.raises(RoleChangeNotFound):
            decide_roles(session, desk.tools, SEC, guard, change.id, granted=True)
        with pytest.raises(AccountNotFound):
            ask_roles(session, desk.tools, SYS, theirs.id, ["leader"])
