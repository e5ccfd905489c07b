"""Precision and recall of codes on matters dealt to twenty offices, beside one office's matcher.

The letters are made here: places, problems and ways of telling, cut, turned round and reworded by
chance. They are no life; the figures on real letters stand in tests/real and in decision 25.
"""

import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from minsheng.crossings.coding import Codes, Contact, blind, encode
from minsheng.crossings.scoring import THRESHOLD, score
from minsheng.crossings.tokens import TokenReader
from minsheng_dedupe import Matcher, MemoryStore, Record

OFFICES, MATTERS = 20, 60
POINTS = 3.0
START = datetime(2026, 10, 1, 1, 0, tzinfo=UTC)
SIGNS = (
    "槐柳青塔北辰云锦东风石榴滨河金穗梧桐凤鸣翠屏永宁望江西山安澜明珠秀水丹枫白鹭长乐福泽嘉禾瑞景"
)
KINDS = ("小区", "家园", "社区", "花园", "公寓", "村", "苑", "新城")
FIRMS = ("物业公司", "建筑公司", "商行", "供热站", "停车场", "批发部", "培训学校", "洗车店")
PROBLEMS = (
    ("电梯停运", ("电梯坏了没有人来修", "电梯停了一直无人维修")),
    ("夜间施工噪音", ("工地半夜还在浇筑混凝土", "施工队凌晨开着搅拌机干活")),
    ("暖气不热", ("供暖以来屋里一直是凉的", "暖气片摸上去不热，室温上不去")),
    ("路灯不亮", ("整条路的路灯都不亮", "路灯灭了，晚上一片漆黑")),
    ("垃圾堆积", ("垃圾堆成小山没有清运", "垃圾好些天无人拉走")),
    ("自来水发黄", ("水龙头放出的水发黄", "自来水带铁锈，沉淀很多")),
    ("占道停车", ("货车停在消防通道上", "大车把消防通道堵死了")),
    ("油烟扰民", ("后厨的油烟直排到窗口", "烟道对着居民楼排油烟")),
)
WHO = ("八十岁的老人", "坐轮椅的邻居", "刚满月的婴儿", "上夜班的护士", "准备高考的学生", "送餐的骑手",
       "做透析的病人", "摆早点摊的夫妻", "独居的退休教师", "晚归的女工")  # fmt: skip
HURT = ("在楼梯上摔伤了脚踝", "连着发烧咳嗽", "整夜合不上眼", "只好借住到亲戚家", "被擦伤了手臂",
        "花了两千多元看病", "耽误了上班被扣工资", "不敢再开窗通风", "被狗追着跑", "误了火车")  # fmt: skip
TRIED = ("去居委会登记过两回", "写过联名信没有回音", "打电话被推来推去", "在业主群里问过经理",
         "找过街道的网格员", "到信访窗口排过队", "加了客服微信被拉黑", "现场拍的照片都留着",
         "去年签过整改承诺", "上次检查完又恢复原样")  # fmt: skip
OPENINGS = ("您好，", "领导好：", "来电人反映，", "", "我是附近的住户，")
CLOSINGS = ("请有关部门尽快处理。", "希望得到答复。", "盼解决！", "", "请核实后回复来电人。")


@dataclass(frozen=True)
class Letter:
    """One letter: which matter it is of, its office, and what is known of it."""

    matter: int
    office: int
    record: Record
    phone: str
    region: str


@dataclass(frozen=True)
class Matter:
    """What a matter is about: each letter tells it in other words."""

    place: str
    building: int
    firm: str
    problem: tuple[str, tuple[str, ...]]
    days: int
    details: tuple[str, ...]


def _matter(dice: random.Random) -> Matter:
    def name() -> str:
        return "".join(dice.sample(SIGNS, 2))

    who, hurt = dice.choice(WHO), dice.choice(HURT)
    details = (f"{who}{hurt}", dice.choice(TRIED), dice.choice(TRIED))
    return Matter(
        f"{name()}{dice.choice(KINDS)}", dice.randrange(1, 30), f"{name()}{dice.choice(FIRMS)}",
        dice.choice(PROBLEMS), dice.randrange(3, 90), details,
    )  # fmt: skip


