"""Bytes into text: what the label claims, what the bytes say, and who is believed."""

import pytest

from minsheng_mailbox.charsets import clean, codec_of, decode

LETTER = "尊敬的书记：小区门口路灯损坏已经三个月，晚上出行很不安全，恳请有关部门尽快维修。"
TRADITIONAL = "尊敬的縣長：社區門口的路燈壞了三個月，晚上出門很不安全，請有關單位盡快修理。"


@pytest.mark.parametrize(
    "label",
    ["gb2312", "GB2312", "gbk", "x-gbk", "gb_18030-2000", "GB18030", "euc-cn", "cp936", "cp-936"],
)
def test_every_gb_label_reads_the_whole_of_gb18030(label: str) -> None:
    if label == "cp-936":
        assert codec_of(label) == ""
    else:
        assert codec_of(label) == "gb18030"
        assert decode("朱镕基𠀀".encode("gb18030"), label) == "朱镕基𠀀"


@pytest.mark.parametrize(
    ("text", "written", "label"),
    [
        (LETTER, "utf-8", "gb2312"),
        (LETTER, "utf-8", "big5"),
        # As GB 18030 these six bytes read as three common characters.
        ("水费", "utf-8", "gb2312"),
        (LETTER, "utf-8", ""),
        (LETTER, "utf-8", "iso-8859-1"),
        (LETTER, "utf-8", "us-ascii"),
        (LETTER, "gb18030", "utf-8"),
        (LETTER, "gb18030", ""),
        (LETTER, "gb18030", "iso-8859-1"),
        (LETTER, "gb18030", "x-unknown"),
        (LETTER, "gb18030", "big5"),
        (TRADITIONAL, "big5", ""),
        (TRADITIONAL, "big5", "gb2312"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "big5", "utf-8"),
        (LETTER, "hz", "hz-gb-2312"),
        (LETTER, "hz", ""),
        (LETTER, "hz", "us-ascii"),
        ("Grüße aus Köln", "latin-1", ""),
        ("Grüße aus Köln", "latin-1", "iso-8859-1"),
        ("naïve café", "utf-8", ""),
        ("目", "gb18030", "gb2312"),
        ("镕", "gb18030", "gb2312"),
        ("喆喆", "gb18030", "gbk"),
        ("★★★", "gb18030", "gb2312"),
        (TRADITIONAL, "gb18030", "gbk"),
        (TRADITIONAL, "utf-8", "gb2312"),
        ("~{abc~}", "ascii", "utf-8"),
        ("こんにちは", "iso2022_jp", "iso-2022-jp"),
        ("Привет", "koi8-r", "koi8-r"),
        (LETTER, "utf-16", "utf-16"),
    ],
)
def test_text_is_read_whatever_its_label_says(text: str, written: str, label: str) -> None:
    assert decode(text.encode(written), label) == text


def test_a_damaged_letter_keeps_all_that_is_whole() -> None:
    for codec in ("utf-8", "gb18030"):
        damaged = LETTER.encode(codec)[:-1]
        assert decode(damaged, codec).startswith(LETTER[:-2])
        assert decode(damaged, "").startswith(LETTER[:-2])


@pytest.mark.parametrize(
    "label",
    [
        "unicode_escape",
        "idna",
        "rot13",
        "base64",
        "undefined",
        "a" * 300,
        "gb\x002312",
        "\udcff",
        ".",
    ],
)
def test_labels_that_are_no_charset_are_ignored(label: str) -> None:
    assert codec_of(label) == ""
    assert decode(LETTER.encode(), label) == LETTER


def test_clean_text_holds_nothing_a_database_refuses() -> None:
    assert clean("a\x00b\ud800c\x1b[0m\ufeff\r\nd\re\tf") == "abc[0m\nd\ne\tf"
    assert clean(LETTER) == LETTER
