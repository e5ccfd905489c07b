"""Guessing from an address, over an office, within a session: counted before it is checked."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from minsheng.accounts.errors import LoginRefused, SessionEnded
from minsheng.accounts.guesses import (
    ADDRESS_TRIES,
    OFFICE_TRIES,
    address_subject,
    count_tries,
    give_back,
    sweep_tries,
)
from minsheng.accounts.models import Guess
from minsheng.accounts.service import (
    SessionLimits,
    authenticate,
    confirm_password,
    find_tenant_for_login,
    open_session,
    refuse_unknown_office,
    resume_session,
)
from minsheng.audit import make_tools
from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings

LIMITS = SessionLimits.from_settings(Settings.from_environ({}))
WRONG = "wrong password"


def count_of(scaled: Callable[[int, int], int], full: int, reduced: int) -> int:
    """``full`` in ``make proof``: a hash a try is too dear for every run."""
    return full if scaled(10, 1) == 10 else reduced


def login(desk: Any, username: str, password: str, origin: str = "10.0.0.7") -> str:
    """What a login comes to: the message of the refusal, or nothing."""
    try:
        with desk.session() as session:
            authenticate(session, desk.tools, username, password, origin)
    except LoginRefused as refused:
        return str(refused)
    return ""


def reasons(desk: Any, action: str = "user.login") -> list[str]:
    return [result for _who, did, result in desk.audit() if did == action]


def have_tried(desk: Any, kind: str, tries: int) -> None:
    """Put the count of a kind where so many tries would have put it."""
    with desk.tools.database.owner_session() as session:
        changed = session.execute(
            text("update guesses set tries = :tries where tenant_id = :id and kind = :kind"),
            {"tries": tries, "id": desk.tenant_id, "kind": kind},
        )
        assert changed.rowcount == 1


def test_rel_a2_ten_thousand_tries_on_one_account_are_looked_at_ten_times(
    desk: Any, scaled: Callable[[int, int], int]
) -> None:
    """From as many addresses, so that nothing but the account's own lock stops them."""
    desk.user()
    addresses = (f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in itertools.count(1))
    tries = count_of(scaled, 10_000, 40)
    said = {login(desk, "li.si", WRONG, next(addresses)) for _ in range(tries)}
    assert len(said) == 1
    # The tenth is looked at and locks, so its entry says locked as all later ones do.
    assert reasons(desk) == ["refused: wrong password"] * 9 + ["refused: locked"] * (tries - 9)
    assert login(desk, "li.si", desk.password, "10.9.9.9") in said
    desk.tools.clock.move(timedelta(hours=1))
    assert login(desk, "li.si", desk.password, "10.9.9.9") == ""


def test_rel_a2_ten_tries_on_each_of_a_thousand_accounts_stop_at_the_address(
    desk: Any, scaled: Callable[[int, int], int]
) -> None:
    people = [f"user{n}" for n in range(count_of(scaled, 1_000, 8))]
    desk.user(people[-1])
    for _ in range(10):
        for each in people:
            assert login(desk, each, WRONG)
    known = reasons(desk).count("refused: wrong password")
    assert reasons(desk).count("refused: unknown") + known == ADDRESS_TRIES
    assert known <= 10
    assert login(desk, people[-1], desk.password)
    assert login(desk, people[-1], desk.password, "10.0.0.8") == ""


def test_an_address_that_guessed_too_often_is_refused_before_the_password_is_looked_at(
    desk: Any,
) -> None:
    desk.user()
    said = {login(desk, "nobody", WRONG)}
    have_tried(desk, "address", ADDRESS_TRIES)
    said.add(login(desk, "li.si", desk.password))
    assert len(said) == 1
    assert reasons(desk) == ["refused: unknown", "refused: address"]
    with desk.session() as session:
        assert session.scalar(text("select failures from users")) == 0
    desk.tools.clock.move(timedelta(minutes=15))
    assert login(desk, "li.si", desk.password) == ""


def test_the_last_try_of_an_address_still_lets_the_right_password_in(desk: Any) -> None:
    desk.user()
    login(desk, "nobody", WRONG)
    have_tried(desk, "address", ADDRESS_TRIES - 1)
    assert login(desk, "li.si", desk.password) == ""
    assert login(desk, "li.si", desk.password) == ""
    login(desk, "nobody", WRONG)
    assert login(desk, "li.si", desk.password)


def test_right_passwords_are_given_back_and_give_no_wrong_one_back(desk: Any) -> None:
    desk.user()
    login(desk, "nobody", WRONG)
    for _ in range(3):
        assert login(desk, "li.si", desk.password) == ""
    with desk.session() as session:
        counted = session.execute(text("select kind, tries from guesses order by kind")).all()
    assert [tuple(row) for row in counted] == [("address", 1), ("office", 1)]


