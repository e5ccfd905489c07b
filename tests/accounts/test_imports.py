"""Accounts from a file: all or none, each fault named, passwords that let people in once."""

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text

from minsheng.accounts.errors import OwnRoleChange
from minsheng.accounts.imports import (
    FAULTS,
    MOST,
    ImportRefused,
    import_users,
    read_accounts,
)
from minsheng.accounts.models import RoleChange, User
from minsheng.accounts.passwords import is_outdated, password_fits
from minsheng.accounts.people import find_username
from minsheng.accounts.role_lists import decide_many, waiting_lines
from minsheng.accounts.service import authenticate
from minsheng.audit import Actor

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
XI = Actor("user", "xi.tong", "127.0.0.1")
HEAD = "username,name,unit,roles,expires_at,provider,subject"
ACCOUNTS = min(3000, 300 * int(os.environ.get("MINSHENG_SCALE") or 1))


def file(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def faults(data: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(ImportRefused) as refused:
        read_accounts(data, NOW)
    return [(fault.line, fault.column, fault.code) for fault in refused.value.faults]


def taken(desk: Any, data: bytes, **more: Any) -> Any:
    with desk.session() as session:
        return import_users(session, desk.tools, XI, read_accounts(data, NOW), **more)


def test_a_file_is_read_with_its_roles_dates_and_encodings() -> None:
    lines = (
        "Li.Si,李四,信访科,经办人、回访员,,,",
        "wang.wu,王五,,readonly,2027-06-30,,",
        "",
        "x1,甲,,,,,",
    )
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        rows = read_accounts(file(*lines).decode().encode(encoding), NOW)
        assert [row.line for row in rows] == [2, 3, 5]
        assert [row.new.roles for row in rows] == [("handler", "callback"), ("readonly",), ()]
        assert rows[0].new.username == "li.si"
        assert rows[1].new.expires_at == datetime(2027, 6, 30, 16, tzinfo=UTC)
    short = file("li.si,李四,,", head="username,name,unit,roles")
    assert read_accounts(short, NOW)[0].new.expires_at is None


def test_every_fault_is_named_with_its_line_and_column() -> None:
    wrong = file(
        "Li Si,李四,,handler,,,",
        "li.si,,,handler,,,",
        f"li.si,李四,{'科' * 51},handler,,,",
        "li.si,李四,,king,,,",
        "li.si,李四,,系统管理员 handler,,,",
        "li.si,李四,,,2020-01-01,,",
        "li.si,李四,,,yesterday,,",
        "li.si,李四,,,,gov,",
        "li.si,李四,,,,,sub",
        "li.si,李四,,安全管理员,,gov,sub",
        "li.si,李四,,",
        "zhao.liu,赵六,,,,,",
        "Zhao.Liu,赵六,,,,,",
    )
    assert faults(wrong) == [
        (2, "username", "username"), (3, "name", "name"), (4, "unit", "unit"),
        (5, "roles", "roles"), (6, "roles", "roles"), (7, "expires_at", "expires_at"),
        (8, "expires_at", "expires_at"), (9, "subject", "subject"), (10, "subject", "subject"),
        (11, "provider", "apart"), (12, "file", "cells"), (14, "username", "twice"),
    ]  # fmt: skip


def test_a_file_that_is_none_is_refused() -> None:
    assert faults(b"") == [(1, "file", "columns")]
    assert faults(b"username,name\n") == [(1, "file", "columns")]
    assert faults(file(head="username,name,unit,roles,roles")) == [(1, "file", "columns")]
    assert faults(file()) == [(1, "file", "empty")]
    assert faults(file('li.si,"李四,,,,,')) == [(2, "file", "quotes")]
    assert faults(b"\xff\xfe\x00") == [(1, "file", "encoding")]
    many = [f"u{number},某人,,,,," for number in range(MOST + 1)]
    assert faults(file(*many)) == [(MOST + 2, "file", "many")]
    assert set(FAULTS) >= {"columns", "empty", "quotes", "encoding", "many"}


def test_many_accounts_are_made_at_once_and_each_password_lets_its_person_in(desk: Any) -> None:
    lines = [f"u{number:04d},某人{number},信访科,handler,,," for number in range(ACCOUNTS)]
    made = taken(desk, file(*lines))
    assert len({each.password for each in made}) == len(made) == ACCOUNTS
    with desk.session() as session:
        assert session.scalar(select(func.count()).select_from(User)) == ACCOUNTS
        assert session.scalar(select(func.count()).select_from(RoleChange)) == ACCOUNTS
        user = find_username(session, "u0007")
        assert user.roles == []
        assert user.initial_until is not None
        assert user.password_hash is not None
        assert password_fits(user.password_hash, made[7].password)
        assert not password_fits(user.password_hash, made[8].password)
        assert is_outdated(user.password_hash)
    with desk.session() as session:
        entered = authenticate(session, desk.tools, "u0007", made[7].password, desk.origin)
        assert not is_outdated(entered.password_hash or ""), "hashed anew at the full cost"
    acts = [action for _actor, action, _result in desk.audit()]
    assert (acts.count("user.import"), acts.count("role.ask")) == (ACCOUNTS, ACCOUNTS)


def test_one_wrong_row_and_nothing_is_changed(desk: Any) -> None:
    desk.user("li.si")
    good, before = "wang.wu,王五,,leader,,,", desk.audit()
    for line, code in (("li.si,李四,,,,,", "exists"), ("zhao.liu,赵六,,,,gov,s1", "provider")):
        with pytest.raises(ImportRefused) as refused:
            taken(desk, file(good, line))
        assert [(fault.line, fault.code) for fault in refused.value.faults] == [(3, code)]
    with desk.session() as session:
        assert session.scalars(select(User.username)).all() == ["li.si"]
    assert desk.audit() == before


def test_a_person_of_a_provider_has_no_password_and_an_identity_of_its_own(desk: Any) -> None:
    add_provider(desk)
    made = taken(desk, file("li.si,李四,,handler,,gov,s-1", "wang.wu,王五,,,,,"))
    assert [bool(each.password) for each in made] == [False, True]
    with desk.session() as session:
        assert find_username(session, "li.si").password_hash is None
        linked = session.execute(text("select user_id, subject, linked_by from user_identities"))
        assert [tuple(row) for row in linked] == [
            (find_username(session, "li.si").id, "s-1", "user:xi.tong")
        ]
    again = file("zhao.liu,赵六,,,,gov,s-1", "sun.qi,孙七,,,,gov,s-2")
    with pytest.raises(ImportRefused) as refused:
        taken(desk, again)
    assert [(fault.line, fault.code) for fault in refused.value.faults] == [(2, "linked")]


def add_provider(desk: Any) -> None:
    said = text(
        "insert into login_providers (tenant_id, id, code, name, issuer, client_id, client_secret,"
        " created_at) values (:tenant, gen_random_uuid(), 'gov', '政务', 'https://idp', 'c', '',"
        " now())"
    )
    with desk.session() as session:
        session.execute(said, {"tenant": desk.tenant_id})


def test_rel_a4_an_import_grants_nothing_and_who_imported_does_not_decide(desk: Any) -> None:
    xi, an = desk.user("xi.tong", "system_admin"), desk.user("an.quan", "security_admin")
    taken(desk, file("li.si,李四,,security_admin,,,", "wang.wu,王五,,leader,,,"), asked_by_id=xi.id)
    with desk.session() as session:
        changes = [line.change.id for line in waiting_lines(session)]
        assert len(changes) == 2
        assert find_username(session, "li.si").roles == []
        with pytest.raises(OwnRoleChange):
            decide_many(session, desk.tools, XI, xi.id, changes, granted=True)
    with desk.session() as session:
        actor = Actor("user", "an.quan", "")
        decide_many(session, desk.tools, actor, an.id, changes, granted=True)
        assert find_username(session, "li.si").roles == ["security_admin"]
        assert find_username(session, "wang.wu").roles == ["leader"]


def test_the_operator_plants_an_offices_first_accounts_and_nobody_else_does(desk: Any) -> None:
    data = file("xi.tong,系统,,系统管理员,,,", "an.quan,安全,,安全管理员,,,")
    rows = read_accounts(data, NOW)
    with pytest.raises(Exception, match="granted role change"), desk.session() as session:
        import_users(session, desk.tools, XI, rows, plant=True)
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        import_users(session, desk.tools, Actor("operator", "x"), rows, plant=True)
        assert find_username(session, "an.quan").roles == ["security_admin"]
