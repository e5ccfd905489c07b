"""What is done on a case: demands, looks on the spot, talks, promises (B10, D13, D14, D18)."""

import base64
import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from minsheng.handling import service as verbs
from minsheng.handling.errors import (
    CloseRefused,
    HandlingInvalid,
    PhotoRefused,
    ReasonNeeded,
)
from minsheng.handling.visits import LARGEST_PHOTO, media_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20 + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9"
SEVEN = (
    "建议如下：一、取消向河道倾倒；二、增加巡查；三、公开电话；四、修复护岸；五、清淤；"
    "六、立牌；七、按月公布水质。\n此致"
)


def test_feature_b10_a_case_with_seven_demands_cannot_be_closed_at_five(desk: Any) -> None:
    number = desk.case(body=SEVEN)
    proposed = desk.read(verbs.propose_for, number)
    assert len(proposed) == 7
    desk.do(verbs.add_demands, number, proposed)
    desk.walk(number, "call_back")
    desk.do(verbs.record_call_back, number, "satisfied", "", by="hui")
    for demand in range(1, 6):
        desk.do(verbs.answer_demand, number, demand, f"第{demand}条已办", by="wang")
    said = desk.refused(CloseRefused, verbs.close, number, "resolved", by="hui")
    assert "demand 6, 7 is not answered" in said
    for demand in (6, 7):
        desk.do(verbs.answer_demand, number, demand, "已列入计划", by="wang")
    entries = desk.entries()
    desk.do(verbs.answer_demand, number, 7, "已列入计划", by="wang")
    desk.do(verbs.add_demands, number, proposed[:2])
    assert desk.entries() == entries, "what stands already is not done again"
    desk.do(verbs.close, number, "resolved", by="hui")
    assert [d.number for d in desk.view(number).demands] == list(range(1, 8))


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (SEVEN, 7),
        ("1.修路灯\n2.修井盖\n3.修公厕", 3),
        ("1、修路灯 2、修井盖", 2),
        ("(1)修路灯；(2)修井盖", 2),
        ("（一）修路灯。（二）修井盖。（三）补树", 3),
        ("①修路灯②修井盖", 1),
        ("第一，修路灯。第二，修井盖。", 2),
        ("3、不是从一数起", 0),
        ("2026.11.20 在10.5号楼停电3.5小时", 0),
        ("一、只有一条", 0),
        ("没有编号的一段话。", 0),
        ("", 0),
    ],
)
def test_feature_b10_numbered_demands_are_read_from_the_text(told: str, wanted: int) -> None:
    found = verbs.propose_demands(told)
    assert len(found) == wanted or (wanted == 1 and not found)
    assert all(each == each.strip() and each for each in found)


def test_feature_d13_eleven_looks_on_the_spot_are_counted_as_eleven(desk: Any, api_of: Any) -> None:
    api, numbers = api_of(desk.tenant_id), [desk.case(), desk.case()]
    for at in range(11):
        body = {
            "id": str(uuid.uuid4()), "visited_at": f"2026-11-{at + 1:02d}T10:00:00+08:00",
            "place": f"槐河家园{at + 1}号楼", "people": ["李建军", "王秀英"], "words": "已看",
        }  # fmt: skip
        for _ in range(2):
            assert api.post(f"/cases/{numbers[at % 2]}/visits", body).status_code == 200
    query = {"since": "2026-11-01", "until": "2026-11-30"}
    report = api.get("/visits", **query).json
    assert (report["count"], len(report["items"])) == (11, 11)
    assert report["items"][0]["people"] == ["李建军", "王秀英"]
    assert api.get("/visits", since="2026-11-02", until="2026-11-10").json["count"] == 9
    assert api.get("/visits", since="2026-11-30", until="2026-11-01").status_code == 422
    ahead = {**body, "id": None, "visited_at": "2026-11-21T10:00:00+08:00"}
    assert api.post(f"/cases/{numbers[0]}/visits", ahead).status_code == 422
    nobody = {**body, "id": None, "people": [" "]}
    assert api.post(f"/cases/{numbers[0]}/visits", nobody).status_code == 422


