"""The example of docs/plugins.md is a plugin: it conforms, and the service would load it."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from minsheng.intake.host.registry import PluginRefused, load_source
from minsheng_sdk import DeliveryRefused, OutgoingReply, ProtocolBroken
from minsheng_sdk.loopback_http import FaultyServer, Reply
from minsheng_sdk.testing import ConformanceCase, conformance_cases, sample_messages

FILE = Path(__file__).with_name("example_channel.py")


def loaded() -> ModuleType:
    found = importlib.util.spec_from_file_location("example_channel", FILE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


EXAMPLE: Any = loaded()


@pytest.fixture
def book() -> Iterator[Any]:
    server = EXAMPLE.minsheng_loopback()
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("case", conformance_cases(EXAMPLE), ids=str)
def test_the_example_conforms(case: ConformanceCase) -> None:
    assert case.run().outcome == "passed"


def test_the_service_takes_the_example_and_refuses_one_without_its_pull(tmp_path: Path) -> None:
    assert load_source(f"path:{FILE}").name == "suggestion_book"
    lame = tmp_path / "lame.py"
    pull = "@hookimpl\ndef minsheng_pull"
    text = FILE.read_text(encoding="utf-8")
    assert pull in text
    lame.write_text(text.replace(pull, "def pull"), encoding="utf-8")
    with pytest.raises(PluginRefused, match="it lacks minsheng_pull"):
        load_source(f"path:{lame}")


def test_a_reply_to_a_letter_of_the_book_is_taken_and_one_to_no_letter_is_refused(
    book: Any,
) -> None:
    book.put(sample_messages(1))
    known = OutgoingReply("k1", sample_messages(1)[0].sample_id, "答复", "已修好。", "示范县")
    EXAMPLE.minsheng_deliver(book.settings, known)
    with pytest.raises(DeliveryRefused):
        EXAMPLE.minsheng_deliver(book.settings, OutgoingReply("k2", "no-such", "", "无", ""))
    assert [reply.delivery_key for reply in book.delivered()] == ["k1"]


def test_an_edited_letter_comes_again_under_its_key(book: Any) -> None:
    book.put(sample_messages(3))
    pages = list(EXAMPLE.minsheng_pull(book.settings, ""))
    book.put(sample_messages(1))
    again = [
        item
        for page in EXAMPLE.minsheng_pull(book.settings, pages[-1].cursor)
        for item in page.items
    ]
    assert [item.source_key for item in again] == [pages[0].items[0].source_key]


@pytest.mark.parametrize(
    "rows", [b'[{"id":"a"}]', b'[{"number":1}]', b"[1]", b"{}", b'[{"id":"a","number":0}]']
)
def test_rows_in_no_known_form_break_the_protocol_and_end_the_pull(rows: bytes) -> None:
    odd = FaultyServer(lambda _: Reply(200, rows), Reply(401, b"[]"))
    odd.start()
    try:
        with pytest.raises(ProtocolBroken):
            list(EXAMPLE.minsheng_pull({"base_url": odd.base_url, "token": "t"}, ""))
    finally:
        odd.stop()
