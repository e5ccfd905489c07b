"""One case: its origins side by side, why they were joined, and taking one out again."""

import re
from typing import Any

import pytest

OTHER = (
    "槐树小区6号楼没有热水",
    "槐树小区6号楼2单元没有热水，暖气也不热，供热站报修无人上门，请检修。",
)


def _columns(page: str) -> int:
    return page.count('<article class="origin">')


def _message_ids(page: str) -> list[str]:
    return re.findall(r'name="message" value="([^"]+)"', page)


def test_origins_stand_side_by_side_with_score_reasons_and_algorithm(desk: Any) -> None:
    number = desk.take_in_heating()
    desk.log_in()
    page = desk.http.get(f"/cases/{number}").text
    assert _columns(page) == 3
    assert page.count("并入，相似") == 2
    assert len(re.findall(r'class="join-score">\d+%', page)) == 2
    assert page.count('class="reasons"') == 2
    assert "系统自动" in page
    assert "首件" in page


def test_a_citizen_is_shown_masked(desk: Any) -> None:
    number = desk.take_in_heating()
    desk.log_in()
    page = desk.http.get(f"/cases/{number}").text
    assert "孙*" in page
    assert "138******01" in page
    assert "13800139001" not in page
    assert "孙建国" not in page


def test_taking_one_origin_out_leaves_two_and_offers_the_other_case(desk: Any) -> None:
    number = desk.take_in_heating()
    desk.log_in()
    message = _message_ids(desk.http.get(f"/cases/{number}").text)[2]
    answer = desk.send(f"/cases/{number}/split", of=f"/cases/{number}", message=message)
    assert answer.status_code == 303
    page = desk.http.get(answer.location).text
    assert _columns(page) == 2
    other = re.search(r"已拆出，来件现在在诉求 ([\d-]+|[\w-]+)。", page)
    assert other
    assert _columns(desk.http.get(f"/cases/{other.group(1)}").text) == 1


def test_sending_the_form_twice_takes_out_once(desk: Any) -> None:
    number = desk.take_in_heating()
    desk.log_in()
    message = _message_ids(desk.http.get(f"/cases/{number}").text)[2]
    form = {"of": f"/cases/{number}", "message": message}
    desk.send(f"/cases/{number}/split", **form)
    again = desk.send(f"/cases/{number}/split", **form)
    assert "done=already" in again.location
    page = desk.http.get(again.location).text
    assert _columns(page) == 2
    assert "没有照做：情况已经变了" in page


@pytest.mark.parametrize("message", ["", "no-id", "018f0000-0000-7000-8000-000000000000"])
def test_a_message_that_is_not_in_the_case_is_not_taken_out(desk: Any, message: str) -> None:
    number = desk.take_in_heating()
    desk.log_in()
    answer = desk.send(f"/cases/{number}/split", of=f"/cases/{number}", message=message)
    assert "done=already" in answer.location
    assert _columns(desk.http.get(f"/cases/{number}").text) == 3


def test_who_may_only_read_sees_no_form_and_is_refused(desk: Any) -> None:
    number = desk.take_in_heating()
    desk.log_in("readonly")
    page = desk.http.get(f"/cases/{number}").text
    assert _columns(page) == 3
    assert "确认拆出" not in page
    refused = desk.send(f"/cases/{number}/split", of=f"/cases/{number}", message="x")
    assert refused.status_code == 403


def test_a_merge_by_hand_can_be_undone_from_the_history(desk: Any) -> None:
    number = desk.take_in_heating("mailbox")
    other = desk.take_in("hotline_12345", "楼前污水井冒水", "楼前污水井一直往外冒水，请疏通。", "")
    desk.log_in()
    beside = desk.http.get(f"/cases/{number}/with?other={other}").text
    assert beside.count('class="pair-side"') == 2
    merged = desk.send(
        f"/cases/{number}/merge", of=f"/cases/{number}", other=other, reason="来电人自己说的"
    )
    page = desk.http.get(merged.location).text
    assert _columns(page) == 2
    assert "来电人自己说的" in page
    assert "人工并入" in page
    assert "本件已并入另一件诉求" in desk.http.get(f"/cases/{other}").text
    undone = desk.send(f"/cases/{number}/unmerge", of=f"/cases/{number}", other=other)
    assert _columns(desk.http.get(undone.location).text) == 1
    again = desk.send(f"/cases/{number}/unmerge", of=f"/cases/{number}", other=other)
    assert "done=already" in again.location


def test_what_was_said_not_to_be_the_same_is_merged_only_when_confirmed(desk: Any) -> None:
    number = desk.take_in_heating("mailbox", "hotline_12345")
    desk.log_in()
    message = _message_ids(desk.http.get(f"/cases/{number}").text)[1]
    parted = desk.send(f"/cases/{number}/split", of=f"/cases/{number}", message=message)
    other = re.search(r"about=([\w-]+)", parted.location)
    assert other
    form = {"of": f"/cases/{number}", "other": other.group(1)}
    asked = desk.send(f"/cases/{number}/merge", **form)
    assert "done=said_not_same" in asked.location
    assert "仍要合并" in desk.http.get(asked.location).text
    done = desk.send(f"/cases/{number}/merge", **form, despite_not_same="yes")
    assert "done=merged" in done.location


def test_a_wrong_number_to_compare_with_is_said_on_the_page(desk: Any) -> None:
    number = desk.take_in_heating("mailbox")
    desk.log_in()
    for wrong in ("130129-20200101-00001", number, "<b>"):
        answer = desk.http.get(f"/cases/{number}/with", query_string={"other": wrong})
        assert "本单位没有这个编号的诉求" in desk.http.get(answer.location).text


def test_a_case_that_is_not_there_is_a_page_that_says_what_to_do(desk: Any) -> None:
    desk.log_in()
    absent = desk.http.get("/cases/130129-20200101-00001")
    assert absent.status_code == 404
    assert "请从列表重新打开" in absent.text