def test_feature_d13_pictures_are_taken_by_their_bytes_and_kept_sealed(
    desk: Any, api_of: Any
) -> None:
    api, number = api_of(desk.tenant_id), desk.case()
    now = desk.clock.now()
    visit = desk.do(verbs.record_visit, number, now, "现场", ["李"], "")
    path = f"/cases/{number}/visits/{visit.id}/photos"
    for _ in range(2):
        answer = api.post(path, {"content": base64.b64encode(PNG).decode()})
        assert answer.status_code == 200
    (photo,) = answer.json["visits"][0]["photos"]
    assert (photo["media"], photo["size"]) == ("image/png", len(PNG))
    entries = desk.entries()
    shown = api.get(f"/photos/{photo['id']}")
    assert (shown.data, shown.content_type) == (PNG, "image/png")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert desk.entries() == entries + 1, "a look is kept"
    held = desk.read(lambda session: session.connection().exec_driver_sql(
        "select content from photos where tenant_id = %s", (desk.tenant_id,)
    ).scalars().all())  # fmt: skip
    assert len(held) == 1
    assert PNG[8:28] not in bytes(held[0])
    for bad in ("no base64!", base64.b64encode(b"<svg/>").decode()):
        assert api.post(path, {"content": bad}).status_code == 422
    assert api.post(path.replace(str(visit.id), str(uuid.uuid4())), {
        "content": base64.b64encode(PNG).decode()
    }).status_code == 404  # fmt: skip


def test_a_picture_is_png_or_jpeg_whole_and_not_too_large() -> None:
    assert (media_of(PNG), media_of(JPEG)) == ("image/png", "image/jpeg")
    for bad in (b"", b"GIF89a", PNG[:-1], JPEG[:-1], b"<html>" + PNG):
        with pytest.raises(PhotoRefused):
            media_of(bad)
    padding = LARGEST_PHOTO - len(JPEG)
    assert media_of(JPEG[:4] + b"\0" * padding + JPEG[4:]) == "image/jpeg"
    with pytest.raises(PhotoRefused, match="10 MiB"):
        media_of(JPEG[:4] + b"\0" * (padding + 1) + JPEG[4:])


def test_feature_d14_a_talk_outside_of_the_channels_stands_in_the_cases_record(
    desk: Any,
) -> None:
    number = desk.case()
    key, now = uuid.uuid4(), desk.clock.now()
    for _ in range(2):
        desk.do(verbs.record_contact, number, "meeting", now, ["群众甲", "李建军"], "当面说明",
                contact_id=key)  # fmt: skip
    (contact,) = desk.view(number).contacts
    assert (contact.way, contact.people, contact.words) == (
        "meeting", ["群众甲", "李建军"], "当面说明",
    )  # fmt: skip
    event = desk.events(number)[-1]
    assert (event.kind, event.data["words"]) == ("contact", "当面说明")
    assert desk.kinds(number).count("contact") == 1
    desk.refused(HandlingInvalid, verbs.record_contact, number, "dream", now, ["甲"], "梦见")
    desk.refused(ReasonNeeded, verbs.record_contact, number, "phone", now, ["甲"], " ")


def test_feature_d18_a_promise_reminds_on_its_day_and_tells_when_it_lands(desk: Any) -> None:
    number = desk.case()
    promise = desk.do(verbs.commit, number, "六月前建成幸福食堂", date(2026, 11, 25))
    for what in ("flow", "reply", "call_back"):
        desk.do(verbs.mark_exempt, number, what, by="sun", reason="已承诺")
    desk.do(verbs.close, number, "promised", by="sun")
    assert desk.view(number).commitments[0].state == "open", "the promise outlives the closing"
    desk.to("2026-11-25 08:29")
    desk.run("promise")
    assert desk.alerts("promise_due") == []
    desk.to("2026-11-25 08:30")
    for _ in range(2):
        desk.run("promise")
    (alert,) = desk.alerts("promise_due")
    assert alert.data["text"] == "六月前建成幸福食堂"
    desk.refused(ReasonNeeded, verbs.land, number, promise.id, " ")
    for _ in range(2):
        desk.do(verbs.land, number, promise.id, "食堂已开业，附照片")
    assert [row.row_id for row in desk.work_rows("promise_kept")] == [promise.id]
    kept = desk.view(number).commitments[0]
    assert (kept.state, kept.evidence) == ("landed", "食堂已开业，附照片")
    assert desk.kinds(number).count("land") == 1
    found, case = desk.read(verbs.promise_of, promise.id)
    assert (found.id, case.number) == (promise.id, number)


def test_feature_d18_a_promise_needs_a_day_that_can_be_kept(desk: Any) -> None:
    number = desk.case()
    today = date(2026, 11, 20)
    for day in (today - timedelta(days=1), date(2040, 1, 1)):
        desk.refused(HandlingInvalid, verbs.commit, number, "修好", day)
    desk.refused(HandlingInvalid, verbs.commit, number, "修好", today, kind="perhaps")
    made = desk.do(verbs.commit, number, "持续推进", today, kind="ongoing")
    desk.refused(ReasonNeeded, verbs.withdraw, number, made.id)
    desk.do(verbs.withdraw, number, made.id, reason="规划调整")
    assert desk.work_rows("promise") == []
    assert desk.view(number).commitments[0].state == "withdrawn"
