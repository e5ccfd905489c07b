"""Login sessions: they end when they should, in every process, and a stolen row is no key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from minsheng.accounts.errors import SessionEnded
from minsheng.accounts.models import LoginSession
from minsheng.accounts.service import (
    SessionLimits,
    SignedIn,
    ask_roles,
    change_password,
    close_session,
    decide_roles,
    end_other_sessions,
    end_own_session,
    list_sessions,
    open_session,
    raise_session,
    resume_session,
    sweep_sessions,
    tenant_of_token,
    turn_off_user,
)
from minsheng.accounts.sessions import ANY_LEVEL, FACTOR, FULL, INITIAL, Level
from minsheng.audit import SYSTEM
from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings

LIMITS = SessionLimits.from_settings(Settings.from_environ({}))


def sign_in(desk: Any, username: str = "li.si") -> str:
    user = desk.user(username)
    with desk.session() as session:
        return open_session(session, desk.tools, user, desk.origin)


def resume(desk: Any, token: str, *, touch: bool = True) -> SignedIn:
    with desk.session() as session:
        return resume_session(session, desk.tools, token, LIMITS, touch=touch)


def seen_at(desk: Any) -> Any:
    with desk.session() as session:
        return session.scalars(select(LoginSession.seen_at)).one()


def test_the_limits_are_half_an_hour_idle_and_twelve_hours_in_all() -> None:
    assert SessionLimits(timedelta(minutes=30), timedelta(hours=12)) == LIMITS


def test_a_token_names_its_office_and_brings_its_user_back(desk: Any) -> None:
    token = sign_in(desk)
    assert tenant_of_token(token) == desk.tenant_id
    signed_in = resume(desk, token)
    assert (signed_in.user.username, signed_in.user.roles) == ("li.si", ["handler"])
    assert desk.audit()[-1] == ("user:li.si", "session.open", "ok")


def test_two_logins_get_two_tokens(desk: Any) -> None:
    user = desk.user()
    with desk.session() as session:
        tokens = [open_session(session, desk.tools, user, desk.origin) for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert resume(desk, tokens[0]).session_id != resume(desk, tokens[1]).session_id


@pytest.mark.parametrize(
    "token",
    ["", "1", "1.", "0.{r}", "-1.{r}", "01.{r}", "9999999999.{r}", "2147483648.{r}", "1.{r}x",
     "1.{r}\n", "１.{r}", "x.{r}", "1." + "é" * 43],
)  # fmt: skip
def test_what_has_not_the_form_of_a_token_names_no_office(token: str) -> None:
    assert tenant_of_token("2147483647." + "r" * 43) == 2147483647
    with pytest.raises(SessionEnded):
        tenant_of_token(token.replace("{r}", "r" * 43))


def test_only_a_hash_is_stored_and_the_stored_row_opens_nothing(desk: Any) -> None:
    token = sign_in(desk)
    with desk.session() as session:
        row = session.scalars(select(LoginSession)).one()
    assert len(row.token_hash) == 32
    assert token.encode() not in row.token_hash
    for stolen in (row.token_hash.hex(), str(row.id), f"{desk.tenant_id}.{row.token_hash.hex()}"):
        with pytest.raises(SessionEnded):
            resume(desk, stolen)


def test_a_token_is_worth_nothing_in_another_office(desk: Any, other_desk: Any) -> None:
    token = sign_in(desk)
    moved = f"{other_desk.tenant_id}.{token.partition('.')[2]}"
    for tried in (token, moved):
        with pytest.raises(SessionEnded):
            resume(other_desk, tried)
    assert resume(desk, token).user.username == "li.si"


def test_a_session_ends_after_half_an_hour_without_use(desk: Any) -> None:
    token = sign_in(desk)
    desk.tools.clock.move(timedelta(minutes=29, seconds=59))
    resume(desk, token)
    desk.tools.clock.move(timedelta(minutes=29, seconds=59))
    resume(desk, token)
    desk.tools.clock.move(timedelta(minutes=30))
    with pytest.raises(SessionEnded):
        resume(desk, token)


def test_a_session_ends_twelve_hours_after_its_start_however_busy(desk: Any) -> None:
    token = sign_in(desk)
    for _ in range(35):
        desk.tools.clock.move(timedelta(minutes=20))
        resume(desk, token)
    desk.tools.clock.move(timedelta(minutes=20))
    with pytest.raises(SessionEnded):
        resume(desk, token)


def test_use_is_written_once_a_minute_and_not_by_pages_that_ask_by_themselves(desk: Any) -> None:
    token = sign_in(desk)
    start = seen_at(desk)
    desk.tools.clock.move(timedelta(seconds=59))
    resume(desk, token)
    assert seen_at(desk) == start
    desk.tools.clock.move(timedelta(seconds=1))
    resume(desk, token, touch=False)
    assert seen_at(desk) == start
    resume(desk, token)
    assert seen_at(desk) == start + timedelta(minutes=1)
    desk.tools.clock.move(timedelta(minutes=29))
    resume(desk, token, touch=False)
    desk.tools.clock.move(timedelta(minutes=1))
    with pytest.raises(SessionEnded):
        resume(desk, token, touch=False)


def test_a_logout_is_final_at_once_for_another_process_too(
    desk: Any, logins: Any, tools: Any
) -> None:
    token = sign_in(desk)
    other_process = Database(logins.app)
    with other_process.session(desk.tenant_id) as session:
        assert resume_session(session, tools, token, LIMITS).user.username == "li.si"
    with desk.session() as session:
        close_session(session, desk.tools, token, desk.origin)
    with other_process.session(desk.tenant_id) as session, pytest.raises(SessionEnded):
        resume_session(session, tools, token, LIMITS)
    other_process.dispose()
    with desk.session() as session:
        close_session(session, desk.tools, token, desk.origin)
    assert [entry for entry in desk.audit() if entry[1] == "session.close"] == [
        ("user:li.si", "session.close", "ok")
    ]


def test_a_logout_ends_its_own_session_only(desk: Any) -> None:
    user = desk.user()
    with desk.session() as session:
        left, kept = (open_session(session, desk.tools, user, desk.origin) for _ in range(2))
        close_session(session, desk.tools, left, desk.origin)
    assert resume(desk, kept).user.id == user.id
    with pytest.raises(SessionEnded):
        resume(desk, left)


def turn_off(session: Any, desk: Any, signed_in: SignedIn) -> None:
    turn_off_user(session, desk.tools, SYSTEM, signed_in.user.id)


def new_password(session: Any, desk: Any, signed_in: SignedIn) -> None:
    change_password(session, desk.tools, SYSTEM, signed_in.user.id, "another long word")


@pytest.mark.parametrize("change", [turn_off, new_password])
def test_switching_off_and_a_new_password_end_every_session(
    desk: Any, change: Callable[..., None]
) -> None:
    token, other = sign_in(desk), sign_in(desk, "wang.wu")
    signed_in = resume(desk, token)
    with desk.session() as session:
        change(session, desk, signed_in)
    with pytest.raises(SessionEnded):
        resume(desk, token)
    assert resume(desk, other).user.username == "wang.wu"


def test_a_user_switched_off_behind_our_back_is_out_though_its_row_stands(desk: Any) -> None:
    token = sign_in(desk)
    with desk.tools.database.owner_session() as session:
        session.execute(
            text("update users set status = 'off' where tenant_id = :id"), {"id": desk.tenant_id}
        )
    with pytest.raises(SessionEnded):
        resume(desk, token)


def test_a_role_that_was_cut_is_gone_at_the_next_request(desk: Any) -> None:
    token = sign_in(desk)
    user = resume(desk, token).user
    guard = desk.user("an.quan", "security_admin")
    with desk.session() as session:
        change = ask_roles(session, desk.tools, SYSTEM, user.id, ["readonly"])
        assert resume(desk, token).user.roles == ["handler"]
        decide_roles(session, desk.tools, SYSTEM, guard.id, change.id, granted=True)
    assert resume(desk, token).user.roles == ["readonly"]


def test_a_suspended_office_has_no_sessions(desk: Any) -> None:
    token = sign_in(desk)
    with desk.tools.database.owner_session() as session:
        session.execute(
            text("update tenants set status = 'suspended' where id = :id"), {"id": desk.tenant_id}
        )
    with pytest.raises(SessionEnded):
        resume(desk, token)


def test_a_form_carries_its_own_sessions_token_or_is_refused(desk: Any) -> None:
    token, other = sign_in(desk), sign_in(desk, "wang.wu")
    signed_in, stranger = resume(desk, token), resume(desk, other)
    assert signed_in.csrf_fits(resume(desk, token).csrf)
    for wrong in (stranger.csrf, "", token, "é", signed_in.csrf[:-1], "\ud800"):
        assert not signed_in.csrf_fits(wrong)
    assert token not in signed_in.csrf


def test_sessions_that_are_over_are_swept_and_live_ones_stay(desk: Any) -> None:
    sign_in(desk)
    desk.tools.clock.move(timedelta(minutes=30))
    live = sign_in(desk, "wang.wu")
    with desk.session() as session:
        assert sweep_sessions(session, desk.tools, LIMITS) == 1
        assert sweep_sessions(session, desk.tools, LIMITS) == 0
        assert session.scalar(select(func.count()).select_from(LoginSession)) == 1
    assert resume(desk, live).user.username == "wang.wu"
    assert desk.audit()[-1] == ("system:minsheng", "session.expire", "ok")


def open_at(desk: Any, level: Level) -> str:
    user = desk.user()
    with desk.session() as session:
        return open_session(session, desk.tools, user, desk.origin, level)


@pytest.mark.parametrize("level", [INITIAL, FACTOR])
def test_a_login_half_done_opens_nothing_unless_its_level_is_named(desk: Any, level: Level) -> None:
    token = open_at(desk, level)
    with pytest.raises(SessionEnded):
        resume(desk, token)
    others = [each for each in ANY_LEVEL if each != level]
    with desk.session() as session, pytest.raises(SessionEnded):
        resume_session(session, desk.tools, token, LIMITS, levels=others)
    with desk.session() as session:
        found = resume_session(session, desk.tools, token, LIMITS, levels=(level,))
    assert (found.level, found.office) == (level, "测试单位county")
    assert desk.audit()[-1] == ("user:li.si", "session.open", f"wants {level}")


def test_a_login_half_done_waits_a_quarter_of_an_hour(desk: Any) -> None:
    token = open_at(desk, FACTOR)
    desk.tools.clock.move(timedelta(minutes=14, seconds=59))
    with desk.session() as session:
        resume_session(session, desk.tools, token, LIMITS, levels=(FACTOR,))
        assert sweep_sessions(session, desk.tools, LIMITS) == 0
    desk.tools.clock.move(timedelta(seconds=1))
    with desk.session() as session:
        with pytest.raises(SessionEnded):
            resume_session(session, desk.tools, token, LIMITS, levels=(FACTOR,))
        assert sweep_sessions(session, desk.tools, LIMITS) == 1


def test_rel_a2_a_session_that_rises_gets_another_token_and_form_token(desk: Any) -> None:
    token = open_at(desk, FACTOR)
    with desk.session() as session:
        found = resume_session(session, desk.tools, token, LIMITS, levels=(FACTOR,))
        risen = raise_session(session, desk.tools, found, desk.origin)
    with desk.session() as session, pytest.raises(SessionEnded):
        resume_session(session, desk.tools, token, LIMITS, levels=ANY_LEVEL)
    now = resume(desk, risen)
    assert (now.level, now.session_id) == (FULL, found.session_id)
    assert now.csrf != found.csrf


def test_a_session_that_is_gone_does_not_rise(desk: Any) -> None:
    token = open_at(desk, FACTOR)
    with desk.session() as session:
        found = resume_session(session, desk.tools, token, LIMITS, levels=(FACTOR,))
        close_session(session, desk.tools, token, desk.origin)
    with desk.session() as session, pytest.raises(SessionEnded):
        raise_session(session, desk.tools, found, desk.origin)


def test_an_account_that_expires_is_out_at_its_moment(desk: Any) -> None:
    token = sign_in(desk)
    with desk.tools.database.owner_session() as session:
        session.execute(
            text("update users set expires_at = :at where tenant_id = :id"),
            {"at": desk.tools.clock.now() + timedelta(minutes=5), "id": desk.tenant_id},
        )
    desk.tools.clock.move(timedelta(minutes=4, seconds=59))
    assert resume(desk, token).user.username == "li.si"
    desk.tools.clock.move(timedelta(seconds=1))
    with pytest.raises(SessionEnded):
        resume(desk, token)


def test_a_person_sees_and_ends_sessions_of_its_own_and_of_nobody_else(desk: Any) -> None:
    user, strangers = desk.user(), sign_in(desk, "wang.wu")
    with desk.session() as session:
        tokens = [open_session(session, desk.tools, user, f"10.0.0.{n}") for n in range(4)]
    here, stranger = resume(desk, tokens[0]), resume(desk, strangers)
    with desk.session() as session:
        seen = list_sessions(session, desk.tools, LIMITS, user.id)
        assert sorted(row.origin for row in seen) == [f"10.0.0.{n}" for n in range(4)]
        other = resume(desk, tokens[1]).session_id
        assert end_own_session(session, desk.tools, here, other, desk.origin)
        assert not end_own_session(session, desk.tools, here, other, desk.origin)
        assert not end_own_session(session, desk.tools, here, stranger.session_id, desk.origin)
    with pytest.raises(SessionEnded):
        resume(desk, tokens[1])
    with desk.session() as session:
        assert end_other_sessions(session, desk.tools, here, desk.origin) == 2
    assert resume(desk, tokens[0]).session_id == here.session_id
    assert resume(desk, strangers).user.username == "wang.wu"
    for ended in tokens[2:]:
        with pytest.raises(SessionEnded):
            resume(desk, ended)


def test_a_session_that_is_over_is_not_listed(desk: Any) -> None:
    token = sign_in(desk)
    user = resume(desk, token).user
    desk.tools.clock.move(timedelta(minutes=30))
    with desk.session() as session:
        assert list_sessions(session, desk.tools, LIMITS, user.id) == []
