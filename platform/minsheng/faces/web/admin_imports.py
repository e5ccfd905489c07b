"""Accounts from a file: what the file must look like, what is wrong with it, and what was made.

The answer with the initial passwords is a part of the page itself (a ``data:`` link): it is stored
nowhere, and gone when the page is left.
"""

import base64
from dataclasses import dataclass

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from minsheng.accounts.imports import (
    MOST,
    NEEDED,
    OPTIONAL,
    ROLE_NAMES,
    Imported,
    ImportRefused,
    RowFault,
    import_users,
    read_accounts,
)
from minsheng.faces.cells import csv_text
from minsheng.faces.web.desk import actor, needs, office_session, tools, visitor
from minsheng.faces.web.locale import language
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.words import _

import_pages = Blueprint("import_pages", __name__, url_prefix="/admin/imports")

SHOWN = 200
"""Faults listed on the page; a file with more has one cause."""


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One thing to change in the file."""

    line: int
    column: str
    words: str


@import_pages.get("")
@needs("users.write")
def show_import() -> ResponseReturnValue:
    """What a file must look like, and the field for it."""
    return _page([], 0)


@import_pages.get("/template.csv")
@needs("users.write")
def template() -> ResponseReturnValue:
    """An empty file with two examples."""
    rows = [
        ["li.si", "李四", "信访科", "经办人、回访员", "", "", ""],
        ["wang.wu", "王五", "办公室", "readonly", "2027-06-30", "", ""],
    ]
    response = Response(
        csv_text([*NEEDED, *OPTIONAL], rows), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="accounts.csv"'
    return response


@import_pages.post("")
@needs("users.write")
def take() -> ResponseReturnValue:
    """Make every account of the file, or say what is wrong with it and make none."""
    file = request.files.get("file")
    data = file.read() if file else b""
    try:
        rows = read_accounts(data, tools().clock.now())
        with office_session() as session:
            made = import_users(session, tools(), actor(), rows, visitor().user.id)
    except ImportRefused as refused:
        lines = [_line(fault) for fault in refused.faults[:SHOWN]]
        return _page(lines, len(refused.faults)), 422
    with office_session() as session:
        return render_desk(
            session, "admin/imported.html", "imports",
            count=len(made), asked=sum(bool(row.new.roles) for row in rows), href=_link(made),
        )  # fmt: skip


def _page(faults: list[FaultLine], count: int) -> str:
    with office_session() as session:
        return render_desk(
            session, "admin/import.html", "imports",
            faults=faults, count=count, most=MOST,
            roles=list(ROLE_NAMES) if language() == "zh" else list(ROLE_NAMES.values()),
        )  # fmt: skip


def _link(made: list[Imported]) -> str:
    """The accounts and their initial passwords as the address of a file."""
    rows = [[each.username, each.name, each.password] for each in made]
    text = csv_text([_("账号"), _("姓名"), _("初始口令")], rows)
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"


def _line(fault: RowFault) -> FaultLine:
    column = _("整行") if fault.column == "file" else fault.column
    return FaultLine(fault.line, column, fault_words()[fault.code])


def fault_words() -> dict[str, str]:
    """What to change, by the code of the fault."""
    return {
        "encoding": _("文字编码认不出。请另存为带编码 8 位的 csv 文件再传。"),
        "quotes": _("引号不成对，请改这一行。"),
        "columns": _("第一行的列名不对，请用模板里的列名。"),
        "cells": _("这一行的格数和第一行不一样。"),
        "empty": _("文件里没有账号。"),
        "many": _("一个文件最多 %(count)s 个账号，请分开传。", count=MOST),
        "username": _("账号要用 2 到 32 个小写字母、数字、点、横线或下划线，以字母或数字开头。"),
        "name": _("请填写姓名，最多 50 个字。"),
        "unit": _("科室名称最多 50 个字。"),
        "roles": _("有不认识的角色，或三员与别的角色同时有。"),
        "expires_at": _("最后一天要写成 2026-12-31 的样子，并且不早于今天。"),
        "twice": _("文件里出现了两次。"),
        "exists": _("本单位已有这个账号。"),
        "provider": _("本单位没有在用的这个统一登录。"),
        "subject": _("统一登录和登录身份要一起填，登录身份最多 255 个字。"),
        "apart": _("三员的账号不能在导入时绑定统一登录。"),
        "linked": _("这个登录身份已绑定别的账号。"),
        "meanwhile": _("别人刚刚新增了其中的账号，请再传一次。"),
    }
