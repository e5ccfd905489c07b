"""Making users: what is taken, what is refused, what is kept."""

from typing import Any

import pytest
from sqlalchemy import select

from minsheng.accounts.errors import AccountExists, AccountInvalid, AccountNotFound
from minsheng.accounts.models import User
from minsheng.accounts.service import (
    ask_roles,
    change_password,
    create_user,
    find_user,
    turn_off_user,
)
from minsheng.audit import SYSTEM, Actor
from minsheng.runtime.ids import new_id

ADMIN = Actor("user", "admin", "127.0.0.1")


def test_a_new_user_stands_in_its_office_with_a_hash_and_an_audit_entry(desk: Any) -> None:
    with desk.session() as session:
        made = create_user(session, desk.tools, ADMIN, desk.new("wang.wu", "leader"))
    with desk.session() as session:
        user = session.scalars(select(User)).one()
    assert (user.id, user.username, user.name, user.roles) == (made.id, "wang.wu", "李四", [])
    assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert desk.password not in user.password_hash
    assert desk.audit() == [
        ("user:admin", "user.create", "ok"),
        ("user:admin", "role.ask", "leader"),
    ]


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("username", {"username": "李四"}),
        ("username", {"username": "Li.Si"}),
        ("username", {"username": "a"}),
        ("username", {"username": "a" * 33}),
        ("username", {"username": "li si"}),
        ("username", {"username": "li\0si"}),
        ("name", {"name": " "}),
        ("name", {"name": "李" * 51}),
        ("name", {"name": "李\n四"}),
        ("unit", {"unit": "科" * 51}),
        ("roles", {"role": "root"}),
        ("password", {"password": "123456789"}),
        ("password", {"password": "x" * 201}),
    ],
)
def test_a_user_of_the_wrong_form_is_refused_by_its_field(
    desk: Any, field: str, changed: dict[str, str]
) -> None:
    with desk.session() as session, pytest.raises(AccountInvalid) as refused:
        create_user(session, desk.tools, ADMIN, desk.new(**changed))
    assert refused.value.field == field
    assert changed.get("password", "?") not in str(refused.value)
    assert desk.audit() == []


def test_a_user_name_is_taken_once_in_an_office_and_again_in_another(
    desk: Any, other_desk: Any
) -> None:
    desk.user("li.si")
    with desk.session() as session:
        with pytest.raises(AccountExists) as refused:
            create_user(session, desk.tools, ADMIN, desk.new("li.si"))
        assert len(session.scalars(select(User)).all()) == 1
    assert refused.value.field == "username"
    assert other_desk.user("li.si").id


def test_a_password_is_no_part_of_what_a_new_user_shows(desk: Any) -> None:
    assert desk.password not in repr(desk.new())


def test_another_offices_user_is_as_absent_as_one_that_never_was(
    desk: Any, other_desk: Any
) -> None:
    theirs = other_desk.user()
    ours = desk.user()
    with desk.session() as session:
        assert find_user(session, ours.id).id == ours.id
        for user_id in (theirs.id, new_id()):
            for change in (turn_off_user, change_password, ask_roles):
                extra = {"turn_off_user": (), "change_password": (desk.password,)}.get(
                    change.__name__, (["leader"],)
                )
                with pytest.raises(AccountNotFound):
                    change(session, desk.tools, SYSTEM, user_id, *extra)
