"""A file of accounts on the page: faults by line, passwords once, nothing when one row is wrong."""

import base64
import csv
import io
import re
from typing import Any

from minsheng.accounts.imports import FAULTS, ROLE_NAMES, read_accounts
from minsheng.faces.web.admin_imports import fault_words
from minsheng.faces.web.labels import role_name

HEAD = "username,name,unit,roles\n"
_LINK = re.compile(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"')


def send(desk: Any, data: str) -> Any:
    form = {
        "csrf_token": desk.token("/admin/imports"),
        "file": (io.BytesIO(data.encode()), "a.csv"),
    }
    return desk.http.post("/admin/imports", data=form, content_type="multipart/form-data")


def test_the_passwords_are_in_the_answer_once_and_as_a_file(desk: Any) -> None:
    desk.log_in("system_admin")
    answer = send(desk, HEAD + "li.si,李四,信访科,经办人\nwang.wu,=王五,,\n")
    assert answer.status_code == 200
    assert "已导入 2 个账号" in answer.text
    [link] = _LINK.findall(answer.text)
    text = base64.b64decode(link).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[:2] for row in rows[1:]] == [["li.si", "李四"], ["wang.wu", "'=王五"]]
    assert all(len(row[2]) == 23 for row in rows[1:])
    page = desk.http.get("/admin/users").text
    assert "li.si" in page
    assert rows[1][2] not in page
    assert "待批：经办人" in page


def test_what_is_wrong_is_listed_by_line_and_nothing_is_imported(desk: Any) -> None:
    desk.log_in("system_admin")
    answer = send(desk, HEAD + "li.si,李四,,经办人\nLi Si,,,皇帝\n")
    assert answer.status_code == 422
    assert "没有导入任何账号" in answer.text
    for part in (">3<", "username", "有不认识的角色"):
        assert part in answer.text
    assert "li.si" not in desk.http.get("/admin/users").text
    assert send(desk, "").status_code == 422


def test_the_template_can_be_filled_in_and_sent(desk: Any) -> None:
    desk.log_in("system_admin")
    given = desk.http.get("/admin/imports/template.csv")
    assert len(read_accounts(given.data, desk.tools.clock.now())) == 2


def test_every_fault_and_every_role_has_its_words(page_app: Any) -> None:
    with page_app.test_request_context(headers={"Accept-Language": "zh"}):
        assert set(fault_words()) == set(FAULTS)
        assert {role_name(role): role for role in ROLE_NAMES.values()} == ROLE_NAMES
