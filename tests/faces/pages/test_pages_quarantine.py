"""The quarantine: seen on a screen with its bytes, and read once more."""

import uuid
from typing import Any

from sqlalchemy import text

_LOOKS = text("""
    select actor, result from audit_entries
    where tenant_id = :tenant and action = 'quarantine.look'
""")
RAW = "工单 <script>alert(1)</script>\x00".encode() + b"\xff\xfe"


def test_what_could_not_be_read_is_listed_with_reason_size_and_channel(desk: Any) -> None:
    desk.put_aside(desk.add_hotline(), RAW)
    desk.log_in()
    page = desk.http.get("/quarantine").text
    for part in ("内容读不懂", "line 3 has no number", f"{len(RAW)} B", "12345 热线"):
        assert part in page
    assert 'class="view-count view-count-warn">1<' in page


def test_an_empty_quarantine_says_so(desk: Any) -> None:
    desk.log_in()
    assert "隔离区是空的" in desk.http.get("/quarantine").text


def test_the_bytes_are_text_never_markup_and_the_look_is_written_down(desk: Any) -> None:
    item = desk.put_aside(desk.add_hotline(), RAW)
    desk.log_in()
    page = desk.http.get(f"/quarantine/{item}").text
    assert "工单 &lt;script&gt;alert(1)&lt;/script&gt;\\x00\\xff\\xfe" in page
    assert "<script>alert" not in page
    with desk.tools.database.owner_session() as session:
        seen = session.execute(_LOOKS, {"tenant": desk.tenant_id})
        assert [tuple(row) for row in seen] == [("user:liaison", "ok")]


def test_reading_once_more_is_a_form_and_a_second_time_is_no_error(desk: Any) -> None:
    item = desk.put_aside(desk.add_hotline(), RAW)
    desk.log_in()
    assert desk.http.get(f"/quarantine/{item}/replay").status_code == 405
    for _ in range(2):
        answer = desk.send(f"/quarantine/{item}/replay", of="/quarantine")
        assert answer.location == "/quarantine?done=replayed"
    with desk.tools.database.session(desk.tenant_id) as session:
        assert session.scalar(text("select count(*) from work where kind = 'parse'")) == 1


def test_what_is_not_in_quarantine_is_not_found(desk: Any) -> None:
    desk.log_in()
    absent = uuid.UUID(int=7)
    assert desk.http.get(f"/quarantine/{absent}").status_code == 404
    answer = desk.send(f"/quarantine/{absent}/replay", of="/quarantine")
    assert answer.location == "/quarantine?done=already"


def test_roles_without_the_permission_see_no_byte(desk: Any) -> None:
    item = desk.put_aside(desk.add_hotline(), RAW)
    desk.log_in("system_admin")
    for path in ("/quarantine", f"/quarantine/{item}"):
        assert desk.http.get(path).status_code == 403
    assert "隔离区" not in desk.http.get("/channels").text


def test_older_arrivals_are_on_the_next_page(desk: Any) -> None:
    channel = desk.add_hotline()
    for at in range(51):
        desk.put_aside(channel, f"{at}".encode())
    desk.log_in()
    first = desk.http.get("/quarantine").text
    assert first.count("重新读取</button>") == 50
    after = first.split('" rel="next"')[0].rsplit('href="', 1)[1]
    assert desk.http.get(after).text.count("重新读取</button>") == 1
