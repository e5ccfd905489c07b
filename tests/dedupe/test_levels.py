"""Truth tables: one changed thing, the level it must reach, and the one it must not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from minsheng_dedupe import Match, Record

Letter = Callable[..., Record]
Answer = Callable[[Record, Record], Match | None]

OTHER_TEXT = (
    "农贸市场门口的污水井盖破损已经半个多月，下雨天积水漫过人行道，接送孩子的家长只能绕行机动车道，"
    "十分危险。希望市政部门安排更换井盖并疏通管道。"
)
TAIL = "另外，地下车库的照明也坏了好几盏，夜里进出很不安全，请一并处理。"

LEVELS: list[tuple[str, dict[str, Any], str]] = [
    ("the same words", {}, "text.exact"),
    ("one sentence more", {"body": "+" + TAIL}, "text.contained"),
    ("another text", {"subject": "井盖破损影响出行", "body": OTHER_TEXT}, "text.other"),
    ("two words only", {"body": "谢谢"}, "text.unreadable"),
    ("the same subject", {}, "subject.same"),
    ("a reply prefix", {"subject": "答复：Re: 锦绣花园小区3号楼电梯停运无人维修"}, "subject.same"),
    ("no subject", {"subject": ""}, "subject.none"),
    ("another subject", {"subject": "井盖破损影响出行", "body": OTHER_TEXT}, "subject.other"),
    ("a subject told by the text", {"subject": "电梯停运等待配件"}, "subject.partial"),
    ("the same telephone", {}, "citizen.phone"),
    ("another telephone", {"phone_ix": b"phone-b"}, "citizen.other_phone"),
    ("no telephone, same name", {"phone_ix": b""}, "citizen.name"),
    ("no telephone, other name", {"phone_ix": b"", "name_ix": b"name-b"}, "citizen.other_name"),
    ("nobody known", {"phone_ix": b"", "name_ix": b""}, "citizen.unknown"),
    ("the next week", {"days": 7}, "days.close"),
    ("two months later", {"days": 60}, "days.season"),
    ("half a year later", {"days": 180}, "days.year"),
    ("two years later", {"days": 730}, "days.long"),
    ("another building", {"swap": ("3号楼", "5号楼")}, "building.conflict"),
    ("the building in Chinese", {"swap": ("3号楼", "三号楼")}, "building.copied"),
    ("the building as 栋", {"swap": ("3号楼", "3栋")}, "building.copied"),
    ("another unit", {"swap": ("2单元", "4单元")}, "unit.conflict"),
    ("another building at its spot", {"swap": ("3号楼", "5号楼")}, "spot.conflict"),
    ("the number at its spot in Chinese", {"swap": ("3号楼", "三号楼")}, "spot.copied"),
    ("another estate", {"swap": ("锦绣花园", "翠湖花园")}, "estate.conflict"),
    ("the same estate", {}, "estate.copied"),
    (
        "the same estate in other words",
        {"subject": "井盖破损", "body": "锦绣花园小区" + OTHER_TEXT},
        "estate.same",
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"), [c[1:] for c in LEVELS], ids=[c[0] for c in LEVELS]
)
def test_a_change_reaches_its_level(
    letter: Letter, answer: Answer, change: dict[str, Any], expected: str
) -> None:
    match = answer(letter(), _changed(letter, change))
    assert match is not None
    assert expected in {r.code for r in match.reasons}


def test_praise_conflicts_with_a_complaint_only(letter: Letter, answer: Answer) -> None:
    complaint, praise = letter(subject="投诉小区物业"), letter(subject="表扬小区物业")
    for earlier, later, expected in (
        (complaint, praise, True),
        (praise, complaint, True),
        (praise, praise, False),
        (letter(subject="小区物业"), complaint, False),
    ):
        match = answer(earlier, later)
        assert match is not None
        assert ("stance.conflict" in {r.code for r in match.reasons}) is expected


def test_a_comparison_gives_one_level_only(letter: Letter, answer: Answer) -> None:
    match = answer(letter(), letter())
    assert match is not None
    for comparison in ("text", "subject", "days"):
        assert sum(r.code.startswith(f"{comparison}.") for r in match.reasons) == 1
    assert [r.code for r in match.reasons if r.code.startswith("citizen.")] == [
        "citizen.phone", "citizen.name",
    ]  # fmt: skip


def test_reasons_are_words_that_an_officer_can_check(letter: Letter, answer: Answer) -> None:
    match = answer(letter(), _changed(letter, {"swap": ("3号楼", "5号楼")}))
    assert match is not None
    said = {r.code: r for r in match.reasons}
    assert said["building.conflict"].zh == "楼栋不同：5号楼 / 3号楼，不合并"
    assert said["building.conflict"].veto
    assert said["citizen.phone"].zh == "同一来电号码"
    assert not said["citizen.phone"].veto
    assert all(r.zh and r.en for r in match.reasons)


def test_a_share_shown_is_never_rounded_up(letter: Letter, answer: Answer) -> None:
    match = answer(letter(), letter(body=letter().body + "请回电。", phone_ix=b""))
    assert match is not None
    shown = next(r.zh for r in match.reasons if r.code == "text.near")
    assert "100%" not in shown


def _changed(letter: Letter, change: dict[str, Any]) -> Record:
    fields, base = dict(change), letter()
    if "swap" in fields:
        old, new = fields.pop("swap")
        fields |= {"subject": base.subject.replace(old, new), "body": base.body.replace(old, new)}
    if "days" in fields:
        fields["received_at"] = base.received_at + timedelta(days=fields.pop("days"))
    if str(fields.get("body", "")).startswith("+"):
        fields["body"] = base.body + fields["body"][1:]
    return letter(**fields)
