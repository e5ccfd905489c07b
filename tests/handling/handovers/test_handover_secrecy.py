"""What goes along with a case: sealed for its receiver, and nobody is named who asked not to be."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.cases.service import PLAIN, RevealRefused, Sight, case_view, merge
from minsheng.handling.errors import ReasonNeeded
from minsheng.handling.handovers_content import CONTENT, open_content
from minsheng.runtime.crypto import SealBroken

SEES_ALL = Sight(confidential=True)
PHONE = "13987654321"


def view_of(world: Any, at: int, number: str, sight: Sight = PLAIN) -> Any:
    with world.session(at) as session:
        return case_view(session, world.tools, number, sight)


def received(world: Any, made: Any) -> Any:
    """What the receiver has of a handover, in clear."""
    handover = world.handover(world.county, made.id)
    return json.loads(open_content(world.tools.keyring.cipher(world.county), handover))


def test_what_is_handed_over_opens_at_the_receivers_alone(world: Any, citizen: Any) -> None:
    _number, made = world.handed(world.city, world.county, citizen=citizen(PHONE))
    handover = world.handover(world.city, made.id)
    with pytest.raises(SealBroken):
        open_content(world.tools.keyring.cipher(world.city), handover)
    assert PHONE.encode() not in handover.content
    with pytest.raises(SealBroken):
        world.tools.keyring.cipher(world.county).open(CONTENT, made.id, b"\x01" * 64)
    assert received(world, made)["messages"][0]["citizen"]["phone"] == PHONE


def test_placeholders_are_made_anew_and_the_contact_is_sealed_for_the_receiver(
    world: Any, citizen: Any
) -> None:
    body = f"我是李建国，{world.LAMP}电话{PHONE}。"
    _number, made = world.handed(world.city, world.county, body=body, citizen=citizen(PHONE))
    (message,) = view_of(world, world.county, world.case_of(world.county, made.id).number).messages
    assert (message.plugin, message.channel) == ("handover", "handover")
    assert "〔电话〕" in message.body
    assert PHONE not in message.body
    assert "李建国" not in message.body
    assert (message.citizen_name, message.citizen_phone) == ("李*", "139******21")
    index = "select phone_ix from messages where tenant_id = :tenant"
    assert bytes(world.scalar(world.city, index)) != bytes(world.scalar(world.county, index))


def test_feature_d12_who_asked_for_secrecy_is_not_handed_on(world: Any, citizen: Any) -> None:
    body = f"{world.LAMP}请为我保密，我叫李建国，电话{PHONE}。"
    number, made = world.handed(world.city, world.county, body=body, citizen=citizen(PHONE))
    assert world.handover(world.city, made.id).contact == "withheld"
    said = json.dumps(received(world, made), ensure_ascii=False)
    assert PHONE not in said
    assert "李建国" not in said
    theirs = world.case_of(world.county, made.id).number
    for sight in (PLAIN, SEES_ALL):
        (message,) = view_of(world, world.county, theirs, sight).messages
        assert message.confidential
        assert message.citizen_name == message.citizen_phone == ""
    assert view_of(world, world.city, number, SEES_ALL).messages[0].citizen_name == "李*"


def test_a_withheld_contact_is_handed_on_with_the_right_and_a_reason(
    world: Any, citizen: Any
) -> None:
    body = f"{world.LAMP}请为我保密。"
    number = world.case(world.city, body, citizen=citizen(PHONE))
    more = {"with_contact": True}
    with pytest.raises(RevealRefused):
        world.dispatch(world.city, number, world.county, reason="须上门", **more)
    with pytest.raises(ReasonNeeded):
        world.dispatch(world.city, number, world.county, sight=SEES_ALL, **more)
    more |= {"sight": SEES_ALL, "reason": "须上门核实"}
    made = world.dispatch(world.city, number, world.county, **more)
    world.carry()
    assert world.audited(world.city, "citizen.hand_over") == ["ok"]
    theirs = world.case_of(world.county, made.id).number
    assert view_of(world, world.county, theirs).messages[0].citizen_name == ""
    assert view_of(world, world.county, theirs, SEES_ALL).messages[0].citizen_name == "李*"


def test_of_several_messages_the_receiver_gets_one_and_only_the_first_citizens_contact(
    world: Any, citizen: Any
) -> None:
    one = world.case(world.city, world.LAMP, citizen=citizen(PHONE))
    other = world.case(world.city, f"{world.LIFT}张桂芳", citizen=citizen("13711112222", "张桂芳"))
    with world.session(world.city) as session:
        merge(session, world.tools, world.wish("一件事"), one, other)
    made = world.dispatch(world.city, one, world.county)
    world.carry()
    (message,) = view_of(world, world.county, world.case_of(world.county, made.id).number).messages
    assert "路灯" in message.body
    assert "电梯" in message.body
    assert "张桂芳" not in message.body
    assert message.citizen_phone == "139******21"


def test_no_plain_word_of_a_handover_stands_in_the_shared_row(world: Any, citizen: Any) -> None:
    _number, made = world.handed(world.city, world.county, citizen=citizen(PHONE))
    world.answer(world.county, world.incoming(world.county).to_message, "已修好。", "内部意见")
    world.carry()
    with world.session(world.city) as session:
        row = session.scalar(
            text("select row_to_json(h)::text from handovers h where id = :id"), {"id": made.id}
        )
    for word in ("路灯", "已修好", "内部意见", PHONE, "李建国"):
        assert word not in row
        assert word.encode().hex() not in row
