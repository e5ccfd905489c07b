"""Problem pages: what happened, what to do, and a number to quote."""

from flask import Flask, g, render_template
from flask.typing import ResponseReturnValue

from minsheng.faces.problems import PAGE_HOOK, Problem
from minsheng.faces.web.desk import find_visitor
from minsheng.faces.web.models import ProblemScreen
from minsheng.faces.web.words import _

_SERVER_ERROR = 500


def problem_page(problem: Problem) -> ResponseReturnValue:
    """The page for a problem; the way out depends on whether somebody is logged in."""
    # Whatever broke on our side may break again while we look, so nothing is asked then.
    asks = problem.status < _SERVER_ERROR
    signed_in = bool(g.get("visitor") or (asks and find_visitor()))
    title, text = _words(problem.status)
    screen = ProblemScreen(problem.status, title, text, problem.request_id)
    page = render_template("problem.html", problem=screen, signed_in=signed_in)
    return page, problem.status, [*problem.headers]


def _words(status: int) -> tuple[str, str]:
    """What happened, and what to do."""
    known = {
        400: (
            _("没有照做"),
            _("提交不是从本页发出的，或页面放得太久。请回到上一页刷新再试。"),
        ),
        401: (_("请重新登录"), _("登录已经结束，刚才的操作没有做。请登录后再试。")),
        403: (_("您的账号不能做这件事"), _("如确有需要，请管理员调整您的角色。这次尝试已记录。")),
        404: (_("没有这一页"), _("地址可能写错了，或内容不属于本单位。请从列表重新打开。")),
        405: (_("不能这样打开"), _("这个地址只接受页面上的按钮提交。请从页面操作。")),
        409: (_("情况已经变了"), _("别人先处理了，刚才的操作没有做。请打开最新的情况再看。")),
        413: (_("提交的内容太大"), _("没有收下。请减小后再提交。")),
        422: (_("填写的内容不能用"), _("没有照做。请回到上一页核对后再提交。")),
        429: (_("太频繁了"), _("请稍等一会儿再试。")),
        503: (_("暂时不能服务"), _("来件不会丢。请稍等一会儿再试。")),
    }
    wrong = _("这次操作没有完成，已经记录。请再试一次；还不行，请把编号告诉管理员。")
    return known.get(status, (_("出了差错"), wrong))


def register_problem_page(app: Flask) -> None:
    """Give the renderer of problems its page."""
    app.extensions[PAGE_HOOK] = problem_page
