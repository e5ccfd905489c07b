"""One matter in other words: what a clerk wrote down, what the citizen wrote, and what it is not.

Every row is a pair of one citizen's messages (the same telephone) unless the test says otherwise.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from minsheng_dedupe import Match, Record

Letter = Callable[..., Record]
Answer = Callable[[Record, Record], Match | None]
Words = tuple[str, str]

# What a clerk wrote down of a call, about one estate; the first word names the row.
CALLS: dict[str, Words] = {
    "light": (
        "桂香苑小区路灯损坏",
        "来电人反映，桂香苑小区东门至12号楼的甬路上路灯全部熄灭，已持续半个月，夜间行人多次绊倒。"
        "来电人要求物业尽快更换灯泡、检修线路，请核实处理。",
    ),
    "parking": (
        "桂香苑小区车位收费争议",
        "来电人反映，桂香苑小区物业把公共车位改成月租，每月收取260元停车费，未经业主大会同意。"
        "不交停车费的车辆被道闸拦在门外，要求核查收费依据，请核实处理。",
    ),
    "fee": (
        "桂香苑小区物业费涨价",
        "来电人反映，桂香苑小区物业费由每平方米1.2元上涨到1.9元，物业公司未公示服务标准和调价程序，"
        "要求价格主管部门查处，请核实处理。",
    ),
    "noise": (
        "桂香苑小区楼下广场舞噪音扰民",
        "来电人反映，桂香苑小区中心花坛每晚七点到十点有人跳广场舞，音响声音过大，孩子无法写作业，"
        "报警后音量调低一会儿又恢复，要求规范时段，请核实处理。",
    ),
    "lift": (
        "桂香苑小区电梯频繁故障",
        "来电人反映，桂香苑小区8号楼电梯本月已第四次困人，维保单位只做复位不更换配件，"
        "高层老人不敢乘坐，要求检验电梯并更换老化部件，请核实处理。",
    ),
    "heating": (
        "桂香苑小区暖气温度低",
        "来电人反映，桂香苑小区8号楼供暖以来室温仅有14度，暖气片上热下凉，多次报修热力公司未解决，"
        "要求上门测温并退还部分取暖费，请核实处理。",
    ),
    "water": (
        "桂香苑小区自来水发黄",
        "来电人反映，桂香苑小区近日自来水浑浊发黄并有铁锈味，疑似二次供水水箱多年没有清洗，"
        "要求检测水质、清洗水箱，请核实处理。",
    ),
    "garbage": (
        "桂香苑小区垃圾清运不及时",
        "来电人反映，桂香苑小区北侧垃圾桶长期满溢，清运车三四天才来一次，厨余腐烂发臭招引苍蝇，"
        "要求增加清运次数，请核实处理。",
    ),
}

# The same citizen's letter about the same matter, in words of one who lives there.
LETTERS: dict[str, Words] = {
    "light": (
        "回家的路黑了十几天",
        "您好！我家住桂香苑12号楼，从小区东门走进来要经过一条甬路，这条路上的路灯一盏都不亮。"
        "我母亲前天买菜回来被减速带绊倒，膝盖摔青了。物业说灯泡采购要走流程，可是路灯坏了这么久，"
        "手电筒都用没电两回了。盼望早点亮起来。",
    ),
    "parking": (
        "公共的地方凭什么收我们停车费",
        "领导好，桂香苑的地面车位原来是先到先停，国庆以后物业突然画线编号，说要停就得每月交260块停车费。"
        "没有开过业主大会，也没贴过通知。昨晚我下班，道闸就是不抬，我只好把车扔在马路边上。"
        "请查一查这个钱收得有没有道理。",
    ),
    "fee": (
        "桂香苑物业费说涨就涨",
        "我是桂香苑的业主。上周门上塞了一张纸，物业费从一块二直接涨到一块九，问为什么，"
        "回答是人工贵了。调价既没有投票也没有公示服务标准，楼道一个月扫一回。我不是不交物业费，"
        "我想知道这个价格是谁批的。",
    ),
    "noise": (
        "求求管管窗外的广场舞",
        "桂香苑中间那块花坛，一到晚上就成了舞场，大音响对着我家窗户放到十点钟，孩子今年初三，"
        "戴着耳塞写作业。我报过警，警察来了音量小十分钟，走了照旧。跳广场舞我不反对，"
        "能不能定个时间，音响也别开那么大？",
    ),
    "lift": (
        "电梯又把人关在里面了",
        "这已经是这个月第四回了！桂香苑8号楼的电梯，今天早上把六楼的奶奶困了四十分钟，"
        "出来的时候脸都白了。维保的师傅来了就是按一下复位，配件从来不换。楼里老人现在宁可爬楼梯。"
        "能不能请懂行的来把电梯验一验？",
    ),
    "heating": (
        "花钱买了一冬天的冷",
        "我家在桂香苑8号楼，取暖费早就交齐了，可是暖气片上面温下面冰，温度计放在客厅从没超过14度。"
        "热力公司的电话打过五六次，每次都说安排测温，就是没人登门。供暖已经一个月，"
        "家里老人只能裹着棉被看电视。",
    ),
    "water": (
        "接出来的水像茶一样",
        "桂香苑住户反映：最近一个礼拜，早上拧开龙头，自来水是黄的，放五分钟还有一股铁锈味，"
        "洗的白衣服全成了米色。听说楼顶的水箱好几年没人清洗过。这水怎么敢给孩子喝？"
        "请来取样做个水质检测。",
    ),
    "garbage": (
        "北边的垃圾桶已经堆成山",
        "桂香苑小区北墙根那排垃圾桶，三四天才见一次清运车，袋子堆到路中间，烂菜叶淌水，"
        "苍蝇成群，我家一楼不敢开窗。物业说清运是环卫的事，环卫说没接到通知。"
        "恳请把清运的次数加上去。",
    ),
}

# Calls and letters whose place is something other than an estate.
ELSEWHERE: dict[str, tuple[Words, Words]] = {
    "road": (
        (
            "迎春路路面塌陷",
            "来电人反映，迎春路与青年街交口南侧机动车道塌陷出一个大坑，深约半米，已有电动车摔进坑内，"
            "要求立即围挡修补，请核实处理。",
        ),
        (
            "路上一个坑摔了好几个人",
            "书记您好，迎春路上那个大坑有人管吗？就在青年街口往南一点，路面塌下去半米深，"
            "昨天下雨积了水看不见，我骑电动车连人带车栽了进去，门牙磕掉一颗。哪怕先围挡一下也行。",
        ),
    ),
    "school": (
        (
            "育红小学强制订购校服",
            "来电人反映，育红小学要求新生一次购买四套校服，共计860元，家长认为价格偏高且质量差，"
            "要求教育局核查校服采购程序，请核实处理。",
        ),
        (
            "一年级的校服为什么要八百多",
            "孩子刚上育红小学，老师在群里发链接，校服四套一起买，860元，不能单买。"
            "领回来一洗就掉色起球。同样的校服网上一半价钱。采购有没有征求过家长的意见？",
        ),
    ),
    "village": (
        (
            "柳沟村低保评议不公",
            "来电人反映，柳沟村本年度低保评议未开村民代表大会，名单未公示，有轿车的家庭享受低保，"
            "其父瘫痪在床却被取消低保，要求民政部门入户复核，请核实处理。",
        ),
        (
            "我父亲瘫在床上为什么没有低保",
            "我是柳沟村人，在外打工。父亲瘫痪三年，今年低保忽然停了，问村干部，说是评议没过。"
            "可村里谁也没见过评议会，名单也没贴出来，倒是开轿车的人家照样领。"
            "请民政局的同志到家里看一眼。",
        ),
    ),
    "works": (
        (
            "宏基水泥厂粉尘污染",
            "来电人反映，石门村南侧宏基水泥厂夜间不开除尘设备，粉尘落满庄稼和院子，"
            "村民咳嗽不止，要求环保部门夜间检查除尘设备运行情况，请核实处理。",
        ),
        (
            "晒的粮食上一层灰",
            "石门村的老百姓快受不了了。村南的水泥厂白天还好，一到夜间粉尘就像下雪，早上院子里白花花一层，"
            "庄稼叶子都糊住了，老人孩子咳嗽。听厂里上班的人说除尘设备费电，晚上就关掉。",
        ),
    ),
}

# What the citizen said some days later, asking again.
CHASERS: dict[str, Words] = {
    "light": (
        "桂香苑小区路灯仍未修复",
        "来电人称此前反映桂香苑小区东门甬路路灯熄灭一事，物业只换了两个灯泡，其余路灯仍然不亮，"
        "线路未检修。来电人要求给出修复时间，请催办。",
    ),
    "heating": (
        "桂香苑暖气测温之后没有下文",
        "上周反映的桂香苑8号楼暖气不热，热力公司来测温了，14.5度，师傅说不达标，登记完就走。"
        "现在暖气片还是凉的，退取暖费的事也没人提。请问接下来怎么办？",
    ),
    "garbage": (
        "垃圾清运好了三天又不管了",
        "我前些天反映桂香苑北侧垃圾桶满溢，第二天清运车就来了，谢谢。可是只勤快了三天，"
        "现在垃圾桶又堆满，苍蝇照旧。能不能把清运次数固定下来？",
    ),
}

PROBLEMS = sorted(CALLS)
OTHERS = [(a, b) for i, a in enumerate(PROBLEMS) for b in PROBLEMS[i + 1 :]]


def _decision(match: Match | None) -> str:
    return match.decision if match else "none"


@pytest.fixture
def call(letter: Letter) -> Callable[..., Record]:
    """`call(words, ...)`: a clerk's note of a call."""

    def note(words: Words, **fields: object) -> Record:
        base = letter(channel="hotline_12345", subject=words[0], body=words[1], name_ix=b"")
        return replace(base, **fields)  # type: ignore[arg-type]

    return note


