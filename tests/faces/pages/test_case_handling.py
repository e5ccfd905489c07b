"""The page of a case: signing for it, closing against its guards, instructions and replies."""

import re
from typing import Any

import pytest

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def number(desk: Any) -> str:
    """A case with two origins, looked at by a liaison."""
    found: str = desk.take_in_heating("hotline_12345", "mailbox")
    desk.log_in()
    return found


def _draft(desk: Any, number: str) -> str:
    desk.send(f"/cases/{number}/replies", of=f"/cases/{number}")
    found = re.search(r'data-editor="([^"]+)"', desk.http.get(f"/cases/{number}").text)
    assert found
    return found.group(1)


def test_a_case_is_signed_for_and_says_why_it_cannot_be_closed(desk: Any, number: str) -> None:
    page = f"/cases/{number}"
    done = desk.send(f"{page}/claim", of=page)
    assert done.location == f"{page}?done=claimed"
    shown = desk.http.get(page).text
    assert 'aria-current="step"' in shown
    assert "正式答复还没有送达" in shown
    refused = desk.send(f"{page}/close", of=page, outcome="resolved")
    assert refused.location == f"{page}?done=close_refused"
    assert "第 5 日" in desk.http.get(f"{page}/deadline").text
    assert desk.http.get("/cases/130129-20260101-00001/deadline").status_code == 404


def test_a_leader_signs_with_one_gesture_and_nobody_else_can(desk: Any, number: str) -> None:
    page = f"/cases/{number}"
    assert desk.send(f"{page}/instructions", of=page, text="请办").status_code == 403
    desk.http = desk.app.test_client()
    desk.log_in("leader")
    assert desk.send(f"{page}/instructions", of=page, text=f"请核实 {EVIL}").status_code == 303
    shown = desk.http.get(page).text
    assert "请核实 &lt;script&gt;" in shown
    assert "签名有效" in shown
    own = desk.http.get("/leader?show=instructed").text
    assert number in own
    assert "请核实" in own


def test_two_who_write_on_one_draft_see_both_texts_and_nothing_is_lost(
    desk: Any, number: str
) -> None:
    page, reply = f"/cases/{number}", _draft(desk, number)
    save = f"{page}/replies/{reply}/save"
    first = desk.send(save, of=page, version="1", public_text="第一种说法")
    assert "已保存，第 2 版" in first.text
    desk.http = desk.app.test_client()
    desk.log_in("handler")
    second = desk.send(save, of=page, version="1", public_text="第二种说法")
    assert "以我的为准" in second.text
    assert "第一种说法" in second.text
    assert "第一种说法" in desk.http.get(page).text
    forced = desk.send(save, of=page, version="2", public_text=f"第二种说法 {EVIL}")
    assert "已保存，第 3 版" in forced.text
    assert "也在写" in forced.text
    assert EVIL not in desk.http.get(page).text


def test_a_reply_is_written_sent_to_review_and_approved_once(desk: Any, number: str) -> None:
    page, reply = f"/cases/{number}", _draft(desk, number)
    text = "供热公司已于11月22日修复主管道，6号楼室温已达18度以上。"
    sent = desk.send(f"{page}/replies/{reply}/submit", of=page, version="1", public_text=text)
    assert "done=submitted" in sent.location
    assert desk.send(f"{page}/replies/{reply}/decide", of=page, version="3").status_code == 403
    desk.http = desk.app.test_client()
    desk.log_in("leader")
    found = re.search(r'name="version" value="(\d+)"', desk.http.get(page).text)
    assert found
    decide = f"{page}/replies/{reply}/decide"
    approved = desk.send(decide, of=page, version=found.group(1), do="approve")
    assert "done=approved" in approved.location
    again = desk.send(decide, of=page, version=found.group(1), do="approve")
    assert "done=approved" not in again.location
    shown = desk.http.get(page).text
    assert "正式答复" in shown
    assert shown.count('class="delivery"') == 2
    assert "重新送达" not in shown


def test_a_body_complained_of_is_none_of_those_a_case_can_be_handed_to(
    desk: Any, number: str, office: Any
) -> None:
    office("street", below=desk.tenant_id)
    page = f"/cases/{number}"
    shown = desk.http.get(page).text
    listed = re.search(r'<datalist id="bodies">(.*?)</datalist>', shown, re.DOTALL)
    assert listed
    (code,) = re.findall(r'value="([^"]+)"', listed.group(1))
    desk.http = desk.app.test_client()
    desk.log_in("petitions")
    desk.send(f"{page}/complained", of=page, office=code)
    again = re.search(
        r'<datalist id="bodies">(.*?)</datalist>', desk.http.get(page).text, re.DOTALL
    )
    assert again
    assert code not in again.group(1)
    refused = desk.send(f"{page}/dispatch", of=page, to=code)
    assert "done=route_refused" in refused.location
