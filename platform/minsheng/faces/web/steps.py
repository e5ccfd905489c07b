"""The steps of a login after the password: a password of one's own, and the second factor."""

from collections.abc import Sequence

import segno
from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.errors import AccountInvalid, FactorRefused, SessionEnded
from minsheng.accounts.factors import Enrolment
from minsheng.accounts.service import (
    begin_enrolment,
    check_factor,
    enrol,
    enrolment_address,
    level_after_password,
    open_session,
    raise_session,
    replace_initial_password,
    resume_enrolment,
)
from minsheng.accounts.sessions import FACTOR, INITIAL, Level
from minsheng.faces.web.cookies import drop_session, set_session
from minsheng.faces.web.desk import (
    Visitor,
    check_form,
    find_visitor,
    office_session,
    origin,
    tools,
    visitor,
    web_tools,
)
from minsheng.faces.web.login import local_path, next_step
from minsheng.faces.web.notices import Notice
from minsheng.faces.web.words import _
from minsheng.runtime.settings import SettingRefused, Settings

REQUIRED, OFFERED = "required", "offered"
step_pages = Blueprint("step_pages", __name__)


def factor_required(settings: Settings) -> bool:
    """Whether everybody who logs in by password needs a second factor; raises SettingRefused."""
    wish = settings.text("MINSHENG_SECOND_FACTOR")
    if wish not in (REQUIRED, OFFERED):
        message = f"MINSHENG_SECOND_FACTOR is required or offered, not {wish!r}"
        raise SettingRefused(message)
    return wish == REQUIRED


@step_pages.get("/login/password")
def show_password() -> ResponseReturnValue:
    """Ask for a password of one's own instead of the one that was given."""
    return _password_page([]) if _waiting(INITIAL) else _elsewhere()


@step_pages.post("/login/password")
def choose_password() -> ResponseReturnValue:
    """Keep it, under a new session."""
    found = _waiting(INITIAL)
    check_form()
    if not found:
        return _elsewhere()
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return _password_page([differing()]), 422
    try:
        with office_session() as session:
            user = replace_initial_password(session, tools(), found.signed_in, password, origin())
            level = level_after_password(user, factor_required=web_tools().factor_required)
            token = open_session(session, tools(), user, origin(), level)
    except AccountInvalid:
        return _password_page([unfit()]), 422
    response = redirect(next_step(level, request.form.get("next", "")), 303)
    set_session(response, token)
    return response


@step_pages.get("/login/code")
def show_code() -> ResponseReturnValue:
    """Ask for a code of the second factor, or have one set up."""
    found = _waiting(FACTOR)
    if not found:
        return _elsewhere()
    if found.user.totp_since is None:
        return redirect(url_for("step_pages.show_enrolment", next=_wish()), 303)
    return _page("login/code.html", [])


@step_pages.post("/login/code")
def enter_code() -> ResponseReturnValue:
    """Let the person in when the code is right."""
    found = _waiting(FACTOR)
    check_form()
    if not found:
        return _elsewhere()
    try:
        with office_session() as session:
            code = request.form.get("code", "")
            check_factor(session, tools(), found.signed_in, code, origin())
            token = raise_session(session, tools(), found.signed_in, origin())
    except FactorRefused:
        return _page("login/code.html", [wrong_code()]), 401
    except SessionEnded:
        return out_again()
    response = redirect(_wish(), 303)
    set_session(response, token)
    return response


@step_pages.get("/login/enrol")
def show_enrolment() -> ResponseReturnValue:
    """Show a new secret for the app."""
    found = _waiting(FACTOR)
    if not found or found.user.totp_since is not None:
        return _elsewhere()
    return _enrolment_page(begin_enrolment(tools(), found.tenant_id, found.signed_in), [])


@step_pages.post("/login/enrol")
def finish_enrolment() -> ResponseReturnValue:
    """Keep the secret when a code of it came back, and show the recovery codes, once."""
    found = _waiting(FACTOR)
    check_form()
    if not found or found.user.totp_since is not None:
        return _elsewhere()
    sealed, code = request.form.get("sealed", ""), request.form.get("code", "")
    try:
        with office_session() as session:
            codes = enrol(session, tools(), found.signed_in, sealed, code, origin())
            token = raise_session(session, tools(), found.signed_in, origin())
    except FactorRefused:
        return _enrolment_page(same_enrolment(sealed), [wrong_code()]), 422
    except SessionEnded:
        return out_again()
    return codes_page(codes, _wish(), token)


def same_enrolment(sealed: str) -> Enrolment:
    """The secret that the form brought back, or a new one where it brought none of ours."""
    found = visitor()
    try:
        return resume_enrolment(tools(), found.tenant_id, found.signed_in, sealed)
    except FactorRefused:
        return begin_enrolment(tools(), found.tenant_id, found.signed_in)


def codes_page(codes: Sequence[str], go_on: str, token: str = "") -> ResponseReturnValue:
    """The recovery codes; the page has no forms, since ``token`` begins another session."""
    page = render_template("login/codes.html", codes=codes, next_path=go_on, notices=[])
    if not token:
        return page
    response = make_response(page)
    set_session(response, token)
    return response


def qr_code(enrolment: Enrolment) -> str:
    """The secret as a picture in a ``data:`` address: nothing is stored and nothing is fetched."""
    found = visitor()
    address = enrolment_address(enrolment, found.user.username, found.office)
    drawn: str = segno.make(address, error="m", micro=False).svg_data_uri(scale=5, light="#fff")
    return drawn


def spaced(secret: str) -> str:
    """A secret in groups of four, to be typed."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def out_again() -> ResponseReturnValue:
    """To the login after too many wrong tries: the session is gone."""
    response = redirect(url_for("login_pages.show_login", done="too_many"), 303)
    drop_session(response)
    return response


def wrong_code() -> Notice:
    """What is said of a code that was not right."""
    words = _("验证码不对，或已经用过。请等应用显示下一个再输入；五次不对要重新登录。")
    return Notice(words, "danger", "alert")


def differing() -> Notice:
    """What is said of two passwords that are not one."""
    return Notice(_("两次输入的新口令不一样。请重新输入。"), "danger", "alert")


def unfit() -> Notice:
    """What is said of a password that may not be chosen."""
    words = _("新口令不能用：要 10 到 200 个字符，至少五种不同的，不含账号，也不能和原口令相同。")
    return Notice(words, "danger", "alert")


def _waiting(level: Level) -> Visitor | None:
    """The person whose login waits at this step; the forms of the page are that session's."""
    found = find_visitor((level,))
    if found:
        g.visitor = found
    return found


def _elsewhere() -> ResponseReturnValue:
    return redirect(url_for("login_pages.show_login", next=_wish()), 303)


def _wish() -> str:
    return local_path(request.values.get("next", ""))


def _page(template: str, said: list[Notice], **values: object) -> str:
    who = visitor().user.name
    return render_template(template, notices=said, next_path=_wish(), who=who, **values)


def _password_page(said: list[Notice]) -> str:
    return _page("login/password.html", said, username=visitor().user.username)


def _enrolment_page(enrolment: Enrolment, said: list[Notice]) -> str:
    return _page(
        "login/enrol.html",
        said,
        sealed=enrolment.sealed,
        secret=spaced(enrolment.secret),
        picture=qr_code(enrolment),
    )
