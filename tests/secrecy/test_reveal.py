"""A contact is shown for a purpose, once, and every look and refusal leaves one entry."""

import uuid
from typing import Any

import pytest

BODY = "文化街的井盖破损，骑车的人摔倒两次，请更换井盖。"
NAME, PHONE, EMAIL = "钱守义", "19912345678", "qian@example.org"
CITIZEN = {"name": NAME, "phone": PHONE, "email": EMAIL}


@pytest.fixture
def message(desk: Any) -> tuple[str, str]:
    """The id and case of a message whose citizen asks for nothing."""
    taken: list[tuple[str, str]] = desk.take_in(desk.message(BODY, citizen=CITIZEN))
    return taken[0]


@pytest.fixture
def secret(desk: Any) -> tuple[str, str]:
    """The id and case of a message whose citizen asks not to be named."""
    lamp = "槐树路口的路灯坏了半个月，晚上看不见路，请派人修理。"
    said = desk.message(lamp, citizen=CITIZEN, confidential=True)
    taken: list[tuple[str, str]] = desk.take_in(said)
    return taken[0]


def look(person: Any, message: tuple[str, str], **form: str) -> Any:
    path = f"/cases/{message[1]}/messages/{message[0]}/citizen"
    return person.send(path, **({"purpose": "contact", "words": "约时间"} | form))


def test_a_handler_sees_a_contact_for_a_purpose_and_one_entry_is_left(
    desk: Any, message: Any, audit_of: Any
) -> None:
    handler = desk.people["handler"]
    assert PHONE not in handler.get(f"/cases/{message[1]}").text
    shown = look(handler, message)
    assert shown.status_code == 200
    assert all(part in shown.text for part in CITIZEN.values())
    assert shown.headers["Cache-Control"] == "no-store"
    assert PHONE not in handler.get(f"/cases/{message[1]}").text
    (entry,) = audit_of(desk.tenant_id, "citizen.reveal")
    assert entry.actor.startswith("user:handler")
    assert (entry.object_id, entry.result) == (message[0], "contact: 约时间")


def test_a_page_that_asks_by_itself_gets_the_contact_alone(desk: Any, message: Any) -> None:
    handler = desk.people["handler"]
    path = f"/cases/{message[1]}/messages/{message[0]}/citizen"
    answer = handler.http.post(
        path, data={"purpose": "visit", "csrf_token": handler.csrf}, headers={"HX-Request": "true"}
    )
    assert PHONE in answer.text
    assert "<html" not in answer.text


def test_without_a_purpose_nothing_is_shown_and_nothing_is_noted(
    desk: Any, message: Any, audit_of: Any, read: Any
) -> None:
    for form in ({"purpose": ""}, {"purpose": "curiosity"}, {"purpose": "other", "words": " "}):
        answer = look(desk.people["handler"], message, **form)
        assert answer.status_code == 422
        assert "请选一项用途" in read(answer)
        assert PHONE not in answer.text
    body = {"purpose": "other", "words": ""}
    answer = desk.plain.post(f"/messages/{message[0]}/citizen", body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "words"
    assert audit_of(desk.tenant_id, "citizen.reveal") == []


def test_a_role_without_the_right_is_refused_and_the_refusal_is_kept(
    desk: Any, message: Any, audit_of: Any
) -> None:
    answer = look(desk.people["research"], message)
    assert answer.status_code == 403
    assert PHONE not in answer.text
    (entry,) = audit_of(desk.tenant_id, "permission.demand")
    assert (entry.object_id, entry.result) == ("citizens.read", "refused")


def test_rel_i8_the_contact_of_one_who_asked_for_secrecy_opens_for_petitions_only(
    desk: Any, secret: Any, audit_of: Any, read: Any
) -> None:
    refused = look(desk.people["handler"], secret)
    assert refused.status_code == 403
    assert "要求保密" in read(refused)
    assert PHONE not in refused.text
    shown = look(desk.people["petitions"], secret)
    assert PHONE in shown.text
    results = [entry.result for entry in audit_of(desk.tenant_id, "citizen.reveal")]
    assert results == ["refused: confidential; contact: 约时间", "contact: 约时间"]


def test_rel_u1_the_api_shows_a_contact_with_its_own_scope_and_purpose(
    desk: Any, message: Any, secret: Any, audit_of: Any, api_of: Any
) -> None:
    asked = {"purpose": "deliver", "words": ""}
    answer = desk.plain.post(f"/messages/{message[0]}/citizen", asked)
    assert answer.json == CITIZEN
    narrow = api_of(desk.tenant_id, scopes=("cases:read", "messages:read"))
    assert narrow.post(f"/messages/{message[0]}/citizen", asked).status_code == 403
    kept = desk.plain.post(f"/messages/{secret[0]}/citizen", asked)
    assert (kept.status_code, kept.json["type"]) == (403, "/problems/citizen-unnamed")
    assert desk.trusted.post(f"/messages/{secret[0]}/citizen", asked).json == CITIZEN
    results = [entry.result for entry in audit_of(desk.tenant_id, "citizen.reveal")]
    assert sorted(results) == ["deliver", "deliver", "refused: confidential; deliver"]


def test_a_message_out_of_sight_is_answered_like_one_that_is_none(desk: Any, audit_of: Any) -> None:
    angry = "我要投诉测试单位county，工作人员推诿不作为。"
    ((hidden, number),) = desk.take_in(desk.message(angry, citizen=CITIZEN))
    asked = {"purpose": "contact", "words": ""}
    nowhere = str(uuid.uuid4())
    absent = desk.plain.post(f"/messages/{nowhere}/citizen", asked)
    answer = desk.plain.post(f"/messages/{hidden}/citizen", asked)
    assert (answer.status_code, answer.json) == (absent.status_code, absent.json)
    assert answer.status_code == 404
    assert look(desk.people["handler"], (hidden, number)).status_code == 404
    assert audit_of(desk.tenant_id, "citizen.reveal") == []
    assert look(desk.people["petitions"], (hidden, number)).status_code == 200


def test_an_officer_marks_a_citizen_and_only_petitions_lift_it_with_a_reason(
    desk: Any, message: Any, audit_of: Any
) -> None:
    handler, petitions = desk.people["handler"], desk.people["petitions"]
    base = f"/cases/{message[1]}/messages/{message[0]}"
    assert "199" in handler.get(f"/cases/{message[1]}").text
    assert handler.send(f"{base}/confidential").status_code == 303
    assert "199******" not in handler.get(f"/cases/{message[1]}").text
    assert handler.send(f"{base}/named", reason="写错了").status_code == 403
    assert petitions.send(f"{base}/named", reason="").headers["Location"].endswith("reason_missing")
    assert look(handler, message).status_code == 403
    assert petitions.send(f"{base}/named", reason="本人来电取消").status_code == 303
    assert look(handler, message).status_code == 200
    marked = audit_of(desk.tenant_id, "message.confidential")
    lifted = audit_of(desk.tenant_id, "message.not_confidential")
    assert (len(marked), len(lifted)) == (1, 1)
