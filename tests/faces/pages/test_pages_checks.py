"""Looking at done work again: low-rating reviews, samples, and the dossier of a case."""

import io
import re
import uuid
import zipfile
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.cases.service import place_case
from minsheng.citizens.service import Scores, list_reviews, take_rating

WORDS = {"cause": "第一次没有上门", "responsible": "供热公司", "action": "已上门清洗阀门并复测"}


def low_rated(desk: Any) -> str:
    """A case with a low rating by the leaders' board; its number."""
    number: str = desk.take_in_heating("leaders_board")
    with desk.tools.database.session(desk.tenant_id) as session:
        now = desk.tools.clock.now()
        scores = Scores(solved=1, manner=3, words="<script>屋里还是冷</script>")
        take_rating(session, desk.tools, SYSTEM, "leaders-board", "X1", scores, now)
    return number


def review_of(desk: Any) -> str:
    with desk.tools.database.session(desk.tenant_id) as session:
        (found,) = list_reviews(session, state="")
    return f"/low-ratings/{found.id}"


def closed(desk: Any, handler: str = "") -> str:
    """A closed case; its number."""
    number: str = desk.take_in_heating("mailbox")
    with desk.tools.database.session(desk.tenant_id) as session:
        wanted = text("select id from cases where number = :n")
        case_id = session.scalar(wanted, {"n": number})
        now = desk.tools.clock.now()
        place_case(session, case_id, stage="closed", closed_at=now, handler=handler)
    return number


def days(desk: Any, **more: str) -> dict[str, str]:
    today = (desk.tools.clock.now() + timedelta(hours=8)).date()
    since = (today - timedelta(days=3)).isoformat()
    return {"since": since, "until": today.isoformat(), "share": "100", "seed": "签7"} | more


def test_a_low_rating_is_reviewed_once_and_stays_readable(desk: Any) -> None:
    number = low_rated(desk)
    desk.log_in()
    page = desk.http.get("/low-ratings").text
    assert "&lt;script&gt;屋里还是冷" in page
    address = review_of(desk)
    assert address in page
    answer = desk.send(f"{address}/close", of=address, **WORDS)
    assert answer.status_code == 303
    shown = desk.http.get(answer.location).text
    assert "倒查已办结" in shown
    assert WORDS["cause"] in shown
    assert number in shown
    again = desk.send(f"{address}/close", of="/account", **(WORDS | {"cause": "另一种说法"}))
    assert "done=already" in again.location
    assert "另一种说法" not in desk.http.get(address).text
    assert address not in desk.http.get("/low-ratings").text
    assert address in desk.http.get("/low-ratings?state=closed").text


def test_findings_that_are_too_short_come_back_with_what_was_written(desk: Any) -> None:
    low_rated(desk)
    desk.log_in()
    address = review_of(desk)
    answer = desk.send(f"{address}/close", of=address, **(WORDS | {"action": "改"}))
    assert answer.status_code == 422
    assert WORDS["cause"] in answer.text
    assert 'name="action" rows="3" minlength="4" maxlength="1000" required aria-invalid' in (
        answer.text
    )


def test_who_handles_reads_reviews_and_closes_none(desk: Any) -> None:
    low_rated(desk)
    desk.log_in("handler")
    address = review_of(desk)
    assert "还没有结论" in desk.http.get(address).text
    assert desk.send(f"{address}/close", of="/account", **WORDS).status_code == 403
    assert desk.http.get(f"/low-ratings/{uuid.uuid4()}").status_code == 404


def test_a_sample_is_drawn_looked_at_and_written_down_once(desk: Any) -> None:
    number = closed(desk)
    desk.log_in()
    drawn = desk.send("/samples", of="/samples", **days(desk))
    assert drawn.status_code == 303
    address = drawn.location.partition("?")[0]
    assert number in desk.http.get(address).text
    look = f"{address}/cases/{number}"
    short = desk.send(look, of=address, result="sound", words="好")
    assert short.status_code == 422
    assert "请选结果" in short.text
    done = desk.send(look, of=address, result="sound", words="室温二十度，住户认可。")
    assert done.status_code == 303
    page = desk.http.get(address).text
    assert "办结属实" in page
    assert "室温二十度" in page
    assert "记结果" not in page
    assert address in desk.http.get("/samples").text


def test_who_handled_a_case_does_not_look_back_at_it(desk: Any) -> None:
    number = closed(desk, handler="liaison")
    desk.log_in()
    address = desk.send("/samples", of="/samples", **days(desk)).location.partition("?")[0]
    done = desk.send(
        f"{address}/cases/{number}", of=address, result="sound", words="自己看自己的。"
    )
    assert "done=same_person" in done.location
    assert "自己看自己的" not in desk.http.get(address).text


def test_a_draw_that_makes_no_sense_comes_back_with_what_to_change(desk: Any) -> None:
    desk.log_in()
    wrong = ({"share": "0"}, {"share": "x"}, {"until": "2020-01-01"}, {"since": "gestern"})
    for change in wrong:
        answer = desk.send("/samples", of="/samples", **days(desk, **change))
        assert answer.status_code == 422, change
        assert "field-fault" in answer.text
        assert "签7" in answer.text
    desk.http.get("/samples?cursor=x")
    assert "还没有抽过" in desk.http.get("/samples").text


def test_the_dossier_of_a_case_is_handed_over_for_a_purpose_only(desk: Any) -> None:
    number = desk.take_in_heating("mailbox")
    desk.log_in()
    address, case = f"/cases/{number}/dossier", f"/cases/{number}"
    refused = desk.send(address, of=case, purpose="", words="")
    assert "done=purpose_missing" in refused.location
    assert "没有导出" in desk.http.get(refused.location).text
    made = desk.send(address, of=case, purpose="verify", words="")
    assert made.status_code == 200
    assert made.headers["Content-Disposition"] == f'attachment; filename="{number}.zip"'
    names = zipfile.ZipFile(io.BytesIO(made.data)).namelist()
    assert any(name.endswith("dossier.pdf") for name in names)


def test_who_may_not_read_citizens_is_offered_no_dossier(desk: Any) -> None:
    number = desk.take_in_heating("mailbox")
    desk.log_in("research")
    assert "导出案卷" not in desk.http.get(f"/cases/{number}").text
    answer = desk.send(f"/cases/{number}/dossier", of="/account", purpose="verify", words="")
    assert answer.status_code == 403


def test_the_rail_holds_overview_and_checks_apart_from_the_sources(desk: Any) -> None:
    desk.log_in()
    page = desk.http.get("/queue").text
    rail = re.findall(r'views-title">([^<]+)|<span>([^<]+)</span>', page.partition("</nav>")[0])
    words = [title or label for title, label in rail]
    at, then = words.index("统览督查"), words.index("来源")
    assert words[at + 1 : then] == ["总览", "跨单位线索", "差评倒查", "回头看"]
    assert words[then + 1 :] == ["渠道", "发送", "隔离区"]


def test_days_on_pages_are_said_as_people_say_them(desk: Any) -> None:
    desk.log_in()
    page = desk.http.get("/figures?since=2026-11-01&until=2026-11-20").text
    assert "11月1日 至 11月20日" in page
