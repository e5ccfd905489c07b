"""The catalogues: the messages of the code and their English."""

import string
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import minsheng.faces

FACES = Path(minsheng.faces.__file__).parent
METHODS = [("web/**.py", "python"), ("templates/**.html", "jinja2")]


def _messages() -> set[str]:
    found = extract_from_dir(str(FACES), METHODS)
    return {message for _file, _line, message, _comments, _context in found}


def _english() -> Catalog:
    with (FACES / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file)


def _missing(messages: set[str], catalogue: Catalog) -> set[str]:
    return {each for each in messages if not (catalogue.get(each) and catalogue[each].string)}


def test_every_message_has_its_english() -> None:
    messages = _messages()
    assert len(messages) > 150
    assert _missing(messages, _english()) == set()
    assert _missing({"没有译文的话"}, _english()) == {"没有译文的话"}


def test_the_english_has_nothing_that_the_code_no_longer_says() -> None:
    assert {each.id for each in _english() if each.id} - _messages() == set()


def test_a_translation_keeps_the_placeholders_and_has_no_chinese() -> None:
    for each in _english():
        if not each.id:
            continue
        for name in ("number", "count", "clock", "time", "channel", "score", "messages", "name"):
            assert (f"%({name})s" in each.id) == (f"%({name})s" in each.string), each.id
        plain = each.string.replace("中文", "")
        assert not any("一" <= sign <= "鿿" for sign in plain), each.id


def test_the_chinese_is_said_without_latin_punctuation() -> None:
    for message in _messages():
        chinese = any("一" <= sign <= "鿿" for sign in message)
        assert chinese, message
        assert not set(message) & set(",;!?" + string.ascii_uppercase) - {"M", "A", "P", "I"}, (
            message
        )
