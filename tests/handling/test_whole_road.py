"""One case from its arrival to its dossier, at the API: every step on one timeline, in one file."""

import base64
import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.handling import service as verbs
from minsheng.replies.service import approve

PNG = b"\x89PNG\r\n\x1a\n" + b"\x07" * 20 + b"IEND\xaeB`\x82"
ANSWER = "经现场核查，十二盏路灯线路老化，已于11月20日全部更换，现已恢复照明，每月检修一次。"
RAW = text("select external_id from messages where tenant_id = :office")


def test_feature_d2_handling_reply_and_analysis_are_stamped_on_one_timeline(
    desk: Any, api_of: Any
) -> None:
    api, number = api_of(desk.tenant_id), desk.case()
    desk.walk(number, "reply")
    made = api.post(f"/cases/{number}/replies", {"public_text": ANSWER}).json
    step = api.post(f"/replies/{made['id']}/submit", {"version": made["version"]}).json
    own = api.post(f"/replies/{made['id']}/approve", {"version": step["version"]})
    assert (own.status_code, own.json["type"]) == (403, "/problems/two-people")
    desk.do(approve, uuid.UUID(made["id"]), step["version"], by="zhao")
    (sent,) = api.get(f"/cases/{number}/deliveries").json["items"]
    assert api.post(f"/deliveries/{sent['id']}/taken").status_code == 200
    (letter,) = desk.read(lambda s: s.scalars(RAW, {"office": desk.tenant_id}).all())
    rating = {"external_id": letter, "solved": 1, "rated_at": desk.clock.now().isoformat()}
    assert api.post("/channels/x/ratings", rating).status_code == 200
    (review,) = api.get("/low-ratings").json["items"]
    assert review["case"] == number
    found = {"cause": "只换灯泡未换线路", "responsible": "路灯所", "action": "更换线路并回访"}
    assert api.post(f"/low-ratings/{review['id']}/close", found).status_code == 200
    shown = api.get(f"/cases/{number}/timeline").json["items"]
    order = ["opened", "settled", "claim", "review", "reply_approved", "delivery_taken", "rated",
             "review_opened", "review_closed"]  # fmt: skip
    kinds = [event["kind"] for event in shown]
    firsts = [kinds.index(kind) for kind in order]
    assert firsts in (sorted(firsts), sorted(firsts, reverse=True)), kinds
    assert all(event["at"] and event["actor"] for event in shown)


@pytest.fixture
def dossier(desk: Any, api_of: Any) -> zipfile.ZipFile:
    """The dossier of a case with a look on the spot, its picture, and a talk."""
    api, number = api_of(desk.tenant_id), desk.case()
    desk.do(verbs.record_contact, number, "meeting", desk.clock.now(), ["群众甲"], "当面说明缘由")
    visit = desk.do(verbs.record_visit, number, desk.clock.now(), "现场", ["李"], "已看")
    photo = {"content": base64.b64encode(PNG).decode()}
    assert api.post(f"/cases/{number}/visits/{visit.id}/photos", photo).status_code == 200
    assert api.post(f"/cases/{number}/dossier", {"purpose": "other"}).status_code == 422
    made = api.post(f"/cases/{number}/dossier", {"purpose": "verify"})
    assert made.status_code == 200
    return zipfile.ZipFile(io.BytesIO(made.data))


def test_feature_d14_a_talk_outside_of_the_channels_shows_in_the_dossier(
    dossier: zipfile.ZipFile,
) -> None:
    (talk,) = json.loads(dossier.read("rows/contacts.json"))
    assert (talk["way"], talk["people"], talk["words"]) == ("meeting", ["群众甲"], "当面说明缘由")
    events = json.loads(dossier.read("rows/case_events.json"))
    assert [each["data"]["words"] for each in events if each["kind"] == "contact"] == [
        talk["words"]
    ]


def test_feature_e1_the_dossier_holds_the_pictures_that_were_taken(
    dossier: zipfile.ZipFile,
) -> None:
    (photo,) = json.loads(dossier.read("rows/photos.json"))
    assert dossier.read(photo["content"]["file"]) == PNG
    index = json.loads(dossier.read("index.json"))
    assert photo["content"]["file"] in json.dumps(index)
