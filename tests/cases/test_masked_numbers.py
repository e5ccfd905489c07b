"""A masked telephone neither makes two citizens of one nor one of two."""

from typing import Any

import pytest


@pytest.mark.parametrize("masked", ["138****5678", "138＊＊＊＊5678", "+86 138XXXX5678"])
def test_a_masked_telephone_joins_the_full_one_of_the_same_citizen(desk: Any, masked: str) -> None:
    first = desk.send(phone="13800135678", name="李明")
    assert desk.send(phone=masked, name="李明") == first
    codes = {
        reason["code"] for reason in desk.api.get(f"/cases/{first}").json["joins"][1]["reasons"]
    }
    assert {"citizen.phone_part", "citizen.name"} <= codes


@pytest.mark.parametrize("masked", ["138****5679", "139****5678"])
def test_other_visible_digits_are_another_citizen(desk: Any, masked: str) -> None:
    first = desk.send(phone="13800135678", name="李明")
    other = desk.send(phone=masked, name="李明")
    assert other != first
    (hint,) = desk.hints(first)
    assert hint["decision"] == "review"
    assert "citizen.other_phone" in {reason["code"] for reason in hint["reasons"]}


def test_equal_masked_numbers_of_two_citizens_join_nothing(desk: Any) -> None:
    first = desk.send(phone="138****5678", name="李明")
    assert desk.send(phone="138****5678", name="王芳") != first
    assert desk.send(phone="138****5678", name="赵刚") != first


def test_a_bare_courtesy_is_no_name_to_join_by(desk: Any) -> None:
    first = desk.send(name="李先生")
    assert desk.send(name="李先生") != first
    assert desk.send(name="李先生", phone="13800135678") != first


def test_a_masked_number_hides_with_the_one_who_asked_for_secrecy(desk: Any, api_of: Any) -> None:
    open_one = desk.message(phone="138****5678", name="李明")
    quiet = desk.message(phone="13800135678", name="李明", confidential=True)
    number = desk.post(open_one, quiet)[0]
    plain = api_of(desk.api.tenant_id, ("cases:read",))
    shown = plain.get(f"/cases/{number}").json["messages"]
    assert [message["citizen"] for message in shown] == [{"name": "", "phone": ""}] * 2
    seen = desk.api.get(f"/cases/{number}").json["messages"]
    assert {message["citizen"]["name"] for message in seen} == {"李*"}
