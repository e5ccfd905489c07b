"""What a person may choose as a password of their own, and what everybody would try first."""

import pytest

from minsheng.accounts.errors import AccountInvalid
from minsheng.accounts.passwords import check_choice
from minsheng.accounts.weak_passwords import WORDS, is_guessable


@pytest.mark.parametrize(
    "password",
    [
        "lao-shi-de-kou-ling-9",
        "春风十里不如你的回复",
        "correct horse battery",
        "槐泉 路 口 1987 枣花",
        "a" + "长江后浪推前浪" * 12,
        "x" * 60 + "yz2 9 槐",
    ],
)
def test_a_password_of_any_kind_of_characters_may_be_chosen(password: str) -> None:
    check_choice(password, "wang.xiuying")


@pytest.mark.parametrize(
    "password",
    [
        "1234567890", "password1234", "qwertyuiop[]", "Aa123456789", "P@ssw0rd123", "abcdefghij1",
        "minsheng12345", "woaini5201314", "Xinfang@2026", "1qaz2wsx3edc",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_refused_by_its_field(password: str) -> None:
    with pytest.raises(AccountInvalid) as refused:
        check_choice(password, "wang.xiuying")
    assert refused.value.field == "password"
    assert password not in str(refused.value)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_house_with_a_year_is_guessed(word: str) -> None:
    assert is_guessable(f"{word}2026")


def test_a_name_given_makes_a_password_guessable_that_is_not_else() -> None:
    assert is_guessable("quanzhongwu88", "quanzhongwu")
    assert not is_guessable("quanzhongwu88")


def test_the_user_name_and_the_password_there_was_are_refused() -> None:
    for password, old in (("槐花wang.xiuying开", ""), ("槐泉路口枣花开了8", "槐泉路口枣花开了8")):
        with pytest.raises(AccountInvalid):
            check_choice(password, "wang.xiuying", old)
