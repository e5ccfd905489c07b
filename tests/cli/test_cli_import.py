"""``minsheng import``: a file of messages is taken in whole, once, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.runtime.database import Database


def line(number: int, **more: Any) -> str:
    said = {
        "external_id": f"m-{number}",
        "subject": "路灯不亮",
        "body": f"槐河路第{number}盏路灯不亮，请维修。",
        "received_at": "2026-11-19T09:00:00+08:00",
    } | more
    return json.dumps(said, ensure_ascii=False) + "\n"


@pytest.fixture
def channel(shell: Any, county: str) -> str:
    pushed = ("--code", "old", "--plugin", "mailbox", "--name", "旧系统", "--pushed")
    shell.json("channels", "add", "--office", county, *pushed)
    return "old"


def call(county: str, file: Path, channel: str = "old") -> tuple[str, ...]:
    return ("import", "--office", county, "--channel", channel, str(file))


def stored(database: Database, county: str) -> int:
    count = text(
        "select count(*) from messages join tenants on tenants.id = tenant_id where code = :code"
    )
    with database.owner_session() as session:
        session.execute(text("set local row_security = off"))
        return int(session.scalar(count, {"code": county}))


def test_a_good_file_is_imported_once_however_often_it_is_given(
    shell: Any, county: str, channel: str, tmp_path: Path, database: Database
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text("".join(line(number) for number in range(501)) + "\n")
    assert shell.json(*call(county, file)) == {"read": 501, "created": 501}
    assert shell.json(*call(county, file)) == {"read": 501, "created": 0}
    file.write_text(line(1) + line(501, channel="old"))
    assert shell.json(*call(county, file)) == {"read": 2, "created": 1}
    assert stored(database, county) == 502


BAD = {
    "no JSON": "{\n",
    "no object": "[]\n",
    "a missing member": '{"external_id": "x"}\n',
    "an unknown member": line(2, colour="red"),
    "a time without offset": line(2, received_at="2026-11-19T09:00:00"),
    "another channel": line(2, channel="other"),
    "a NUL": line(2, body="\0"),
    "a NUL behind backslashes": line(2, body="\\\\\0"),
    "half a character": line(2).replace("路灯", "\\ud800"),
    "a deep nest": "[" * 100_000 + "\n",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_line_is_named_and_nothing_is_imported(
    shell: Any, county: str, channel: str, tmp_path: Path, bad: str, database: Database
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(line(1) + bad + line(3) + bad)
    said = shell.refused(*call(county, file)).split("\n")
    assert [words.partition(":")[0] for words in said[:2]] == ["line 2", "line 4"]
    assert said[2:] == ["2 bad lines; nothing was imported"]
    assert stored(database, county) == 0


def test_bytes_that_are_no_utf_8_are_a_bad_line(
    shell: Any, county: str, channel: str, tmp_path: Path
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_bytes(line(1).encode() + line(2).encode("gb18030"))
    assert shell.refused(*call(county, file)).startswith("line 2: 'utf-8' codec")


def test_a_backslash_before_u0000_is_plain_text(
    shell: Any, county: str, channel: str, tmp_path: Path
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(line(1, body="路径 C:\\u0000 打不开"))
    assert shell.json(*call(county, file))["created"] == 1


def test_many_bad_lines_are_told_up_to_twenty(
    shell: Any, county: str, channel: str, tmp_path: Path
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text("x\n" * 30)
    said = shell.refused(*call(county, file)).split("\n")
    assert len(said) == 21
    assert said[-1] == "30 bad lines; nothing was imported"


def test_an_empty_file_imports_nothing(
    shell: Any, county: str, channel: str, tmp_path: Path
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text("")
    assert shell.json(*call(county, file)) == {"read": 0, "created": 0}


def test_messages_go_to_a_pushed_channel_of_the_office_only(
    shell: Any, county: str, channel: str, tmp_path: Path
) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(line(1))
    assert "no channel 'absent'" in shell(*call(county, file, "absent")).stderr
    assert "no active office" in shell(*call("000001", file)).stderr
