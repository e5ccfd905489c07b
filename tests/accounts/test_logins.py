"""Logging in: one refusal for every reason, ten tries, and a trail of all of it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from minsheng.accounts.errors import AccountInvalid, LoginRefused, SessionEnded
from minsheng.accounts.models import User
from minsheng.accounts.service import (
    NewUser,
    SessionLimits,
    authenticate,
    change_own_password,
    change_password,
    create_user,
    find_tenant_for_login,
    open_session,
    replace_initial_password,
    resume_session,
    turn_off_user,
)
from minsheng.accounts.sessions import ANY_LEVEL, INITIAL
from minsheng.audit import SYSTEM
from minsheng.runtime.settings import Settings

LIMITS = SessionLimits.from_settings(Settings.from_environ({}))


def try_login(desk: Any, username: str, password: str) -> str:
    """What a login comes to: the message of the refusal, or nothing."""
    try:
        with desk.session() as session:
            authenticate(session, desk.tools, username, password, desk.origin)
    except LoginRefused as refused:
        return str(refused)
    return ""


def failures(desk: Any) -> int:
    with desk.session() as session:
        return session.scalars(select(User.failures)).one()


@pytest.mark.parametrize("typed", ["li.si", " LI.SI "])
def test_the_right_password_lets_in_and_is_written_down(desk: Any, typed: str) -> None:
    user = desk.user()
    with desk.session() as session:
        assert authenticate(session, desk.tools, typed, desk.password, "10.0.0.7").id == user.id
    entry = desk.entries()[-1]
    assert (entry.actor, entry.action, entry.result, entry.origin, entry.object_id) == (
        "user:li.si",
        "user.login",
        "ok",
        "10.0.0.7",
        str(user.id),
    )
    assert failures(desk) == 0


def test_a_password_is_the_same_however_its_letters_are_composed(desk: Any) -> None:
    with desk.session() as session:
        change_password(session, desk.tools, SYSTEM, desk.user().id, "Ａｂｃ１２３４５６７é")
    assert try_login(desk, "li.si", "Abc1234567e\u0301") == ""
    assert try_login(desk, "li.si", "Abc1234567e") != ""


def test_unknown_wrong_locked_and_off_are_refused_in_the_same_words(desk: Any) -> None:
    desk.user("off.duty")
    for _ in range(10):
        try_login(desk, "off.duty", "wrong password")
    user = desk.user("gone")
    with desk.session() as session:
        turn_off_user(session, desk.tools, SYSTEM, user.id)
    desk.user("li.si")
    said = {
        try_login(desk, "nobody", desk.password),
        try_login(desk, "不是用户名", desk.password),
        try_login(desk, "li\0si", desk.password),
        try_login(desk, "li.si", "wrong password"),
        try_login(desk, "li.si", ""),
        try_login(desk, "li.si", "x" * 1_000_000),
        try_login(desk, "li.si", "\ud800" * 10),
        try_login(desk, "off.duty", desk.password),
        try_login(desk, "gone", desk.password),
    }
    assert len(said) == 1
    assert "" not in said


def test_the_trail_tells_the_reasons_apart_and_keeps_no_mistyped_name(desk: Any) -> None:
    user = desk.user()
    try_login(desk, "my-password-by-mistake", desk.password)
    for _ in range(10):
        try_login(desk, "li.si", "wrong password")
    try_login(desk, "li.si", desk.password)
    desk.tools.clock.move(timedelta(hours=1))
    with desk.session() as session:
        turn_off_user(session, desk.tools, SYSTEM, user.id)
    try_login(desk, "li.si", desk.password)
    logins = [(actor, result) for actor, action, result in desk.audit() if action == "user.login"]
    assert logins == [
        ("user:unknown", "refused: unknown"),
        *[("user:li.si", "refused: wrong password")] * 9,
        ("user:li.si", "refused: locked"),
        ("user:li.si", "refused: locked"),
        ("user:li.si", "refused: off"),
    ]
    assert not any("mistake" in str(entry) for entry in desk.entries())


def test_ten_wrong_tries_lock_for_fifteen_minutes_and_nine_do_not(desk: Any) -> None:
    desk.user()
    for _ in range(9):
        assert try_login(desk, "li.si", "wrong password")
    assert try_login(desk, "li.si", desk.password) == ""
    for _ in range(10):
        assert try_login(desk, "li.si", "wrong password")
    assert try_login(desk, "li.si", desk.password)
    desk.tools.clock.move(timedelta(minutes=14, seconds=59))
    assert try_login(desk, "li.si", desk.password)
    desk.tools.clock.move(timedelta(seconds=1))
    assert try_login(desk, "li.si", desk.password) == ""
    assert failures(desk) == 0


def test_after_a_lock_ran_out_there_are_ten_tries_again(desk: Any) -> None:
    desk.user()
    for _ in range(10):
        try_login(desk, "li.si", "wrong password")
    desk.tools.clock.move(timedelta(minutes=15))
    for _ in range(9):
        assert try_login(desk, "li.si", "wrong password")
    assert failures(desk) == 9
    assert try_login(desk, "li.si", desk.password) == ""


def test_tries_at_the_same_moment_are_counted_before_they_are_checked(desk: Any) -> None:
    desk.user()
    gate = threading.Barrier(14)
    passed: list[str] = []

    def guess() -> None:
        gate.wait()
        passed.append(try_login(desk, "li.si", "wrong password"))

    threads = [threading.Thread(target=guess) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 14
    assert failures(desk) == 10
    assert try_login(desk, "li.si", desk.password)


def test_the_count_outlives_a_caller_that_rolls_back(desk: Any) -> None:
    desk.user()
    with pytest.raises(LoginRefused), desk.session() as session:
        authenticate(session, desk.tools, "li.si", "wrong password", desk.origin)
    assert failures(desk) == 1


def test_a_user_of_one_office_is_unknown_in_another(desk: Any, other_desk: Any) -> None:
    desk.user()
    assert try_login(desk, "li.si", desk.password) == ""
    assert try_login(other_desk, "li.si", desk.password)
    assert failures(desk) == 0


def test_a_hash_of_an_older_cost_is_renewed_at_the_next_login(desk: Any) -> None:
    user = desk.user()
    with desk.tools.database.owner_session() as session:
        session.execute(
            text("update users set password_hash = :hash where id = :id"),
            {"hash": desk.weak_hash(), "id": user.id},
        )
    assert try_login(desk, "li.si", desk.password) == ""
    with desk.session() as session:
        assert "m=19456,t=2,p=1" in session.scalars(select(User.password_hash)).one()
    assert try_login(desk, "li.si", desk.password) == ""


def test_an_office_is_found_by_its_code_without_a_login_and_no_other_is(desk: Any) -> None:
    database = desk.tools.database
    with database.owner_session() as session:
        code = session.scalar(
            text("select code from tenants where id = :id"), {"id": desk.tenant_id}
        )
    with database.public_session() as session:
        assert find_tenant_for_login(session, f" {code} ") == (desk.tenant_id, "测试单位county")
        for wrong in ("999999", "", "%", "1\0", "１１", "1' or 'a'='a", "9" * 1000):
            assert find_tenant_for_login(session, wrong) is None


def test_a_suspended_office_is_not_found(desk: Any) -> None:
    with desk.tools.database.owner_session() as session:
        code = session.scalar(
            text("update tenants set status = 'suspended' where id = :id returning code"),
            {"id": desk.tenant_id},
        )
    with desk.tools.database.public_session() as session:
        assert find_tenant_for_login(session, code) is None


def set_end(desk: Any, column: str, after: timedelta) -> None:
    """Have an account or a given password end ``after`` a while."""
    with desk.tools.database.owner_session() as session:
        session.execute(
            text(f"update users set {column} = :at where tenant_id = :id"),
            {"at": desk.tools.clock.now() + after, "id": desk.tenant_id},
        )


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("expires_at", "refused: expired"),
        ("initial_until", "refused: initial password ran out"),
    ],
)
def test_an_account_that_ended_is_refused_in_the_same_words_and_one_that_lasts_is_not(
    desk: Any, column: str, reason: str
) -> None:
    desk.user()
    set_end(desk, column, timedelta(days=1))
    assert try_login(desk, "li.si", desk.password) == ""
    desk.tools.clock.move(timedelta(days=1))
    assert try_login(desk, "li.si", desk.password) == try_login(desk, "nobody", "x")
    assert ("user:li.si", "user.login", reason) in desk.audit()


def test_a_given_password_lets_in_as_far_as_to_choose_another(desk: Any) -> None:
    with desk.session() as session:
        new = NewUser("li.si", "李四", (), desk.password, initial=True)
        create_user(session, desk.tools, SYSTEM, new)
    with desk.session() as session:
        user = authenticate(session, desk.tools, "li.si", desk.password, desk.origin)
        token = open_session(session, desk.tools, user, desk.origin, INITIAL)
    with desk.session() as session, pytest.raises(SessionEnded):
        resume_session(session, desk.tools, token, LIMITS)
    with desk.session() as session:
        found = resume_session(session, desk.tools, token, LIMITS, levels=(INITIAL,))
    for wrong in (desk.password, "short", "li.si-li.si-1", "aaaabbbbccccdddd", "x" * 201):
        with desk.session() as session, pytest.raises(AccountInvalid) as refused:
            replace_initial_password(session, desk.tools, found, wrong, desk.origin)
        assert wrong not in str(refused.value)
    with desk.session() as session:
        replace_initial_password(session, desk.tools, found, "山重水复疑无路又一村", desk.origin)
    with desk.session() as session, pytest.raises(SessionEnded):
        resume_session(session, desk.tools, token, LIMITS, levels=ANY_LEVEL)
    assert try_login(desk, "li.si", desk.password)
    desk.tools.clock.move(timedelta(days=400))
    assert try_login(desk, "li.si", "山重水复疑无路又一村") == ""


def test_a_new_password_is_set_for_the_old_one_only(desk: Any) -> None:
    user = desk.user()
    with desk.session() as session:
        token = open_session(session, desk.tools, user, desk.origin)
    with desk.session() as session:
        found = resume_session(session, desk.tools, token, LIMITS)
    chosen = "山重水复疑无路又一村"
    with desk.session() as session, pytest.raises(LoginRefused):
        change_own_password(session, desk.tools, found, "wrong password", chosen, desk.origin)
    with desk.session() as session, pytest.raises(AccountInvalid):
        change_own_password(session, desk.tools, found, desk.password, desk.password, desk.origin)
    with desk.session() as session, pytest.raises(SessionEnded):
        replace_initial_password(session, desk.tools, found, chosen, desk.origin)
    assert try_login(desk, "li.si", desk.password) == ""
    with desk.session() as session:
        change_own_password(session, desk.tools, found, desk.password, chosen, desk.origin)
    assert try_login(desk, "li.si", desk.password)
    assert try_login(desk, "li.si", chosen) == ""
