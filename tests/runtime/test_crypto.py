"""Sealed fields open in their place only; a blind index says nothing across offices."""

import os
import stat
import uuid
from pathlib import Path

import pytest

from minsheng.runtime.crypto import (
    FieldCipher,
    KeyMissing,
    MasterKey,
    SealBroken,
    normal_email,
    normal_name,
    normal_phone,
)

ROW, OTHER_ROW = uuid.uuid4(), uuid.uuid4()
PLACE = "messages.citizen"
PLAIN = "李四 13800001234"
DATA_KEY = bytes(range(32))


@pytest.fixture
def cipher() -> FieldCipher:
    return FieldCipher(7, DATA_KEY)


def test_a_sealed_value_opens_in_its_place(cipher: FieldCipher) -> None:
    assert cipher.open(PLACE, ROW, cipher.seal(PLACE, ROW, PLAIN)).decode() == PLAIN
    assert cipher.open_text(PLACE, ROW, cipher.seal(PLACE, ROW, PLAIN.encode())) == PLAIN


def test_nothing_sealed_is_empty_text(cipher: FieldCipher) -> None:
    assert cipher.open_text(PLACE, ROW, None) == ""


def test_the_plain_text_is_not_in_the_sealed_one(cipher: FieldCipher) -> None:
    assert b"13800001234" not in cipher.seal(PLACE, ROW, PLAIN)


@pytest.mark.parametrize(
    ("tenant_id", "place", "row"),
    [(7, PLACE, OTHER_ROW), (7, "messages.original", ROW), (8, PLACE, ROW)],
    ids=["another row", "another column", "another office"],
)
def test_a_value_moved_elsewhere_does_not_open(
    cipher: FieldCipher, tenant_id: int, place: str, row: uuid.UUID
) -> None:
    sealed = cipher.seal(PLACE, ROW, PLAIN)
    with pytest.raises(SealBroken, match=place):
        FieldCipher(tenant_id, DATA_KEY).open(place, row, sealed)


def test_no_byte_may_change(cipher: FieldCipher) -> None:
    sealed = cipher.seal(PLACE, ROW, PLAIN)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealBroken):
            cipher.open(PLACE, ROW, bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 12, 13, 28])
def test_a_cut_value_does_not_open(cipher: FieldCipher, length: int) -> None:
    with pytest.raises(SealBroken):
        cipher.open(PLACE, ROW, cipher.seal(PLACE, ROW, PLAIN)[:length])


def test_equal_values_are_sealed_differently(cipher: FieldCipher) -> None:
    sealed = {cipher.seal(PLACE, ROW, PLAIN) for _ in range(2_000)}
    assert len({value[1:13] for value in sealed}) == 2_000


def test_an_index_finds_equal_values_within_an_office(cipher: FieldCipher) -> None:
    assert cipher.index("phone", PLAIN) == cipher.index("phone", PLAIN.encode())
    assert len(cipher.index("phone", PLAIN)) == 16


def test_an_index_differs_between_values_fields_and_offices(cipher: FieldCipher) -> None:
    master = MasterKey(b"m" * 32)
    offices = [master.unwrap(n, master.new_wrapped_key(n)) for n in (1, 2)]
    answers = [
        cipher.index("phone", PLAIN),
        cipher.index("phone", PLAIN + "5"),
        cipher.index("name", PLAIN),
        *(office.index("phone", PLAIN) for office in offices),
    ]
    assert len(set(answers)) == len(answers)


def test_an_empty_value_has_an_empty_index(cipher: FieldCipher) -> None:
    assert cipher.index("phone", "") == b""


def test_an_office_key_opens_with_its_master_and_number_only() -> None:
    master = MasterKey(b"m" * 32)
    wrapped = master.new_wrapped_key(7)
    sealed = master.unwrap(7, wrapped).seal(PLACE, ROW, PLAIN)
    assert master.unwrap(7, wrapped).open_text(PLACE, ROW, sealed) == PLAIN
    for other, number in ((MasterKey(b"n" * 32), 7), (master, 8)):
        with pytest.raises(SealBroken, match="master key"):
            other.unwrap(number, wrapped)


def test_keys_for_different_purposes_differ() -> None:
    master = MasterKey(b"m" * 32)
    assert master.purpose("audit") != master.purpose("tokens")
    assert master.purpose("audit") == MasterKey(b"m" * 32).purpose("audit")
    assert master.purpose("audit") != MasterKey(b"n" * 32).purpose("audit")


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    first = MasterKey.load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert MasterKey.load_or_make(path).purpose("audit") == first.purpose("audit")


def test_a_missing_or_short_key_file_is_refused_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with pytest.raises(KeyMissing, match="restore it"):
        MasterKey.load(path)
    path.write_bytes(os.urandom(16))
    with pytest.raises(KeyMissing, match="32 bytes"):
        MasterKey.load_or_make(path)
    assert len(path.read_bytes()) == 16


@pytest.mark.parametrize(
    "written",
    [
        "13800001234",
        "138 0000 1234",
        "138-0000-1234",
        "+86 13800001234",
        "+86-138-0000-1234",
        "0086 13800001234",
        "8613800001234",
        "013800001234",
        "１３８００００１２３４",
        " 138 0000 1234 (晚上)",
    ],
)
def test_a_mobile_number_is_one_number_however_it_is_written(written: str) -> None:
    assert normal_phone(written) == "13800001234"


@pytest.mark.parametrize(
    "written", ["0311-88231234", "（0311）8823 1234", "+86 311 88231234", "0086-0311-88231234"]
)
def test_a_fixed_line_is_one_number_however_it_is_written(written: str) -> None:
    assert normal_phone(written) == "031188231234"


@pytest.mark.parametrize(
    ("written", "digits"),
    [("", ""), ("无", ""), ("86123456", "86123456"), ("8823 1234", "88231234"), ("12345", "12345")],
)
def test_what_has_no_prefix_loses_none(written: str, digits: str) -> None:
    assert normal_phone(written) == digits


def test_different_numbers_stay_different() -> None:
    numbers = ["13800001234", "13800001235", "031188231234", "01088231234", "88231234"]
    assert len({normal_phone(number) for number in numbers}) == len(numbers)


def test_names_and_addresses_are_compared_without_width_space_and_case() -> None:
    assert normal_name(" 李 四 ") == normal_name("李四")
    assert normal_name("ＡＢ公司") == normal_name("ab公司")
    assert normal_email(" Li.Si@Example.ORG ") == "li.si@example.org"
    assert normal_name("李四") != normal_name("李五")