def test_addresses_are_counted_apart_and_a_whole_network_of_ipv6_together(desk: Any) -> None:
    tools, office = desk.tools, desk.tenant_id
    one = address_subject(tools, office, "2001:db8::1")
    assert one == address_subject(tools, office, "2001:db8::ffff:1")
    assert one != address_subject(tools, office, "2001:db8:0:1::1")
    four = address_subject(tools, office, "192.0.2.1")
    assert four == address_subject(tools, office, "::ffff:192.0.2.1")
    assert four != address_subject(tools, office, "192.0.2.2")
    assert four != address_subject(tools, office + 1, "192.0.2.1")
    assert b"192" not in four[1]
    assert len(four[1]) == 32
    assert address_subject(tools, office, "") == address_subject(tools, office, "unknown")


def test_in_an_office_that_is_sprayed_accounts_lock_at_the_third_try_and_for_an_hour(
    desk: Any,
) -> None:
    desk.user()
    login(desk, "nobody", WRONG)
    have_tried(desk, "office", OFFICE_TRIES)
    origins = (f"10.0.1.{n}" for n in itertools.count(1))
    for _ in range(3):
        assert login(desk, "li.si", WRONG, next(origins))
    assert login(desk, "li.si", desk.password, next(origins))
    desk.tools.clock.move(timedelta(minutes=59, seconds=59))
    assert login(desk, "li.si", desk.password, next(origins))
    desk.tools.clock.move(timedelta(seconds=1))
    assert login(desk, "li.si", desk.password, next(origins)) == ""


def test_in_an_office_that_is_sprayed_people_who_know_their_password_come_in(desk: Any) -> None:
    desk.user()
    login(desk, "nobody", WRONG)
    have_tried(desk, "office", OFFICE_TRIES * 10)
    assert login(desk, "li.si", WRONG, "10.0.1.1")
    assert login(desk, "li.si", desk.password, "10.0.1.2") == ""


def test_one_offices_guesses_are_not_anothers(desk: Any, other_desk: Any) -> None:
    other_desk.user()
    login(desk, "nobody", WRONG)
    have_tried(desk, "address", ADDRESS_TRIES)
    assert login(other_desk, "li.si", desk.password) == ""


def test_a_count_begins_anew_after_its_window_and_is_swept(desk: Any) -> None:
    subject = ("address", b"x")
    clock = desk.tools.clock
    with desk.session() as session:
        assert count_tries(session, clock.now(), [subject]) == {"address": 1}
        assert count_tries(session, clock.now(), [subject]) == {"address": 2}
        give_back(session, [subject])
        assert count_tries(session, clock.now(), [subject]) == {"address": 2}
    clock.move(timedelta(minutes=14, seconds=59))
    with desk.session() as session:
        sweep_tries(session, clock.now())
        assert count_tries(session, clock.now(), [subject]) == {"address": 3}
    clock.move(timedelta(seconds=1))
    with desk.session() as session:
        assert count_tries(session, clock.now(), [subject]) == {"address": 1}
    clock.move(timedelta(minutes=15))
    with desk.session() as session:
        sweep_tries(session, clock.now())
        assert session.query(Guess).count() == 0


def test_where_tries_cannot_be_counted_nobody_comes_in(desk: Any, master: Any) -> None:
    """Without the store; and with it, once the table of guesses is locked away."""
    desk.user()
    away = make_tools(Database("postgresql+psycopg://x@127.0.0.1:1/x"), master, desk.tools.clock)
    with desk.session() as session, pytest.raises(OperationalError):
        authenticate(session, away, "li.si", desk.password, "10.0.0.7")
    away.database.dispose()
    assert login(desk, "li.si", desk.password) == ""


def test_an_office_that_is_none_is_refused_in_the_same_words(desk: Any) -> None:
    with desk.tools.database.public_session() as session:
        assert find_tenant_for_login(session, "000001") is None
    assert str(refuse_unknown_office(WRONG)) == login(desk, "nobody", WRONG)


def test_five_wrong_passwords_typed_within_a_session_end_it(desk: Any) -> None:
    user = desk.user()
    with desk.session() as session:
        token = open_session(session, desk.tools, user, desk.origin)

    def confirm(password: str) -> None:
        with desk.session() as session:
            found = resume_session(session, desk.tools, token, LIMITS)
        with desk.session() as session:
            confirm_password(session, desk.tools, found, password, desk.origin)

    for _ in range(4):
        with pytest.raises(LoginRefused):
            confirm(WRONG)
    confirm(desk.password)
    for _ in range(4):
        with pytest.raises(LoginRefused):
            confirm(WRONG)
    with pytest.raises(SessionEnded):
        confirm(WRONG)
    with pytest.raises(SessionEnded):
        confirm(desk.password)
    assert reasons(desk, "session.close") == ["too many tries"]
    assert reasons(desk, "user.confirm").count("ok") == 1
