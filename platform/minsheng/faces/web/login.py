"""Coming in, going out, and how the pages look to a person."""

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.errors import LoginRefused, SessionEnded
from minsheng.accounts.service import (
    authenticate,
    close_session,
    find_tenant_for_login,
    level_after_password,
    open_session,
    refuse_unknown_office,
    tenant_of_token,
)
from minsheng.accounts.sessions import ANY_LEVEL, FACTOR, INITIAL, Level
from minsheng.faces.web.admin_rail import first_page
from minsheng.faces.web.cookies import drop_session, session_token, set_choice, set_session
from minsheng.faces.web.desk import check_form, find_visitor, origin, tools, web_tools
from minsheng.faces.web.locale import LANGUAGE_COOKIE, LANGUAGES, THEME_COOKIE, THEMES
from minsheng.faces.web.notices import Notice, notices
from minsheng.faces.web.ways import ways_in
from minsheng.faces.web.words import _

login_pages = Blueprint("login_pages", __name__)


@login_pages.get("/")
def start() -> ResponseReturnValue:
    """The first page of the desk, by what the person may see."""
    found = find_visitor()
    if found is None:
        return redirect(url_for("login_pages.show_login"), 303)
    return redirect(first_page(found.user.roles), 303)


@login_pages.get("/login")
def show_login() -> ResponseReturnValue:
    """The form; who is logged in already goes on, and a login half done is gone on with."""
    found = find_visitor(ANY_LEVEL)
    if found:
        return redirect(next_step(found.signed_in.level, request.args.get("next", "")), 303)
    return _form(notices())


@login_pages.post("/login")
def enter() -> ResponseReturnValue:
    """Log in, or say in one way for every reason that it was not right."""
    check_form()
    try:
        token, level = _log_in()
    except LoginRefused:
        words = _("单位代码、账号或口令不对。请核对后重试；多次不对会停用一刻钟。")
        return _form([Notice(words, "danger", "alert")]), 401
    end_old_session()
    response = redirect(next_step(level, request.form.get("next", "")), 303)
    set_session(response, token)
    return response


def _log_in() -> tuple[str, Level]:
    form = request.form
    with tools().database.public_session() as session:
        office = find_tenant_for_login(session, form.get("office", ""))
    username, password = form.get("username", ""), form.get("password", "")
    if office is None:
        raise refuse_unknown_office(password)
    with tools().database.session(office[0]) as session:
        user = authenticate(session, tools(), username, password, origin())
        level = level_after_password(user, factor_required=web_tools().factor_required)
        return open_session(session, tools(), user, origin(), level), level


def end_old_session() -> None:
    """End the session that the browser held before a login, be it another person's."""
    token = session_token()
    try:
        tenant_id = tenant_of_token(token)
    except SessionEnded:
        return
    with tools().database.session(tenant_id) as session:
        close_session(session, tools(), token, origin())


def next_step(level: Level, wish: str) -> str:
    """Where a login of this level goes on: to what it still wants, else to the page wished for."""
    path = local_path(wish)
    steps = {INITIAL: "step_pages.show_password", FACTOR: "step_pages.show_code"}
    return url_for(steps[level], next=path) if level in steps else path


@login_pages.post("/logout")
def leave() -> ResponseReturnValue:
    """Log out: the session is dead at once, a half done login too."""
    found = find_visitor(ANY_LEVEL)
    if found:
        g.visitor = found
        check_form()
        with tools().database.session(found.tenant_id) as session:
            close_session(session, tools(), session_token(), origin())
    response = redirect(url_for("login_pages.show_login", done="left"), 303)
    drop_session(response)
    return response


@login_pages.post("/preferences")
def prefer() -> ResponseReturnValue:
    """Keep a choice of language or brightness, and go back to the page."""
    g.visitor = find_visitor(ANY_LEVEL)
    check_form()
    response = redirect(local_path(request.form.get("next", "")), 303)
    language, theme = request.form.get("language", ""), request.form.get("theme", "")
    if language in LANGUAGES:
        set_choice(response, LANGUAGE_COOKIE, language)
    if theme in THEMES:
        set_choice(response, THEME_COOKIE, theme)
    return response


def local_path(wish: str) -> str:
    r"""A path of ours to go to; anything else, such as ``//host`` or ``/\host``, is the start."""
    parts = urlsplit(wish.replace("\\", "/"))
    safe = wish.startswith("/") and not parts.netloc and not parts.scheme and wish.isprintable()
    return wish if safe and not wish.startswith(("//", "/\\")) else url_for("login_pages.start")


def _form(said: list[Notice]) -> str:
    office = request.values.get("office", "")[:64]
    next_path = local_path(request.values.get("next", ""))
    # A refusal is one page for every reason: it names no provider, which only an office has.
    asked_for_ways = request.method == "GET" and bool(office)
    return render_template(
        "login.html",
        notices=said,
        office=office,
        username=request.form.get("username", "")[:64],
        next_path=next_path,
        ways=ways_in(office, next_path) if asked_for_ways else [],
        asked_for_ways=asked_for_ways,
    )
