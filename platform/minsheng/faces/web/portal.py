"""The portal of each office, ``/p/<code>/``: for everybody, without an account.

Its pages are apart from the desk's: a style and a script of their own, problem pages in citizens'
words, and no way from one to the other.
"""

from collections.abc import Callable
from datetime import datetime

from babel.dates import format_date
from flask import Blueprint, Flask, Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.citizens.service import ink_on
from minsheng.faces.problems import PAGE_HOOK, Problem
from minsheng.faces.web.cookies import set_choice
from minsheng.faces.web.desk import tools
from minsheng.faces.web.locale import LANGUAGE_COOKIE, LANGUAGES, language
from minsheng.faces.web.portal_board import board_pages
from minsheng.faces.web.portal_door import (
    STORE_AWAY,
    at_portal,
    choose_look,
    find_office,
    keep_look,
    office,
    portal_page,
)
from minsheng.faces.web.portal_mine import mine_pages
from minsheng.faces.web.portal_write import write_pages
from minsheng.faces.web.times import local
from minsheng.faces.web.words import _

PREFIX = "/p/"
portal_pages = Blueprint("portal_pages", __name__, url_prefix="/p/<office>")
PORTAL_PAGES = (portal_pages, write_pages, mine_pages, board_pages)

PageHook = Callable[[Problem], ResponseReturnValue]


@portal_pages.get("/")
@at_portal
def home() -> ResponseReturnValue:
    """What one can do here."""
    return portal_page("home.html")


@portal_pages.post("/look")
@at_portal
def change_look() -> ResponseReturnValue:
    """Keep the size of type, the contrast or the language, and go back to the page."""
    choose_look(request.form.get("look", ""))
    response = redirect(_own_path(request.form.get("next", "")), 303)
    wish = request.form.get("language", "")
    if wish in LANGUAGES:
        set_choice(response, LANGUAGE_COOKIE, wish)
    return response


@portal_pages.get("/look.css")
@at_portal
def colours() -> ResponseReturnValue:
    """The office's own colour as tokens; they were checked for contrast when they were set."""
    light, dark = office().portal.accent, office().portal.accent_dark
    rules = []
    if light:
        rules.append(f":root{{{_tokens(light)}}}")
    if dark:
        rules.append(f"@media (prefers-color-scheme:dark){{:root{{{_tokens(dark)}}}}}")
    return Response("\n".join(rules) + "\n", mimetype="text/css")


def register_portal(app: Flask) -> None:
    """Add the portal's pages to an app; call it after the problem page of the desk is set."""
    for pages in PORTAL_PAGES:
        app.register_blueprint(pages)
    app.after_request(keep_look)
    app.jinja_env.filters.update(portal_day=spoken_day, portal_clock=spoken_clock)
    desk_page: PageHook = app.extensions[PAGE_HOOK]

    def problem_page(problem: Problem) -> ResponseReturnValue:
        if not request.path.startswith(PREFIX):
            return desk_page(problem)
        return _problem(problem)

    app.extensions[PAGE_HOOK] = problem_page


def spoken_day(moment: datetime) -> str:
    """10月10日 周六, with the year where it is another one: a day that is waited for, or past."""
    zh, there = language() == "zh", local(moment)
    if there.year == local(tools().clock.now()).year:
        pattern = "M月d日 EEE" if zh else "EEE d MMM"
    else:
        pattern = "y年M月d日" if zh else "d MMM y"
    return str(format_date(there, pattern, locale="zh_Hans_CN" if zh else "en_GB"))


def spoken_clock(moment: datetime) -> str:
    """15:20 on the office's clock."""
    return local(moment).strftime("%H:%M")


def _problem(problem: Problem) -> ResponseReturnValue:
    known = {
        400: (_("没有照做"), _("页面放得太久。请回到上一页，刷新后再试。")),
        404: (_("没有这一页"), _("地址可能写错了，或这里已不再公开。")),
        413: (_("提交的内容太大"), _("没有收下。请回到上一页，写短一些再提交。")),
        429: (_("太频繁了"), _("请稍等一会儿再试。")),
        503: (_("暂时不能服务"), _("请稍等一会儿再试。已经提交的不会丢。")),
    }
    _remember_office()
    wrong = _("这次没有完成，已经记录。请过一会儿再试。")
    title, words = known.get(problem.status, (_("出了差错"), wrong))
    page, status = portal_page(
        "problem.html", problem.status, title=title, words=words, number=problem.request_id
    )
    return page, status, [*problem.headers]


def _remember_office() -> None:
    """Give a page that is not there the head and foot of the office in its address, if one is."""
    code = request.path.removeprefix(PREFIX).partition("/")[0]
    if "portal" in g or not (code.isascii() and code.isprintable()):
        return
    try:
        found = find_office(code)
    except STORE_AWAY:
        return
    if found is not None:
        g.portal = found


def _tokens(colour: str) -> str:
    return f"--accent:{colour};--accent-ink:{ink_on(colour)}"


def _own_path(wish: str) -> str:
    """A page of this portal to go back to; anything else is its first page."""
    here = url_for("portal_pages.home", office=office().code)
    safe = wish.startswith(here) and wish.isascii() and wish.isprintable() and "\\" not in wish
    return wish if safe and "//" not in wish else here


__all__ = ["PORTAL_PAGES", "register_portal"]
