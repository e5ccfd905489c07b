"""The second factor: codes of an app and recovery codes, each once, five tries a session."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import text

from minsheng.accounts.errors import AccountNotFound, FactorRefused, LoginRefused, SessionEnded
from minsheng.accounts.models import User
from minsheng.accounts.service import (
    SessionLimits,
    SignedIn,
    authenticate,
    begin_enrolment,
    check_factor,
    enrol,
    enrolment_address,
    level_after_password,
    new_recovery_codes,
    open_session,
    raise_session,
    recovery_codes_left,
    reset_factor,
    resume_enrolment,
    resume_session,
)
from minsheng.accounts.sessions import ANY_LEVEL, FACTOR, FULL, Level
from minsheng.audit import SYSTEM
from minsheng.runtime.crypto import SealBroken
from minsheng.runtime.ids import new_id
from minsheng.runtime.settings import Settings

LIMITS = SessionLimits.from_settings(Settings.from_environ({}))


@dataclass
class Phone:
    """An authenticator app with one account."""

    secret: str
    clock: Any

    def code(self, steps: int = 0) -> str:
        totp = pyotp.TOTP(self.secret)
        return totp.generate_otp(totp.timecode(self.clock.now()) + steps)

    def wrong(self) -> str:
        """Six digits that are no code of the moment."""
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(each for each in ("000000", "111111", "222222", "333333") if each not in near)


@dataclass
class Login:
    """One login session of a user."""

    desk: Any
    token: str

    def signed_in(self) -> SignedIn:
        with self.desk.session() as session:
            return resume_session(session, self.desk.tools, self.token, LIMITS, levels=ANY_LEVEL)

    def check(self, typed: str) -> None:
        """Type a code as the page does, and rise when it is right."""
        found = self.signed_in()
        with self.desk.session() as session:
            check_factor(session, self.desk.tools, found, typed, self.desk.origin)
            self.token = raise_session(session, self.desk.tools, found, self.desk.origin)

    def enrol(self) -> tuple[Phone, list[str]]:
        """Set up a factor; the phone and the recovery codes."""
        desk, found = self.desk, self.signed_in()
        begun = begin_enrolment(desk.tools, desk.tenant_id, found)
        phone = Phone(begun.secret, desk.tools.clock)
        with desk.session() as session:
            codes = enrol(session, desk.tools, found, begun.sealed, phone.code(), desk.origin)
        return phone, list(codes)


def count_of(scaled: Callable[[int, int], int], full: int, reduced: int) -> int:
    """``full`` in ``make proof``."""
    return full if scaled(10, 1) == 10 else reduced


def log_in(desk: Any, user: User, level: Level = FACTOR) -> Login:
    with desk.session() as session:
        return Login(desk, open_session(session, desk.tools, user, desk.origin, level))


@pytest.fixture
def user(desk: Any) -> User:
    made: User = desk.user()
    return made


@pytest.fixture
def phone(desk: Any, user: User) -> Phone:
    """The app of a user whose factor is set up; its next code is a fresh one."""
    made, _codes = log_in(desk, user).enrol()
    desk.tools.clock.move(timedelta(minutes=1))
    return made


def test_a_code_of_the_app_makes_a_full_session_under_another_token(
    desk: Any, user: User, phone: Phone
) -> None:
    login = log_in(desk, user)
    before = login.token
    login.check(phone.code())
    assert login.signed_in().level == FULL
    assert login.token != before
    with desk.session() as session, pytest.raises(SessionEnded):
        resume_session(session, desk.tools, before, LIMITS, levels=ANY_LEVEL)
    assert desk.audit()[-2:] == [
        ("user:li.si", "factor.check", "ok"),
        ("user:li.si", "session.raise", "ok"),
    ]


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True)])
def test_a_code_of_the_step_before_or_after_is_taken_and_no_other(
    desk: Any, user: User, phone: Phone, steps: int, taken: bool
) -> None:
    login = log_in(desk, user)
    if taken:
        login.check(phone.code(steps))
        assert login.signed_in().level == FULL
    else:
        with pytest.raises(FactorRefused):
            login.check(phone.code(steps))


def test_a_code_two_steps_ahead_is_refused(desk: Any, user: User, phone: Phone) -> None:
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(phone.code(2))


def test_a_code_is_taken_once_and_no_older_one_after_it(
    desk: Any, user: User, phone: Phone
) -> None:
    log_in(desk, user).check(phone.code())
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(phone.code())
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(phone.code(-1))
    log_in(desk, user).check(phone.code(1))


def test_one_code_in_two_requests_at_once_lets_one_in(desk: Any, user: User, phone: Phone) -> None:
    logins, code = [log_in(desk, user) for _ in range(4)], phone.code()
    gate = threading.Barrier(len(logins))
    came_in: list[bool] = []

    def go(login: Login) -> None:
        gate.wait()
        try:
            login.check(code)
        except FactorRefused:
            came_in.append(False)
        else:
            came_in.append(True)

    threads = [threading.Thread(target=go, args=(each,)) for each in logins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came_in) == [False, False, False, True]


def test_rel_a2_five_wrong_codes_end_the_session_and_four_do_not(
    desk: Any, user: User, phone: Phone
) -> None:
    login = log_in(desk, user)
    for _ in range(4):
        with pytest.raises(FactorRefused):
            login.check(phone.wrong())
    login.check(phone.code())
    guesser = log_in(desk, user)
    for _ in range(4):
        with pytest.raises(FactorRefused):
            guesser.check(phone.wrong())
    with pytest.raises(SessionEnded):
        guesser.check(phone.wrong())
    with pytest.raises(SessionEnded):
        guesser.signed_in()
    assert ("user:li.si", "session.close", "too many tries") in desk.audit()


def test_rel_a2_new_logins_bring_no_new_codes_to_guess(
    desk: Any, user: User, phone: Phone, scaled: Callable[[int, int], int]
) -> None:
    """The password is known to the guesser; ten wrong codes in all, then an hour of nothing."""
    looked_at = 0
    for _ in range(count_of(scaled, 100, 4)):
        try:
            with desk.session() as session:
                found = authenticate(session, desk.tools, "li.si", desk.password, "10.0.0.9")
                login = Login(desk, open_session(session, desk.tools, found, "10.0.0.9", FACTOR))
        except LoginRefused:
            continue
        for _ in range(5):
            try:
                login.check(phone.wrong())
            except FactorRefused:
                looked_at += 1
            except SessionEnded:
                looked_at += 1
                break
    assert looked_at == 10
    with desk.session() as session, pytest.raises(LoginRefused):
        authenticate(session, desk.tools, "li.si", desk.password, "10.0.0.9")
    desk.tools.clock.move(timedelta(hours=1))
    with desk.session() as session:
        authenticate(session, desk.tools, "li.si", desk.password, "10.0.0.9")
    log_in(desk, user).check(phone.code())
    with desk.session() as session:
        assert session.scalar(text("select failures from users")) == 0


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "000000\0", "x" * 100_000, "٣٣٣٣٣٣"]
)
def test_what_is_no_code_is_refused(desk: Any, user: User, phone: Phone, typed: str) -> None:
    login = log_in(desk, user)
    with pytest.raises(FactorRefused):
        login.check(typed)
    login.check(f" {phone.code()[:3]} {phone.code()[3:]} ")


def test_a_recovery_code_lets_in_once_however_it_is_typed(desk: Any, user: User) -> None:
    _phone, codes = log_in(desk, user).enrol()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", each) for each in codes)
    log_in(desk, user).check(codes[0])
    log_in(desk, user).check(f" {codes[1].lower().replace('-', ' ')} ")
    log_in(desk, user).check(codes[2].replace("0", "O").replace("1", "l"))
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(codes[0])
    with desk.session() as session:
        assert recovery_codes_left(session, user.id) == 7
    assert desk.audit().count(("user:li.si", "factor.check", "recovery code")) == 3


def test_new_recovery_codes_void_the_old_ones(desk: Any, user: User) -> None:
    _phone, old = log_in(desk, user).enrol()
    with desk.session() as session:
        new = new_recovery_codes(session, desk.tools, SYSTEM, user.id)
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(old[0])
    log_in(desk, user).check(new[0])


def test_a_recovery_code_is_worth_nothing_on_another_account(desk: Any, user: User) -> None:
    _phone, codes = log_in(desk, user).enrol()
    other = desk.user("wang.wu")
    _other_phone, others = log_in(desk, other).enrol()
    with pytest.raises(FactorRefused):
        log_in(desk, other).check(codes[0])
    log_in(desk, other).check(others[0])


def test_nothing_that_is_stored_opens_anything(desk: Any, user: User) -> None:
    phone, codes = log_in(desk, user).enrol()
    with desk.tools.database.owner_session() as session:
        stored = session.execute(
            text("""
                select u.totp_secret, array_agg(c.code_hash) from users u
                join recovery_codes c on c.tenant_id = u.tenant_id and c.user_id = u.id
                where u.id = :id group by 1
            """),
            {"id": user.id},
        ).one()
    everything = bytes(stored[0]) + b"".join(bytes(each) for each in stored[1])
    assert phone.secret.encode() not in everything
    assert all(code.replace("-", "").encode() not in everything for code in codes)
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(bytes(stored[1][0]).hex()[:10])


def test_a_sealed_secret_moved_to_another_account_does_not_open(desk: Any, user: User) -> None:
    phone, _codes = log_in(desk, user).enrol()
    thief = desk.user("wang.wu")
    own, _own_codes = log_in(desk, thief).enrol()
    with desk.tools.database.owner_session() as session:
        session.execute(
            text("""
                update users set totp_step = 0, totp_secret =
                    (select totp_secret from users where id = :other) where id = :id
            """),
            {"id": user.id, "other": thief.id},
        )
    desk.tools.clock.move(timedelta(minutes=1))
    with pytest.raises(SealBroken):
        log_in(desk, user).check(own.code())
    log_in(desk, thief).check(own.code())
    assert phone.secret != own.secret


def test_an_enrolment_is_kept_only_with_a_code_of_it_and_leaves_nothing_when_given_up(
    desk: Any, user: User
) -> None:
    login = log_in(desk, user)
    found = login.signed_in()
    begun = begin_enrolment(desk.tools, desk.tenant_id, found)
    wrong = Phone(begun.secret, desk.tools.clock).wrong()
    with desk.session() as session, pytest.raises(FactorRefused):
        enrol(session, desk.tools, found, begun.sealed, wrong, desk.origin)
    assert login.signed_in().user.totp_secret is None
    login.enrol()
    assert login.signed_in().user.totp_since == desk.tools.clock.now()
    assert len(login.signed_in().user.totp_secret) > 20


def test_an_enrolment_belongs_to_the_login_that_began_it(desk: Any, user: User) -> None:
    mine, other = log_in(desk, user).signed_in(), log_in(desk, desk.user("wang.wu")).signed_in()
    begun = begin_enrolment(desk.tools, desk.tenant_id, mine)
    code = Phone(begun.secret, desk.tools.clock).code()
    assert resume_enrolment(desk.tools, desk.tenant_id, mine, begun.sealed) == begun
    for sealed in (begun.sealed, "", "x", "é", begun.sealed[:-4]):
        with desk.session() as session, pytest.raises(FactorRefused):
            enrol(session, desk.tools, other, sealed, code, desk.origin)
    with desk.session() as session:
        assert len(enrol(session, desk.tools, mine, begun.sealed, code, desk.origin)) == 10


def test_a_password_alone_replaces_no_factor(desk: Any, user: User, phone: Phone) -> None:
    with pytest.raises(FactorRefused):
        log_in(desk, user, FACTOR).enrol()
    log_in(desk, user).check(phone.code())
    new_phone, _codes = log_in(desk, user, FULL).enrol()
    desk.tools.clock.move(timedelta(minutes=1))
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(phone.code())
    log_in(desk, user).check(new_phone.code())


def test_of_two_enrolments_at_once_the_first_stands(desk: Any, user: User) -> None:
    first, second = (log_in(desk, user) for _ in range(2))
    late = second.signed_in()
    begun = begin_enrolment(desk.tools, desk.tenant_id, late)
    first.enrol()
    code = Phone(begun.secret, desk.tools.clock).code()
    with desk.session() as session, pytest.raises(FactorRefused):
        enrol(session, desk.tools, late, begun.sealed, code, desk.origin)


def test_the_address_for_the_app_says_whose_it_is(desk: Any, user: User) -> None:
    found = log_in(desk, user).signed_in()
    begun = begin_enrolment(desk.tools, desk.tenant_id, found)
    address = urlsplit(enrolment_address(begun, "li.si", found.office))
    said = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert said["secret"] == [begun.secret]
    assert said["issuer"] == [f"民声 {found.office}"]
    assert len(begun.secret) == 32
    assert begun.secret not in repr(begun)


def test_codes_are_those_of_the_standard(desk: Any, user: User, clock: Any) -> None:
    """RFC 6238, appendix B: at 1111111111 s the SHA-1 code of its secret ends in 050471."""
    rfc = Phone("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", clock)
    assert pyotp.TOTP(rfc.secret).at(1111111111) == "050471"
    found = log_in(desk, user).signed_in()
    assert begin_enrolment(desk.tools, desk.tenant_id, found).secret != rfc.secret


def test_a_reset_takes_the_factor_and_the_sessions_and_frees_the_account(
    desk: Any, user: User, phone: Phone
) -> None:
    login = log_in(desk, user)
    login.check(phone.code())
    with desk.session() as session:
        reset_factor(session, desk.tools, SYSTEM, user.id)
    with pytest.raises(SessionEnded):
        login.signed_in()
    assert desk.audit()[-1] == ("system:minsheng", "user.reset_factor", "ok")
    desk.tools.clock.move(timedelta(minutes=1))
    with pytest.raises(FactorRefused):
        log_in(desk, user).check(phone.code())
    with desk.session() as session:
        assert recovery_codes_left(session, user.id) == 0
    log_in(desk, user).enrol()


def test_a_reset_of_another_offices_user_finds_nobody(desk: Any, other_desk: Any) -> None:
    theirs = other_desk.user()
    for user_id in (theirs.id, new_id()):
        with desk.session() as session, pytest.raises(AccountNotFound):
            reset_factor(session, desk.tools, SYSTEM, user_id)


def test_what_a_password_opens_depends_on_the_factor_and_on_whose_password_it_is(
    desk: Any, user: User
) -> None:
    assert level_after_password(user, factor_required=True) == "factor"
    assert level_after_password(user, factor_required=False) == "full"
    log_in(desk, user).enrol()
    enrolled = log_in(desk, user).signed_in().user
    assert level_after_password(enrolled, factor_required=False) == "factor"
    enrolled.initial_until = desk.tools.clock.now()
    assert level_after_password(enrolled, factor_required=False) == "password"