def letters(dice: random.Random) -> Iterator[Letter]:
    """Each matter told two to four times, by one citizen or by a neighbour, at any office."""
    for number in range(MATTERS):
        matter = _matter(dice)
        citizen = f"138{dice.randrange(10**8):08d}"
        region = f"1301{dice.randrange(1, 30):02d}"
        for turn in range(dice.randint(2, 4)):
            neighbour = turn > 1 and dice.random() < 0.4
            phone = f"139{dice.randrange(10**8):08d}" if neighbour else citizen
            at = START + timedelta(days=dice.randrange(20), minutes=number)
            subject = f"{matter.place}{matter.problem[0]}"
            record = Record(
                f"{number}-{turn}", "hotline_12345", subject, _told(dice, matter), at,
                phone_ix=hashlib.sha256(phone.encode()).digest()[:16],
            )  # fmt: skip
            yield Letter(number, dice.randrange(OFFICES), record, phone, region)


def _told(dice: random.Random, matter: Matter) -> str:
    said = dice.choice(matter.problem[1])
    sentences = [
        f"{matter.place}{matter.building}号楼{said}",
        dice.choice((f"已经{matter.days}天了", f"前后有{matter.days}天")),
        dice.choice((f"{matter.firm}说不归他们管", f"问了{matter.firm}，答复是再等等")),
        *matter.details[: dice.randint(1, 3)],
    ]
    if dice.random() < 0.5:
        sentences[1:] = dice.sample(sentences[1:], len(sentences) - 1)
    return f"{dice.choice(OPENINGS)}{'，'.join(sentences)}。{dice.choice(CLOSINGS)}"


def codes_of(reader: TokenReader, letter: Letter) -> Codes:
    day = letter.record.received_at.date()
    contact = Contact(phone=letter.phone)
    tokens = reader.read(letter.record)
    return encode(b"2" * 32, blind(b"1" * 32, tokens, contact, letter.region, day))


def figures(found: set[frozenset[str]], truth: set[frozenset[str]]) -> tuple[float, float]:
    """Precision and recall in per cent."""
    right = len(found & truth)
    return 100 * right / len(found), 100 * right / len(truth)


def test_codes_find_across_twenty_offices_what_one_office_finds_within_three_points(
    dice: random.Random,
) -> None:
    told = sorted(letters(dice), key=lambda each: (each.record.received_at, each.record.message_id))
    reader = TokenReader()
    codes = {each.record.message_id: codes_of(reader, each) for each in told}
    crossing = [
        pair for pair in itertools.combinations(told, 2) if pair[0].office != pair[1].office
    ]
    names = [frozenset(each.record.message_id for each in pair) for pair in crossing]
    truth = {name for name, (a, b) in zip(names, crossing, strict=True) if a.matter == b.matter}
    by_codes = {
        name for name, (a, b) in zip(names, crossing, strict=True)
        if score(codes[a.record.message_id], codes[b.record.message_id]) >= THRESHOLD
    }  # fmt: skip
    answers = Matcher(None, MemoryStore()).arrive([each.record for each in told])
    by_one_office = {
        frozenset((each.record.message_id, match.message_id))
        for each, matches in zip(told, answers, strict=True) for match in matches
        if match.link >= 0.5
    } & {*names}  # fmt: skip
    precision, recall = figures(by_codes, truth)
    precision_of_one, recall_of_one = figures(by_one_office, truth)
    print(f"codes {precision:.1f}/{recall:.1f}, one {precision_of_one:.1f}/{recall_of_one:.1f}")
    assert len(truth) > MATTERS
    assert precision >= precision_of_one - POINTS
    assert recall >= recall_of_one - POINTS


def test_codes_under_another_key_have_nothing_in_common(dice: random.Random) -> None:
    reader, told = TokenReader(), list(letters(dice))[:20]
    day = START.date()
    for each in told:
        tokens = reader.read(each.record)
        blinded = blind(b"1" * 32, tokens, Contact(each.phone), "130101", day)
        one, other = encode(b"2" * 32, blinded), encode(b"3" * 32, blinded)
        assert score(one, one) > THRESHOLD
        assert score(one, other) == 0.0
        assert one.phone != other.phone
