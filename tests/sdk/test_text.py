"""Text from a source is made storable, and JSON is read and written in one form."""

import json

import pytest

from minsheng_sdk.text import as_text, clean, dump_json, load_json


def test_text_loses_what_postgresql_cannot_store_and_nothing_else() -> None:
    assert clean("路\0灯\ud800\n\t𠮷") == "路灯\ufffd\n\t𠮷"
    assert clean("路灯不亮，😀\r\n") == "路灯不亮，😀\r\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_is_read_in_each_form_of_unicode(codec: str) -> None:
    assert load_json('{"标题": [1, null]}'.encode(codec)) == {"标题": [1, None]}


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b'{"a":', b"\xff\xff\xff", "标题".encode("gbk"), b"[" * 100_000]
)
def test_what_is_no_json_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_json(raw)


def test_json_is_written_in_ascii_and_reads_back_as_it_was() -> None:
    value = {"b": "路灯\ud800", "a": [1, True, None]}
    written = dump_json(value)
    assert written == b'{"b":"\\u8def\\u706f\\ud800","a":[1,true,null]}'
    assert json.loads(written) == value
    with pytest.raises(TypeError):
        dump_json({"a": object()})


@pytest.mark.parametrize(
    ("given", "text"),
    [(None, ""), (" a\0 ", "a"), (7, "7"), (7.5, "7.5"), (True, "1"), (False, "0"), ("", "")],
)
def test_a_plain_value_is_read_as_text(given: object, text: str) -> None:
    assert as_text(given) == text


@pytest.mark.parametrize("given", [[], {}, ["a"], b"a"])
def test_a_list_or_object_is_not_taken_for_text(given: object) -> None:
    with pytest.raises(TypeError, match="where text was expected"):
        as_text(given)
