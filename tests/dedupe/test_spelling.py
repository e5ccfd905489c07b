"""One text in two spellings, or in a channel's frame, is one text; other words stay other words."""

from collections.abc import Callable

import pytest
from opencc import OpenCC

from minsheng_dedupe import Match, Record

Letter = Callable[..., Record]
Answer = Callable[[Record, Record], Match | None]

WIDE = str.maketrans({chr(i): chr(i + 0xFEE0) for i in range(0x21, 0x7F)})


def _noisy(text: str) -> str:
    return text.replace("。", "。。。。").replace("，", " ，， ")


SPELLINGS: list[tuple[str, Callable[[str], str]]] = [
    ("full width", lambda t: t.translate(WIDE)),
    ("traditional", OpenCC("s2t").convert),
    ("zero width", "\u200b".join),
    ("numerals", lambda t: t.replace("3号楼", "三号楼").replace("2单元", "二单元")),
    ("noisy punctuation", _noisy),
    ("control characters", lambda t: "\x00\x07" + t + "\x1b"),
    ("Excel's carriage return", lambda t: t.replace("。", "。_x000D_")),
    ("lone surrogates", lambda t: "\ud800" + t + "\udfff"),
    ("line breaks and tabs", lambda t: "\n\t\t" + t.replace("。", "。\n\t\t")),
]
FRAMES: list[tuple[str, str, str]] = [
    ("mail greeting", "mailbox", "尊敬的领导：您好！\n{}\n此致 敬礼！"),
    ("mail from a telephone", "mailbox", "{}\n\n发自我的iPhone"),
    ("mail that quotes", "mailbox", "{}\n\n> 您的来信已收到。\n> 我们将尽快办理。"),
    ("mail over a letter", "mailbox", "{}\n-----原始邮件-----\n发件人：某某\n来信收悉。"),
    ("bare forward", "mailbox", "-----原始邮件-----\n发件人：某某\n主题：转发\n{}"),
    ("bare quotation", "mailbox", "> {}"),
    ("clerk's opening", "hotline_12345", "市民来电反映：{}请相关部门核实处理。"),
    ("clerk's form", "hotline_12345", "诉求人：某\n受理时间：今\n诉求内容：{}\n诉求人要求回复"),
    ("clerk's order in a row", "hotline_12345",
     "工单号31，来电时间今日，来电人某，是否保密：否。来电内容：{}\n（受理员31）"),
    ("clerk's order with a place", "hotline_12345",
     "转办单\n诉求人：某\n事发地点：某区\n事项描述：{}\n请相关部门核实处理。话务员：31号"),
    ("talk at the desk", "hotline_12345",
     "[录音转写]坐席：您好，请问有什么可以帮您？市民：{}坐席：好的，已经登记。"),
    ("board greeting", "leaders_board", "尊敬的书记您好：{}谢谢领导！"),
]  # fmt: skip


@pytest.mark.parametrize("respell", [s[1] for s in SPELLINGS], ids=[s[0] for s in SPELLINGS])
def test_a_spelling_does_not_change_the_text(
    letter: Letter, answer: Answer, respell: Callable[[str], str]
) -> None:
    match = answer(letter(), letter(body=respell(letter().body), subject=respell(letter().subject)))
    assert match is not None
    assert "text.exact" in {r.code for r in match.reasons}
    assert match.decision == "same"


@pytest.mark.parametrize(("channel", "frame"), [f[1:] for f in FRAMES], ids=[f[0] for f in FRAMES])
def test_a_frame_is_cut_off(letter: Letter, answer: Answer, channel: str, frame: str) -> None:
    match = answer(letter(), letter(channel=channel, body=frame.format(letter().body)))
    assert match is not None
    assert "text.exact" in {r.code for r in match.reasons}


def test_another_channels_frame_is_left_in_place(letter: Letter, answer: Answer) -> None:
    framed = "工单编号：SD2026030200017\n紧急程度：一般\n" + letter().body
    match = answer(letter(), letter(channel="leaders_board", body=framed))
    assert match is not None
    assert "text.exact" not in {r.code for r in match.reasons}


def test_what_a_letter_calls_its_content_is_no_frame(letter: Letter, answer: Answer) -> None:
    told = "我在墙上看到通知，主要内容：" + letter().body
    match = answer(letter(), letter(channel="hotline_12345", body=told))
    assert match is not None
    assert "text.exact" not in {r.code for r in match.reasons}


def test_a_frame_around_nothing_is_kept(letter: Letter, answer: Answer) -> None:
    frame = "请相关部门核实处理并回复诉求人。"
    match = answer(
        letter(channel="hotline_12345", body=frame), letter(channel="hotline_12345", body=frame)
    )
    assert match is not None
    assert "text.exact" in {r.code for r in match.reasons}


def test_names_with_numerals_keep_their_spelling(letter: Letter, answer: Answer) -> None:
    bridge = letter(subject="反映五一大桥拆除", body=letter().body + "反对拆除五一大桥。")
    match = answer(bridge, bridge)
    assert match is not None
    assert "道路相同：五一大桥" in {r.zh for r in match.reasons}
