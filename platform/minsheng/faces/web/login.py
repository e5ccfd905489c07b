"""Coming in, going out, and how the pages look to a person."""

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.errors import LoginRefused
from minsheng.accounts.service import (
    authenticate,
    close_session,
    find_tenant_for_login,
    open_session,
)
from minsheng.faces.web.admin_rail import first_page
from minsheng.faces.web.cookies import drop_session, session_token, set_choice, set_session
from minsheng.faces.web.desk import check_form, find_visitor, origin, tools
from minsheng.faces.web.locale import LANGUAGE_COOKIE, LANGUAGES, THEME_COOKIE, THEMES
from minsheng.faces.web.notices import Notice, notices
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
    """The form; who is logged in already goes on."""
    if find_visitor():
        return redirect(local_path(request.args.get("next", "")), 303)
    return _form(notices())


@login_pages.post("/login")
def enter() -> ResponseReturnValue:
    """Log in, or say in one way for every reason that it was not right."""
    check_form()
    try:
        token = _log_in()
    except LoginRefused:
        words = _("单位代码、账号或口令不对。请核对后重试；多次不对会停用一刻钟。")
        return _form([Notice(words, "danger", "alert")]), 401
    response = redirect(local_path(request.form.get("next", "")), 303)
    set_session(response, token)
    return response


def _log_in() -> str:
    form = request.form
    with tools().database.public_session() as session:
        office = find_tenant_for_login(session, form.get("office", ""))
    if office is None:
        raise LoginRefused
    username, password = form.get("username", ""), form.get("password", "")
    with tools().database.session(office[0]) as session:
        user = authenticate(session, tools(), username, password, origin())
        return open_session(session, tools(), user, origin())


@login_pages.post("/logout")
def leave() -> ResponseReturnValue:
    """Log out: the session is dead at once."""
    found = find_visitor()
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
    g.visitor = find_visitor()
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
    return render_template(
        "login.html",
        notices=said,
        office=request.form.get("office", "")[:64],
        username=request.form.get("username", "")[:64],
        next_path=local_path(request.values.get("next", "")),
    )
