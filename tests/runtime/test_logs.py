"""Lines of the log: JSON, and empty of citizens' data."""

import io
import json
import logging
import random
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from minsheng.runtime.logs import bind_request, configure_logs, forget_request, mask_text

SECRETS = ("13812345678", "110101199003077758", "zhang.san@example.cn", "0311-84221234")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a configured process writes; the process is put back as it was afterwards."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:], sys.excepthook, threading.excepthook)
    stream = io.StringIO()
    configure_logs("info", stream)
    yield stream
    forget_request()
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    sys.excepthook, threading.excepthook = before[2], before[3]


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13812345678。", "电话[telephone]。"),
        ("call +86 138-1234-5678 now", "call [telephone] now"),
        ("8613812345678", "[telephone]"),
        ("１３８１２３４５６７８", "[telephone]"),
        ("ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｎ，谢谢！", "[email]，谢谢！"),
        ("座机 0311-84221234", "座机 [telephone]"),
        ("(010)62881234", "[telephone]"),
        ("身份证110101199003077758", "身份证[id]"),
        ("11010119900307775x", "[id]"),
        ("110101 19900307 7758", "[id]"),
        ("110101900307775", "[id]"),
        ("write to zhang.san@example.com.cn", "write to [email]"),
        ("postgresql://app:hunter2@127.0.0.1/db", "postgresql://[credential]@127.0.0.1/db"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [credential]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[token]"),
        ("(x) [parameters: {'name': '张三'}]", "(x) [parameters withheld]"),
        ("duplicate key\nDETAIL: Key (name)=(张三)", "duplicate key\n[detail withheld]"),
    ],
)
def test_what_looks_like_a_persons_data_is_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "0193a5b2-7c4d-7e8f-9a0b-138123456789",
        "2026-11-22T12:00:00.123456Z",
        "case 20261122-000123 closed",
        "took 1381234 ms",
        "127.0.0.1:8000",
        "sha256 138123456789ab",
        "全角ＡＢＣ",
    ],
)
def test_what_is_nobodys_data_stays_as_it_is(text: str) -> None:
    assert mask_text(text) == text


def test_no_generated_telephone_or_identity_number_survives_in_a_sentence() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    dice = random.Random(seed)
    for _ in range(500):
        phone = f"1{dice.randint(3, 9)}{dice.randrange(10**9):09d}"
        number = f"{dice.randint(110000, 659999)}19900307{dice.randrange(10**4):04d}"
        masked = mask_text(f"来电人{phone}，证件{number}，请回复")
        assert masked == "来电人[telephone]，证件[id]，请回复"


def test_structlog_and_logging_write_the_same_masked_json(lines: io.StringIO) -> None:
    structlog.get_logger("ours").info("took in 13812345678", channel="hotline", count=3)
    logging.getLogger("theirs").warning("mail from %s", "zhang.san@example.cn")
    ours, theirs = read(lines)
    assert (ours["event"], ours["logger"], ours["level"], ours["count"]) == (
        "took in [telephone]",
        "ours",
        "info",
        3,
    )
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "mail from [email]",
        "theirs",
        "warning",
    )


def test_fields_with_telling_names_and_nested_values_are_withheld(lines: io.StringIO) -> None:
    structlog.get_logger().info(
        "x",
        password="hunter2 hunter2",
        citizen={"name": "张三"},
        data={"deep": [{"text": "13812345678", "session_token": "t"}]},
        number=13812345678,
        raw=b"bytes",
        error=ValueError("13812345678"),
    )
    [line] = read(lines)
    assert (line["password"], line["citizen"], line["raw"]) == ("[withheld]",) * 3
    assert line["data"] == {"deep": [{"text": "[telephone]", "session_token": "[withheld]"}]}
    assert line["number"] == "[telephone]"
    assert line["error"] == "builtins.ValueError"


def test_extra_fields_of_the_standard_library_are_masked_too(lines: io.StringIO) -> None:
    logging.getLogger("theirs").info("x", extra={"caller": "13812345678", "phone": "1"})
    [line] = read(lines)
    assert (line["caller"], line["phone"]) == ("[telephone]", "[withheld]")


def fail_with(words: str) -> None:
    local_name = words
    try:
        raise KeyError(local_name)
    except KeyError as error:
        message = f"could not: {words}"
        raise ValueError(message) from error


@pytest.mark.parametrize("logger", ["structlog", "logging"])
def test_an_exception_is_told_by_type_and_place_only(lines: io.StringIO, logger: str) -> None:
    words = "张三 住在 某小区 " + " ".join(SECRETS)
    try:
        fail_with(words)
    except ValueError:
        told = structlog.get_logger() if logger == "structlog" else logging.getLogger()
        told.exception("it failed")
    [line] = read(lines)
    assert [error["type"] for error in line["errors"]] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert "test_logs.py:" in line["errors"][0]["at"][-1]
    assert line["errors"][0]["at"][-1].endswith(" fail_with")
    for word in (*SECRETS, "张三", "某小区", "Traceback"):
        assert word not in lines.getvalue()


def test_an_exception_nobody_caught_is_a_line_without_its_words(lines: io.StringIO) -> None:
    thread = threading.Thread(target=fail_with, args=("张三 13812345678",))
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError("张三"), None)
    first, second = read(lines)
    assert (first["event"], first["level"]) == ("uncaught exception", "critical")
    assert first["errors"][0]["type"] == second["errors"][0]["type"] == "builtins.ValueError"
    assert "张三" not in lines.getvalue()


def test_the_request_id_is_on_every_line_until_it_is_forgotten(lines: io.StringIO) -> None:
    bind_request("r-1")
    structlog.get_logger().info("inside")
    logging.getLogger("theirs").info("inside too")
    forget_request()
    structlog.get_logger().info("outside")
    assert [line.get("request_id") for line in read(lines)] == ["r-1", "r-1", None]


def test_lines_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("small talk")
    logging.getLogger("authlib.x").debug("Issue token")
    structlog.get_logger().error("trouble")
    assert [line["event"] for line in read(lines)] == ["trouble"]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown level"):
        configure_logs("loud", io.StringIO())