@pytest.fixture
def write(letter: Letter) -> Callable[..., Record]:
    """`write(words, ...)`: the citizen's own letter, two days later."""

    def letter_of(words: Words, **fields: object) -> Record:
        when = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
        base = letter(
            channel="mailbox", subject=words[0], body=words[1], name_ix=b"", received_at=when
        )
        return replace(base, **fields)  # type: ignore[arg-type]

    return letter_of


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_matter_told_again_in_other_words_is_joined(
    call: Letter, write: Letter, answer: Answer, problem: str
) -> None:
    told, written = call(CALLS[problem]), write(LETTERS[problem])
    match = answer(told, written)
    assert _decision(match) == "same"
    assert _decision(answer(written, told)) == "same"
    assert match is not None
    assert any(r.code.startswith("problem.") for r in match.reasons)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_another_problem_of_the_same_estate_is_not_joined(
    call: Letter, write: Letter, answer: Answer, one: str, other: str
) -> None:
    pairs = [
        (call(CALLS[one]), write(LETTERS[other])),
        (call(CALLS[other]), write(LETTERS[one])),
        (call(CALLS[one]), call(CALLS[other])),
        (write(LETTERS[one]), write(LETTERS[other])),
    ]
    for earlier, later in pairs:
        assert _decision(answer(earlier, later)) == "related"


