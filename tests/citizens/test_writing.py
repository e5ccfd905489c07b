"""Writing by the portal: taken in once, a code at once, and fields that cannot be taken."""

import threading
from typing import Any

import pytest

from minsheng.citizens.codes import ALPHABET, normal_code
from minsheng.citizens.limits import SENDS
from minsheng.citizens.service import (
    SubmissionInvalid,
    TooMany,
    count_send,
    spoken_code,
)

RTL, EMOJI = "\u202e", "🚧"


def test_a_form_becomes_one_message_with_a_code_that_nobody_stored(county: Any) -> None:
    ticket = county.submit()
    assert ticket.created
    assert len(ticket.code) == 10
    assert set(ticket.code) <= set(ALPHABET)
    county.match()
    rows = county.ask("select plugin, subject, external_id from messages")
    assert [(row.plugin, row.subject) for row in rows] == [("portal", "枣园路3号院电梯停运")]
    dump = str(county.ask("select * from query_codes") + county.ask("select * from messages"))
    assert ticket.code not in dump
    assert county.ask("select origins from cases")[0][0] == {"portal": 1}


def test_a_form_sent_twice_is_one_message_and_one_code(county: Any, key: Any) -> None:
    secret = key()
    first, second = county.submit(key=secret), county.submit(key=secret, body="改了几个字再按一次")
    assert (first.created, second.created) == (True, False)
    assert (first.code, first.message_id) == (second.code, second.message_id)
    assert county.ask("select count(*) from messages")[0][0] == 1
    assert county.submit().code != first.code


def test_a_form_sent_ten_times_at_once_is_one_message(county: Any, key: Any) -> None:
    secret, codes, ready = key(), [], threading.Barrier(5)

    def send() -> None:
        ready.wait()
        codes.append(county.submit(key=secret).code)

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 5
    assert len(set(codes)) == 1
    assert county.ask("select count(*) from messages")[0][0] == 1


def test_who_reads_the_database_cannot_make_the_code_from_the_messages_name(county: Any) -> None:
    """Officers see the external id; sent as a form's secret it gives another code."""
    ticket = county.submit()
    (external_id,) = county.ask("select external_id from messages")[0]
    assert county.submit(key=external_id).code != ticket.code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "字" * 34_000),
        ("subject", ""),
        ("subject", f" {RTL}{RTL} "),
        ("body", ""),
        ("body", "长" * 10_001),
        ("name", ""),
        ("name", "名" * 51),
        ("phone", ""),
        ("phone", "没有电话"),
        ("phone", "110"),
        ("email", "nobody"),
        ("email", f"a@{'b' * 300}.cn"),
        ("region", "区" * 101),
        ("key", "short"),
        ("key", "键" * 30),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_field(county: Any, field: str, value: str) -> None:
    with pytest.raises(SubmissionInvalid) as refused:
        county.submit(**{field: value})
    assert refused.value.field == field
    assert county.ask("select count(*) from messages")[0][0] == 0
    assert county.submit().created


def test_script_emoji_and_turned_writing_are_taken_as_plain_words(county: Any) -> None:
    script = "<script>alert(1)</script>"
    county.submit(
        subject=f"{RTL}{script}{EMOJI}",
        body=f"{script}\r\n{RTL}第二行{EMOJI}\u2066\x00",
        name=f"{RTL}<b>甲{EMOJI}",
        region=f"{RTL}枣园路{EMOJI}",
    )
    county.match()
    (row,) = county.ask("select subject, body, region from messages")
    assert row.subject == f"{script}{EMOJI}"
    assert row.body.endswith(f"\n第二行{EMOJI}")
    assert row.region == f"枣园路{EMOJI}"
    (name,) = county.ask("select name_ix from messages")[0]
    assert bytes(name)


def test_a_code_is_read_as_people_type_it(county: Any) -> None:
    code = county.submit().code
    for typed in (
        spoken_code(code),
        code.lower(),
        f" {code[:5]} - {code[5:]}\n",
        spoken_code(code),
    ):
        assert normal_code(typed) == code
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    assert county.track(wide).message_id == county.track(code).message_id


def test_one_address_sends_so_many_forms_and_no_more(county: Any) -> None:
    for _ in range(SENDS):
        count_send(county.tools, county.tenant_id, "10.9.9.9")
    with pytest.raises(TooMany):
        count_send(county.tools, county.tenant_id, "10.9.9.9")
    count_send(county.tools, county.tenant_id, "10.9.9.8")


def test_a_citizen_who_asks_for_secrecy_is_kept_unnamed(county: Any) -> None:
    county.submit(confidential=True)
    county.submit(phone="13800139002", subject="另一件事说说停电", body="昨晚整条街停电到天亮。")
    said = dict(county.ask("select subject, confidential from messages"))
    assert said == {"枣园路3号院电梯停运": True, "另一件事说说停电": False}
