"""What is known of a citizen: masked numbers, courtesies and accounts are not full ones."""

import pytest

from minsheng.intake.people import citizen_indexes, full_name, full_phone, seen_part, surname
from minsheng.runtime.crypto import FieldCipher
from minsheng_sdk import Citizen

PHONES = (
    # as the channel gives it, the number as dialled, what a masked one shows
    ("13800135678", "13800135678", "138*5678"),
    ("138****5678", "", "138*5678"),
    ("138＊＊＊＊5678", "", "138*5678"),
    ("+86 138 xxxx 5678", "", "138*5678"),
    ("0138XXXX5678", "", "138*5678"),
    ("86138****5678", "", "138*5678"),
    ("138******78", "", ""),
    ("1380013****", "", ""),
    ("0311-8602****", "", ""),
    ("0311****1234", "", "031*1234"),
    ("0311-86021234", "031186021234", "031*1234"),
    ("8602 1234", "86021234", ""),
    ("********", "", ""),
    ("", "", ""),
)
NAMES = (
    # as the channel gives it, the plugin, the full name or account, the surname
    ("李明", "mailbox", "李明", "李"),
    ("李 明", "mailbox", "李明", "李"),
    ("李先生", "hotline_12345", "", "李"),
    ("欧阳女士", "hotline_12345", "", "欧阳"),
    ("欧阳明", "mailbox", "欧阳明", "欧阳"),
    ("李明", "leaders_board", "李明", ""),
    ("李妈妈", "leaders_board", "李妈妈", "李"),
    ("李老三", "leaders_board", "李老三", "李"),
    ("欧阳老师", "leaders_board", "", "欧阳"),
    ("春风化雨", "leaders_board", "春风化雨", ""),
    ("用户李", "leaders_board", "用户李", ""),
    ("匿名", "mailbox", "", ""),
    ("匿名网友", "leaders_board", "", ""),
    ("先生", "hotline_12345", "", ""),
    ("Li Ming", "mailbox", "liming", ""),
    ("某某小区全体业主", "mailbox", "某某小区全体业主", ""),
    ("", "mailbox", "", ""),
)


@pytest.mark.parametrize(("given", "full", "part"), PHONES)
def test_a_masked_number_is_no_full_one_and_shows_what_it_shows(
    given: str, full: str, part: str
) -> None:
    assert (full_phone(given), seen_part(given)) == (full, part)


@pytest.mark.parametrize(("given", "plugin", "full", "first"), NAMES)
def test_a_courtesy_is_no_name_and_an_account_seldom_has_a_surname(
    given: str, plugin: str, full: str, first: str
) -> None:
    assert (full_name(given), surname(given, plugin)) == (full, first)


def test_the_indexes_are_of_one_office_and_one_field() -> None:
    here, there = FieldCipher(1, b"a" * 32), FieldCipher(2, b"b" * 32)
    citizen = Citizen("李", "138****5678", "")
    ours = citizen_indexes(here, "mailbox", Citizen("李先生", "13800135678", ""))
    theirs = citizen_indexes(there, "mailbox", Citizen("李先生", "13800135678", ""))
    assert ours["phone_part_ix"] == citizen_indexes(here, "mailbox", citizen)["phone_part_ix"]
    assert citizen_indexes(here, "mailbox", citizen)["phone_ix"] == b""
    given = [index for index in (*ours.values(), *theirs.values()) if index]
    assert len(given) == len(set(given)) == 6
    # The same word as a name and as a surname has two indexes.
    assert here.index("name", "李") != ours["surname_ix"]
