"""The queue: what it shows, how it is narrowed, and how it keeps itself fresh."""

import re
from typing import Any

BUS = (
    "高村到县城的公交一天只有两班",
    "高村到县城的公交车一天只有早晚两班，学生赶不上，请加开中午一班。",
)
LAMP = ("太行路路灯坏了", "太行路南段五盏路灯不亮已经半个月，晚上走路看不见，请修理。")
LIVE = {"HX-Request": "true"}


def _subjects(page: str) -> list[str]:
    return re.findall(r'class="row-subject"[^>]*><bdi>([^<]+)<', page)


def test_a_row_says_where_its_messages_came_from(desk: Any) -> None:
    number = desk.take_in_heating()
    desk.log_in()
    page = desk.http.get("/queue").text
    assert number in page
    assert "3 来件 · 3 渠道" in page
    for word in ("电话", "信箱", "留言板"):
        assert f"{word}</span>" in page or f"{word}\n" in page


def test_views_channels_and_words_narrow_the_queue_and_stand_in_the_address(desk: Any) -> None:
    desk.take_in_heating()
    desk.take_in("mailbox", *BUS, "13800139002")
    desk.take_in("hotline_12345", *LAMP, "13800139003")
    desk.log_in()

    def shown(query: str) -> list[str]:
        return _subjects(desk.http.get(f"/queue{query}").text)

    assert len(shown("")) == 3
    assert shown("?view=joined") == ["槐树小区6号楼暖气不热"]
    assert shown("?channel=mailbox&q=公交") == [BUS[0]]
    assert shown("?q=不存在的词") == []
    assert "没有符合条件的诉求" in desk.http.get("/queue?q=不存在的词").text
    assert shown("?sort=last_at") == shown("")[::-1]
    page = desk.http.get("/queue?view=joined&channel=mailbox").text
    assert '<option value="mailbox" selected>' in page
    assert '<input type="hidden" name="view" value="joined">' in page
    assert "/queue?view=joined&amp;channel=mailbox&amp;state=closed" in page


def test_a_filter_that_makes_no_sense_is_refused_with_a_page(desk: Any) -> None:
    desk.log_in()
    for query in ("view=theirs", "state=lost", "due=soon", "stage=lost", "sort=name", "cursor=!!"):
        answer = desk.http.get(f"/queue?{query}")
        assert answer.status_code == 422
        assert "填写的内容不能用" in answer.text


def test_pages_follow_one_another_without_a_gap_or_a_double(desk: Any) -> None:
    words = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃"
    for at, word in enumerate(words[:32]):
        body = f"{word * 4}村第{at * 37}号地{word * 3}问题，{word * 5}请处理{at * 91}。"
        desk.take_in("mailbox", f"{word}{at}", body, f"139{at:08d}")
    desk.log_in()
    first = desk.http.get("/queue").text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = desk.http.get(following.group(1).replace("&amp;", "&")).text
    both = _subjects(first) + _subjects(second)
    assert len(_subjects(first)) == 30
    assert len(both) == len(set(both)) == 32
    assert "到底了" in second
    assert "hx-get" in first
    assert "hx-get" not in second


def test_the_page_asks_again_and_is_told_304_until_something_changes(desk: Any) -> None:
    desk.take_in_heating()
    desk.log_in()
    first = desk.http.get("/queue", headers=LIVE)
    tag = first.headers["ETag"]
    assert "<html" not in first.text
    assert 'hx-swap-oob="innerMorph"' in first.text
    assert desk.http.get("/queue", headers=LIVE | {"If-None-Match": tag}).status_code == 304
    desk.take_in("mailbox", *BUS, "13800139002")
    changed = desk.http.get("/queue", headers=LIVE | {"If-None-Match": tag})
    assert changed.status_code == 200
    assert BUS[0] in changed.text


def test_what_a_citizen_writes_is_text_and_never_markup(desk: Any) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    number = desk.take_in("mailbox", evil, f"{evil} 请处理 hx-get=/x", "")
    desk.log_in()
    for path in ("/queue", f"/cases/{number}", f"/cases/{number}/preview"):
        page = desk.http.get(path).text
        assert "<img" not in page
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_the_preview_shows_the_case_in_short_and_is_not_for_others(desk: Any) -> None:
    number = desk.take_in_heating()
    assert desk.http.get(f"/cases/{number}/preview").status_code == 303
    desk.log_in()
    preview = desk.http.get(f"/cases/{number}/preview").text
    assert preview.count("preview-origin-head") == 3
    assert "<html" not in preview
