"""Possible duplicates: shown side by side, answered by a person, one after another."""

import re
from typing import Any

import pytest

LEFT = (
    "槐树小区6号楼暖气不热",
    "槐树小区6号楼2单元暖气一直不热，室温只有13度，向供热站报修三次无人上门，请尽快安排检修。",
)
RIGHT = (
    "槐树小区6号楼暖气不热求检修",
    "槐树小区6号楼2单元暖气一直不热，室温只有14度，向供热站报修三次无人上门，请尽快安排检修。",
)


@pytest.fixture
def pair(desk: Any) -> tuple[str, str]:
    """Two citizens' messages about one heating: never joined by the service itself."""
    left = desk.take_in("hotline_12345", *LEFT, "13800139001")
    right = desk.take_in("mailbox", *RIGHT, "13800139002")
    assert left != right
    desk.log_in("reviewer")
    return left, right


def _open_pair(desk: Any) -> Any:
    found = desk.http.get("/review")
    assert found.status_code == 303
    return desk.http.get(found.location), found.location


def _finding(page: str) -> str:
    found = re.search(r'action="(/findings/[^"]+)"', page)
    assert found
    return found.group(1)


def test_a_pair_stands_side_by_side_with_its_reasons_between(desk: Any, pair: Any) -> None:
    page, _ = _open_pair(desk)
    assert page.text.count('class="pair-side"') == 2
    assert 'class="reasons"' in page.text
    assert '<mark class="own-fact">13</mark>' in page.text
    assert '<mark class="own-fact">14</mark>' in page.text
    for number in pair:
        assert number in page.text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("same", "已合并到诉求"), ("related", "已记住：相关"), ("different", "已记住：不是同一件")],
)
def test_an_answer_closes_the_pair_and_leads_on(
    desk: Any, pair: Any, outcome: str, said: str
) -> None:
    page, path = _open_pair(desk)
    answer = desk.send(_finding(page.text), of=path, outcome=outcome)
    following = desk.http.get(answer.location)
    assert following.location.startswith("/queue?view=review")
    queue = desk.http.get(following.location).text
    assert said in queue
    columns = desk.http.get(f"/cases/{pair[0]}").text.count('<article class="origin">')
    assert columns == (2 if outcome == "same" else 1)


def test_an_answered_pair_cannot_be_answered_again(desk: Any, pair: Any) -> None:
    page, path = _open_pair(desk)
    desk.send(_finding(page.text), of=path, outcome="different")
    again = desk.send(_finding(page.text), of="/queue", outcome="same")
    assert "done=already" in again.location
    assert desk.http.get(path).location == f"/cases/{path.split('/')[2]}?done=already"
    assert desk.http.get(f"/cases/{pair[0]}").text.count('<article class="origin">') == 1


def test_an_answer_that_does_not_exist_changes_nothing(desk: Any, pair: Any) -> None:
    page, path = _open_pair(desk)
    answer = desk.send(_finding(page.text), of=path, outcome="perhaps")
    assert "done=already" in answer.location
    assert desk.http.get(path).status_code == 200


def test_leaving_a_pair_shows_the_next_one_and_each_pair_once(desk: Any, pair: Any) -> None:
    desk.take_in(
        "leaders_board", "桥头路灯不亮", "桥头三盏路灯不亮，晚上过桥危险，请修。", "13800139003"
    )
    desk.take_in(
        "mailbox", "桥头的路灯不亮", "桥头三盏路灯不亮，晚上过桥很危险，请修一修。", "13800139004"
    )
    seen, path = [], "/review"
    for _ in range(10):
        path = desk.http.get(path).location
        if path.startswith("/queue"):
            break
        page = desk.http.get(path).text
        seen.append(_finding(page))
        skip = re.search(r'href="([^"]+)" data-key="n"', page)
        assert skip
        path = skip.group(1).replace("&amp;", "&")
    assert len(seen) == len(set(seen)) >= 2
    assert path.startswith("/queue?view=review")


def test_who_may_only_read_sees_the_pair_without_a_verdict(desk: Any, pair: Any) -> None:
    _, path = _open_pair(desk)
    finding = _finding(desk.http.get(path).text)
    desk.http = desk.app.test_client()
    desk.log_in("leader")
    page = desk.http.get(path).text
    assert "您的角色只能查看" in page
    assert "/findings/" not in page
    assert desk.send(finding, of=path, outcome="same").status_code == 403
