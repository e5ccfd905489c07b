"""A person's own account: password, second factor, sessions."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.accounts.errors import (
    AccountInvalid,
    FactorRefused,
    LoginRefused,
    SessionEnded,
)
from minsheng.accounts.factors import Enrolment
from minsheng.accounts.service import (
    begin_enrolment,
    change_own_password,
    check_factor,
    confirm_password,
    end_other_sessions,
    end_own_session,
    enrol,
    list_sessions,
    new_recovery_codes,
    open_session,
    recovery_codes_left,
)
from minsheng.faces.web.cookies import set_session
from minsheng.faces.web.desk import (
    actor,
    needs_login,
    office_session,
    origin,
    tools,
    visitor,
    web_tools,
)
from minsheng.faces.web.notices import Notice
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.steps import (
    codes_page,
    differing,
    out_again,
    qr_code,
    same_enrolment,
    spaced,
    unfit,
    wrong_code,
)
from minsheng.faces.web.words import _

account_pages = Blueprint("account_pages", __name__)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One of a person's sessions as the page shows it."""

    id: uuid.UUID
    started_at: datetime
    seen_at: datetime
    origin: str
    current: bool


@account_pages.get("/account")
@needs_login
def show_account() -> ResponseReturnValue:
    """Who one is here, and what can be changed."""
    return _account([])


@account_pages.post("/account/password")
@needs_login
def change_own() -> ResponseReturnValue:
    """Change the password; every other session ends, this one goes on under another token."""
    form, signed_in = request.form, visitor().signed_in
    old, password = form.get("old", ""), form.get("password", "")
    if password != form.get("again", ""):
        return _account([differing()]), 422
    try:
        with office_session() as session:
            user = change_own_password(session, tools(), signed_in, old, password, origin())
            token = open_session(session, tools(), user, origin())
    except AccountInvalid:
        return _account([unfit()]), 422
    except LoginRefused:
        return _account([_wrong_password()]), 422
    except SessionEnded:
        return out_again()
    response = redirect(url_for("account_pages.show_account", done="password"), 303)
    set_session(response, token)
    return response


@account_pages.get("/account/factor")
@needs_login
def show_factor() -> ResponseReturnValue:
    """Show a new secret for the app; what there is stays until the new one is proved."""
    found = visitor()
    if not found.user.password_hash:
        return _back()
    return _factor_page(begin_enrolment(tools(), found.tenant_id, found.signed_in), [])


@account_pages.post("/account/factor")
@needs_login
def change_factor() -> ResponseReturnValue:
    """Keep a new secret: asks for a code of the one there is, or else for the password."""
    sealed, code = request.form.get("sealed", ""), request.form.get("code", "")
    if not visitor().user.password_hash:
        return _back()
    try:
        with office_session() as session:
            _prove(session, request.form.get("proof", ""))
            codes = enrol(session, tools(), visitor().signed_in, sealed, code, origin())
    except FactorRefused:
        return _factor_page(same_enrolment(sealed), [wrong_code()]), 422
    except LoginRefused:
        return _factor_page(same_enrolment(sealed), [_wrong_password()]), 422
    except SessionEnded:
        return out_again()
    return codes_page(codes, url_for("account_pages.show_account", done="factor"))


@account_pages.post("/account/recovery-codes")
@needs_login
def renew_codes() -> ResponseReturnValue:
    """Ten new recovery codes for a code of the app; those there were are void."""
    found = visitor()
    if found.user.totp_since is None:
        return _back()
    try:
        with office_session() as session:
            code = request.form.get("code", "")
            check_factor(session, tools(), found.signed_in, code, origin())
            codes = new_recovery_codes(session, tools(), actor(), found.user.id)
    except FactorRefused:
        return _account([wrong_code()]), 422
    except SessionEnded:
        return out_again()
    return codes_page(codes, url_for("account_pages.show_account"))


@account_pages.post("/account/sessions/<uuid:item>/end")
@needs_login
def end_one(item: uuid.UUID) -> ResponseReturnValue:
    """End a session of one's own; another's or none is no different."""
    with office_session() as session:
        end_own_session(session, tools(), visitor().signed_in, item, origin())
    return redirect(url_for("account_pages.show_account", done="session_ended"), 303)


@account_pages.post("/account/sessions/end-others")
@needs_login
def end_others() -> ResponseReturnValue:
    """End all sessions of one's own but this one."""
    with office_session() as session:
        end_other_sessions(session, tools(), visitor().signed_in, origin())
    return redirect(url_for("account_pages.show_account", done="session_ended"), 303)


def _back() -> ResponseReturnValue:
    """To the account, for what its owner has not: a provider has its own second factor."""
    return redirect(url_for("account_pages.show_account"), 303)


def _prove(session: Session, proof: str) -> None:
    """Have the person proved anew; raises FactorRefused, LoginRefused or SessionEnded."""
    signed_in = visitor().signed_in
    if signed_in.user.totp_since is not None:
        check_factor(session, tools(), signed_in, proof, origin())
    else:
        confirm_password(session, tools(), signed_in, proof, origin())


def _account(said: list[Notice]) -> str:
    found = visitor()
    with office_session() as session:
        lines = [
            SessionLine(
                row.id,
                row.started_at,
                row.seen_at,
                row.origin,
                row.id == found.signed_in.session_id,
            )
            for row in list_sessions(session, tools(), web_tools().limits, found.user.id)
        ]
        left = recovery_codes_left(session, found.user.id)
        return render_desk(
            session,
            "account/account.html",
            "account",
            user=found.user,
            sessions=lines,
            codes_left=left,
            said=said,
        )


def _factor_page(enrolment: Enrolment, said: list[Notice]) -> str:
    with office_session() as session:
        return render_desk(
            session,
            "account/factor.html",
            "account",
            user=visitor().user,
            said=said,
            sealed=enrolment.sealed,
            secret=spaced(enrolment.secret),
            picture=qr_code(enrolment),
        )


def _wrong_password() -> Notice:
    return Notice(_("原口令不对。五次不对要重新登录。"), "danger", "alert")
