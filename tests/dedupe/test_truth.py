"""Thirty truths: what is told, two texts of one telephone, and what must be said of them.

A row holds the description, the earlier and the later text as (subject, body), what differs
besides the text, and the decisions that are right.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from opencc import OpenCC

from minsheng_dedupe import Match, Record

Letter = Callable[..., Record]
Answer = Callable[[Record, Record], Match | None]
Text = tuple[str, str]

LIFT: Text = (
    "锦绣花园小区3号楼电梯停运无人维修",
    "我是锦绣花园小区3号楼2单元的住户。从上个月起两部电梯先后停运，物业贴了告示说等待配件，可是一直没有"
    "人来维修。楼里有多位行动不便的老人，每天爬十几层楼梯，买菜看病都成了难题。请督促物业公司尽快恢复。",
)
NOISE: Text = (
    "东风路工地夜间施工噪音扰民",
    "东风路与建设街交口的工地连续二十天夜间施工，打桩机响到凌晨两点，附近学生和老人无法入睡，"
    "多次拨打环保热线，停工半小时后照旧。请城管和环保部门夜间到现场查处。",
)
FEE: Text = (
    "翠湖家园物业费从每平方米1.2元涨到1.9元",
    "翠湖家园物业公司贴出通知，从七月起物业费由每平方米1.2元上涨到1.9元，没有召开业主大会，也没有公示"
    "服务标准和成本，不交费的业主门禁卡被停用。请价格主管部门核查调价程序是否合法。",
)
METRO: Text = (
    "西安地铁4号线早高峰间隔太长",
    "西安地铁4号线早高峰行车间隔接近六分钟，站台上排队的人要等三趟车才能上去，上班经常迟到，"
    "希望地铁公司在工作日七点半到九点之间加开列车，并公布每站的拥挤程度。",
)
SCHOOL: Text = (
    "实验小学门口上下学时段交通混乱",
    "实验小学门口每天上下学时段家长车辆随意停放，三轮车和小摊挤占人行道，孩子只能在车流里穿行，"
    "上周有一名学生被电动车撞伤。希望交警在校门口安排人员疏导，施划禁停线。",
)
HOUSE: Text = (
    "购买的二手房无法过户",
    "去年十月通过中介购买的二手房至今无法办理过户，中介说房东的抵押没有解除，房东又联系不上，"
    "首付款和中介费都已经付清，孩子入学需要房产证。请住建部门督促中介履行合同或者退还全部费用。",
)
BUS: Text = (
    "金桂家园门口等不到公交车",
    "金桂家园的居民上班只能坐8路，早高峰常常等二十多分钟，来了又挤不上去，孩子上学迟到好几次，"
    "请公交公司在早晚高峰加车，并把电子站牌修好。",
)
BUS_AGAIN: Text = (
    "金桂家园门口等不到公交车",
    "金桂家园的居民上班只好挤8路，早高峰常常等二十多分钟，来了又挤不上去，孩子上学迟到好几次，"
    "请公交公司在早晚高峰加车，并把电子站牌修好。",
)
ORDER: Text = (
    "四公司拖欠垃圾清运车驾驶员工资",
    "四公司垃圾清运项目不与驾驶员签合同，11号车和37号车的驾驶员多次要求补缴社保，项目经理以各种理由推诿，"
    "工资拖了三个月，请劳动监察部门到场调查，保障清运驾驶员的合法权益。",
)
VILLAGE: Text = (
    "柳沟村饮水井水质浑浊",
    "柳沟村三组的饮水井从春节后水质浑浊，烧开之后壶底有一层白色沉淀，村里几户人家的孩子腹泻，"
    "村干部取样之后没有告诉我们结果。请水利和疾控部门化验水质，公布结论。",
)


def _swap(text: Text, old: str, new: str) -> Text:
    return text[0].replace(old, new), text[1].replace(old, new)


def _each(text: Text, change: Callable[[str], str]) -> Text:
    return change(text[0]), change(text[1])


def _wide(text: str) -> str:
    return text.translate({i: i + 0xFEE0 for i in range(0x21, 0x7F)})


STRANGER = {"phone_ix": b"phone-b", "name_ix": b"name-b"}
UNKNOWN = {"phone_ix": b"", "name_ix": b""}
MASKED = {"phone_ix": b"", "phone_part_ix": b"138*0001"}
GREETED = "尊敬的领导，您好！" + LIFT[1] + "盼望您在百忙之中予以答复，谢谢！"
FRAMED = (
    f"工单编号：SD20260302\n诉求人：张先生\n联系电话：〔电话〕\n来电人反映：{LIFT[1]}"
    "\n请相关部门核实处理。"
)
MAILED = f"{LIFT[1]}\n\n发自我的手机"
FORWARD = f"----- 原始邮件 -----\n发件人：某人\n发送时间：2026-03-01\n主题：{LIFT[0]}\n\n{LIFT[1]}"
AGAIN = (
    "上周反映的锦绣花园小区3号楼电梯停运一事，物业至今没有维修，"
    "两部电梯仍然停着，老人还在爬楼梯，请催办。"
)

JOIN, ASK, APART = {"same"}, {"review"}, {"related", "different", "none"}
NOT_JOINED = ASK | APART
Row = tuple[str, Text, Text, dict[str, Any], set[str]]

TRUTHS: list[Row] = [
    ("the same words", LIFT, LIFT, {}, JOIN),
    ("traditional characters", LIFT, _each(LIFT, OpenCC("s2t").convert), {}, JOIN),
    ("full width", FEE, _each(FEE, _wide), {}, JOIN),
    ("zero width between all characters", LIFT, _each(LIFT, "\u200b".join), {}, JOIN),
    ("Chinese numerals for a building", LIFT,
     _swap(_swap(LIFT, "3号楼", "三号楼"), "2单元", "二单元"), {}, JOIN),
    ("other punctuation", NOISE, _each(NOISE, lambda t: t.replace("，", " ").replace("。", "！！")),
     {}, JOIN),
    ("greetings and thanks around it", LIFT, (LIFT[0], GREETED), {}, JOIN),
    ("a hotline's frame around it", LIFT, ("【投诉】" + LIFT[0], FRAMED),
     {"channel": "hotline_12345"}, JOIN),
    ("a mail's foot below it", LIFT, (LIFT[0], MAILED), {"channel": "mailbox"}, JOIN),
    ("a forwarded mail", LIFT, ("转发：" + LIFT[0], FORWARD), {"channel": "mailbox"}, JOIN),
    ("a sentence cut off", NOISE, (NOISE[0], NOISE[1][: len(NOISE[1]) * 3 // 4]), {}, JOIN),
    ("asked again in a few words", LIFT, ("催办电梯维修", AGAIN), {}, JOIN | ASK),
    ("the telephone masked", LIFT, LIFT, MASKED, JOIN | ASK),
    ("another telephone", LIFT, LIFT, STRANGER, ASK),
    ("nobody known", NOISE, NOISE, UNKNOWN, ASK),
    ("another building", LIFT, _swap(LIFT, "3号楼", "8号楼"), {}, APART),
    ("another unit", LIFT, _swap(LIFT, "2单元", "4单元"), {}, APART),
    ("another estate", LIFT, _swap(LIFT, "锦绣花园", "翠湖花园"), {}, NOT_JOINED),
    ("another school", SCHOOL, _swap(SCHOOL, "实验小学", "育红小学"), {}, NOT_JOINED),
    ("another road", NOISE, _swap(NOISE, "东风路", "迎宾路"), {}, NOT_JOINED),
    ("another village", VILLAGE, _swap(VILLAGE, "柳沟村", "石桥村"), {}, NOT_JOINED),
    ("another group of the village", VILLAGE, _swap(VILLAGE, "三组", "五组"), {}, APART),
    ("another city's metro line", METRO, _swap(METRO, "西安", "成都"), {}, APART),
    ("another line of the city", METRO, _swap(METRO, "4号线", "2号线"), {}, APART),
    ("a flat against a second-hand house", HOUSE, _swap(HOUSE, "二手房", "公寓"), {}, NOT_JOINED),
    ("a bus line is no road", BUS, BUS_AGAIN, {}, JOIN),
    ("another bus line in one text", BUS, _swap(BUS, "8路", "19路"), {}, NOT_JOINED),
    ("another number at one spot", ORDER, _swap(ORDER, "11号车", "13号车"), {}, NOT_JOINED),
    ("days that went on", ORDER, _swap(ORDER, "三个月", "四个月"), {}, JOIN),
    ("another amount", FEE, _swap(FEE, "1.9元", "2.6元"), {}, NOT_JOINED),
    ("praise against complaint", _swap(LIFT, "无人维修", "请投诉处理"),
     ("表扬锦绣花园小区3号楼物业", LIFT[1]), {}, APART),
    ("another problem of one citizen", LIFT, FEE, {}, APART),
    ("a stranger's other matter", LIFT, SCHOOL, STRANGER, APART),
    ("the same words two years later", NOISE, NOISE, {"days": 730}, NOT_JOINED),
]  # fmt: skip


def test_there_are_thirty_truths_each_told_once() -> None:
    assert len({row[0] for row in TRUTHS}) == len(TRUTHS) >= 30


@pytest.mark.parametrize("row", TRUTHS, ids=[row[0] for row in TRUTHS])
def test_each_pair_is_decided_as_told(letter: Letter, answer: Answer, row: Row) -> None:
    _, one, other, change, right = row
    fields = dict(change)
    days = fields.pop("days", 0)
    masked = "phone_part_ix" in fields
    earlier = letter(subject=one[0], body=one[1])
    earlier = replace(earlier, phone_part_ix=b"138*0001") if masked else earlier
    if fields == UNKNOWN:
        earlier = replace(earlier, **UNKNOWN)
    when = earlier.received_at + timedelta(days=days)
    later = letter(subject=other[0], body=other[1], received_at=when, **fields)
    match = answer(earlier, later)
    said = match.decision if match else "none"
    assert said in right, [(r.code, r.weight) for r in match.reasons] if match else "not found"
