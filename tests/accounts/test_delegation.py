"""A superior opens a body's first administrators: by two people, below, once, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from minsheng.accounts.delegation import (
    REASONS,
    NewOpening,
    OpeningRefused,
    ask_opening,
    bodies_below,
    decide_opening,
    waiting_openings,
)
from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.people import find_username
from minsheng.accounts.service import authenticate, turn_off_user
from minsheng.audit import SYSTEM, Actor
from minsheng_tenants import BodyNotFound, Tenant

XI = Actor("user", "xi.tong", "127.0.0.1")
AN = Actor("user", "an.quan", "127.0.0.1")


@dataclass
class Superior:
    """A city with its administrators, and a county below it."""

    desk: Any
    below: Any
    xi: Any
    an: Any
    codes: Callable[[int], str]

    def new(self, **changed: str) -> NewOpening:
        said = {"body": self.codes(self.below.tenant_id), "role": "system_admin"}
        return NewOpening(**{**said, "username": "zhang.san", "name": "张三", **changed})

    def ask(self, **changed: str) -> Any:
        with self.desk.session() as session:
            return ask_opening(session, self.desk.tools, XI, self.xi.id, self.new(**changed))

    def decide(self, opening: Any, *, granted: bool = True, by: Any = None) -> None:
        decider = by or self.an
        with self.desk.session() as session:
            decide_opening(session, self.desk.tools, AN, decider.id, opening.id, granted=granted)

    def accounts(self) -> list[tuple[str, list[str]]]:
        said = text("select username, roles from users where tenant_id = :id order by username")
        with self.desk.tools.database.owner_session() as session:
            rows = session.execute(said, {"id": self.below.tenant_id})
            return [(row.username, row.roles) for row in rows]


@pytest.fixture
def superior(desk: Any, other_desk: Any, office: Callable[..., int], database: Any) -> Superior:
    def code(tenant_id: int) -> str:
        with database.owner_session() as session:
            found = session.get(Tenant, tenant_id)
            assert found is not None
            return str(found.code)

    desk.tenant_id = office("city")
    other_desk.tenant_id = office("county", below=desk.tenant_id)
    xi, an = desk.user("xi.tong", "system_admin"), desk.user("an.quan", "security_admin")
    return Superior(desk, other_desk, xi, an, code)


def refused(reason: str) -> Any:
    return pytest.raises(OpeningRefused, match=REASONS[reason].partition(":")[0])


def test_two_people_open_an_administrator_below_who_comes_in(superior: Superior) -> None:
    asked = superior.ask()
    assert superior.accounts() == [], "nothing stands there before the second person agrees"
    superior.decide(asked.opening)
    assert superior.accounts() == [("zhang.san", ["system_admin"])]
    below = superior.below
    with below.session() as session:
        user = authenticate(session, below.tools, "zhang.san", asked.password, below.origin)
        assert (user.name, user.initial_until is not None) == ("张三", True)
        assert session.scalar(text("select current_tenant()")) == below.tenant_id
    own = superior.codes(superior.desk.tenant_id)
    assert below.audit()[0] == (f"office:{own}/an.quan", "opening.open", "system_admin")
    acts = [(actor, action) for actor, action, _result in superior.desk.audit()[-2:]]
    assert acts == [("user:xi.tong", "opening.ask"), ("user:an.quan", "opening.decide")]
    with superior.desk.session() as session:
        assert waiting_openings(session) == []
        [body] = bodies_below(session).bodies
        opened = bodies_below(session).openings[body.id]["system_admin"]
        assert (body.id, opened.state) == (below.tenant_id, "granted")


def test_a_refused_opening_opens_nothing_and_is_decided_once(superior: Superior) -> None:
    asked = superior.ask()
    superior.decide(asked.opening, granted=False)
    with refused("gone"):
        superior.decide(asked.opening)
    assert superior.accounts() == []
    assert superior.below.audit() == []


def test_a_second_one_of_the_role_is_refused_until_the_first_has_left(superior: Superior) -> None:
    superior.decide(superior.ask().opening)
    second = superior.ask(username="li.si")
    with refused("waiting"):
        superior.ask(username="wang.wu")
    with refused("held"):
        superior.decide(second.opening)
    assert [name for name, _roles in superior.accounts()] == ["zhang.san"]
    below = superior.below
    with below.session() as session:
        user = find_username(session, "zhang.san")
        turn_off_user(session, below.tools, SYSTEM, user.id)
    superior.decide(second.opening)
    third = superior.ask(username="li.si", role="security_admin")
    with refused("taken"):
        superior.decide(third.opening)
    assert [name for name, _roles in superior.accounts()] == ["li.si", "zhang.san"]


def test_rel_a4_one_person_does_not_do_both(superior: Superior) -> None:
    asked = superior.ask()
    with refused("own"):
        superior.decide(asked.opening, by=superior.xi)
    with pytest.raises(ProgrammingError, match="security administrator"):
        superior.decide(asked.opening, by=superior.desk.user("li.si", "leader"))
    new, tools = superior.new(role="audit_admin"), superior.desk.tools
    no_asker = pytest.raises(ProgrammingError, match="system administrator")
    with no_asker, superior.desk.session() as session:
        ask_opening(session, tools, AN, superior.an.id, new)
    assert superior.accounts() == []


def test_only_an_administrators_role_is_opened_from_above(superior: Superior) -> None:
    for role in ("leader", "liaison", "king", ""):
        with refused("role"):
            superior.ask(role=role)
    for changed in ({"username": "Zhang San"}, {"name": " "}):
        with pytest.raises(AccountInvalid):
            superior.ask(**changed)


def test_rel_i2_a_body_above_beside_or_nowhere_is_not_to_be_found(
    superior: Superior, office: Callable[..., int]
) -> None:
    with superior.desk.tools.database.owner_session() as session:
        own = session.get(Tenant, superior.desk.tenant_id)
        parent = own.parent_id if own else None
    assert parent is not None
    beside = (office("city"), office("ministry"), parent)
    for code in (*(superior.codes(each) for each in beside), "nowhere"):
        with pytest.raises(BodyNotFound):
            superior.ask(body=code)
    with refused("place"):
        superior.ask(body=superior.codes(superior.desk.tenant_id))


def test_a_suspended_body_gets_no_account(superior: Superior) -> None:
    asked = superior.ask()
    suspend = text("update tenants set status = 'suspended' where id = :id")
    with superior.desk.tools.database.owner_session() as session:
        session.execute(suspend, {"id": superior.below.tenant_id})
    with refused("suspended"):
        superior.decide(asked.opening)
    with refused("suspended"):
        superior.ask(role="audit_admin")
    assert superior.accounts() == []


FORGED = {
    "one that begins granted": "insert into account_openings (tenant_id, id, body_id, role,"
    " user_id, username, name, password_hash, asked_by, asked_by_id, asked_at, state,"
    " decided_by_id, decided_at) values (:own, gen_random_uuid(), :beside, 'system_admin',"
    " gen_random_uuid(), 'x.y', 'x', '', 'user:x', :xi, now(), 'granted', :an, now())",
    "one for another body": "update account_openings set body_id = :beside where id = :opening",
    "one for another role": "update account_openings set role = 'audit_admin'",
    "one person twice": "update account_openings set state = 'granted', decided_by_id = :xi,"
    " decided_at = now() where id = :opening",
    "one that waits": "select open_account(:opening)",
    "one that is none": "select open_account(gen_random_uuid())",
    "past the function": "insert into users (tenant_id, id, username, name, roles, created_at)"
    " values (:below, gen_random_uuid(), 'x.y', 'x', '{system_admin}', now())",
    "as the function's owner": "set role minsheng_opener",
    "by an office beside": "update account_openings set tenant_id = :beside where id = :opening",
}


@pytest.mark.parametrize("way", FORGED)
def test_rel_i2_the_services_own_login_opens_nothing_alone(
    superior: Superior, office: Callable[..., int], way: str
) -> None:
    asked, beside = superior.ask(), office("county")
    given = {
        "own": superior.desk.tenant_id, "below": superior.below.tenant_id, "beside": beside,
        "xi": superior.xi.id, "an": superior.an.id, "opening": asked.opening.id,
    }  # fmt: skip
    session_of = superior.desk.session()
    with pytest.raises((ProgrammingError, IntegrityError)), session_of as session:
        session.execute(text(FORGED[way]), given)
    assert superior.accounts() == []


def test_rel_i2_the_function_looks_at_the_tree_again(
    superior: Superior, office: Callable[..., int]
) -> None:
    """An opening for a body beside, let in by the owner of the tables, is refused all the same."""
    beside = office("county")
    asked = superior.ask()
    move = text("update account_openings set body_id = :beside where id = :opening")
    with superior.desk.tools.database.operator_session(superior.desk.tenant_id) as session:
        session.execute(move, {"beside": beside, "opening": asked.opening.id})
    with refused("place"):
        superior.decide(asked.opening)
    count = text("select count(*) from users where tenant_id = :id")
    with superior.desk.tools.database.owner_session() as session:
        assert session.scalar(count, {"id": beside}) == 0


def test_another_offices_opening_is_as_absent_as_one_that_never_was(
    superior: Superior, office: Callable[..., int]
) -> None:
    asked = superior.ask()
    superior.desk.tenant_id = office("city")
    with refused("gone"):
        superior.decide(asked.opening)
