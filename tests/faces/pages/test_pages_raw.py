"""Bytes of the quarantine as text that can do nothing."""

from minsheng.faces.web.raw import SHOWN, safe_text


def test_utf8_and_gb18030_are_read_and_anything_else_is_written_out() -> None:
    assert safe_text("供热 abc\n".encode()) == "供热 abc\n"
    assert safe_text("供热".encode("gb18030")) == "供热"
    assert safe_text(b"ok \xff\xfe\xff") == "ok \\xff\\xfe\\xff"


def test_control_and_direction_characters_are_written_out() -> None:
    assert safe_text(b"a\x00b\x07c\x1b[2J") == "a\\x00b\\x07c\\x1b[2J"
    assert safe_text("甲\u202e乙\u200b".encode()) == "甲\\u202e乙\\u200b"
    assert safe_text(b"line\r\nnext\tcell") == "line\nnext\tcell"


def test_a_cut_through_a_character_does_not_spoil_the_rest() -> None:
    text = "供" * SHOWN
    assert safe_text(text.encode()) == "供" * (SHOWN // 3)