@pytest.mark.parametrize("place", sorted(ELSEWHERE))
def test_a_matter_of_a_road_a_school_or_a_village_is_joined(
    call: Letter, write: Letter, answer: Answer, place: str
) -> None:
    told, written = ELSEWHERE[place]
    assert _decision(answer(call(told), write(written))) == "same"


@pytest.mark.parametrize("problem", sorted(CHASERS))
def test_asking_again_joins_the_matter_and_no_other(
    call: Letter, write: Letter, answer: Answer, problem: str
) -> None:
    chaser = write(CHASERS[problem], received_at=datetime(2026, 3, 14, 9, 0, tzinfo=UTC))
    assert _decision(answer(call(CALLS[problem]), chaser)) == "same"
    for other in PROBLEMS:
        if other != problem:
            assert _decision(answer(call(CALLS[other]), chaser)) == "related"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_same_problem_of_another_estate_is_not_joined(
    call: Letter, write: Letter, answer: Answer, problem: str
) -> None:
    moved = tuple(text.replace("桂香苑", "紫薇苑") for text in LETTERS[problem])
    match = answer(call(CALLS[problem]), write(moved))
    assert _decision(match) in ("related", "review")


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("phone", [b"", b"phone-b"], ids=["masked", "another"])
def test_without_the_same_telephone_nothing_is_joined(
    call: Letter, write: Letter, answer: Answer, problem: str, phone: bytes
) -> None:
    written = write(LETTERS[problem], phone_ix=phone)
    assert _decision(answer(call(CALLS[problem]), written)) != "same"


def test_a_neighbour_in_other_words_goes_to_an_officer(
    call: Letter, write: Letter, answer: Answer
) -> None:
    told, written = call(CALLS["light"]), write(CHASERS["light"], phone_ix=b"phone-b")
    assert _decision(answer(told, written)) == "review"
    other = write(CHASERS["garbage"], phone_ix=b"phone-b")
    assert _decision(answer(told, other)) in ("none", "different", "related")


def test_the_upper_and_the_lower_village_are_two(
    call: Letter, write: Letter, answer: Answer
) -> None:
    words = (
        "上石沟村自来水浑浊",
        "上石沟村的自来水浑浊发黄已有一周，水箱多年没有清洗，请检测水质。",
    )
    lower = (words[0].replace("上石沟", "下石沟"), words[1].replace("上石沟", "下石沟"))
    assert _decision(answer(call(words), write(words))) == "same"
    assert _decision(answer(call(words), write(lower))) in ("related", "review")
    assert _decision(answer(call(words), write(lower, phone_ix=b"phone-b"))) == "related"


def test_a_matter_told_again_after_a_year_is_not_joined(
    call: Letter, write: Letter, answer: Answer
) -> None:
    told, written = call(CALLS["light"]), write(LETTERS["light"])
    late = replace(written, received_at=told.received_at + timedelta(days=300))
    assert _decision(answer(told, late)) != "same"


def test_the_shared_words_are_named_to_the_officer(
    call: Letter, write: Letter, answer: Answer
) -> None:
    match = answer(call(CALLS["light"]), write(LETTERS["light"]))
    assert match is not None
    (said,) = (r for r in match.reasons if r.code.startswith("problem."))
    assert "路灯" in said.zh
    assert "桂香苑" not in said.zh
    assert said.weight > 0
