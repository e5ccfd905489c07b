"""What a text names: addresses, estates, schools, roads, numbers, praise or complaint.

A fact is (kind, key, shown): facts of one kind are equal when their keys are, and `shown` is what
an officer reads in a reason.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from .normalise import number

_HAN = "[\u4e00-\u9fff]"
# A name cannot run across these characters: what stands before them belongs to the sentence.
_BREAK = (
    "的是了在我们你您他她它住于从到对为和与及有被把该这那个本贵各每就也都不要去来说给让将等某"
    "市县区省位由向请求至关还"
)

# What an address number stands before; 房 and the like only where no other word begins.
_COUNTER = re.compile(
    "号[楼栋]?|[栋幢座室]|单元|房(?![间屋产子价款源租])|期(?![间限望待末满])|组(?![织成建长合])"
)
_COUNTED = re.compile(r"(?<![\d.])((?<![a-z])[a-z]?\d{1,4}|(?<![a-z])[a-z])-?$")
_ROADS = tuple("路街巷道里弄")
_ABC = frozenset("abcdefghijklmnopqrstuvwxyz.")
_NUMBERED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_ADDRESS_KIND = {
    "单元": "unit", "室": "room", "房": "room", "期": "phase", "组": "group", "号": "door",
}  # fmt: skip
_SHOWN = {
    "building": "{}号楼", "unit": "{}单元", "room": "{}室",
    "phase": "{}期", "door": "{}号", "group": "{}组",
}  # fmt: skip
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][a-z0-9]{5,6}(?![a-z0-9])"
)

_SUFFIX = {
    "estate": "小区|社区|花园|花苑|家园|家苑|新城|新村|公寓|公馆|名城|名苑|名府|华府|华庭|国际|大厦"
    "|广场|雅苑|嘉园|嘉苑|山庄|豪庭|豪园|家属院|佳苑|佳园|华苑|星城|水岸|尚城|御园|庄园|苑",
    "school": "大学|学院|中学|小学|幼儿园|学校|驾校",
    "hospital": "医院|卫生院|诊所",
    "road": "大道|路|街|巷|大桥|立交桥|隧道",
    "village": "村|镇|乡|街道",
    "market": "市场|菜场|商场|超市|酒店|工业园|公园|养殖场|采石场|加油站",
}
# Longest suffix first, so that 幼儿园 is not read as 园; the name before it is read backwards.
_KIND_OF = {word: kind for kind, words in _SUFFIX.items() for word in words.split("|")}
_ENDING = re.compile(
    f"(?:{'|'.join(sorted(_KIND_OF, key=lambda w: (-len(w), w)))})(?!{_HAN}?[道路]口)"
)
_NOT_NAME = re.compile(f"[{_BREAK}]|[^\u4e00-\u9fffa-z0-9]")
_LEADING = re.compile("^(?:反映|投诉|举报|咨询|建议|希望|关于|反对|拆除|支持|恳求|强烈)")
_STEM = 4
_GENERIC = re.compile(
    "住宅|整个|附近|周边|老旧|商业|高速|农村|公立|民办|私立|开发|物业|有限|公共|配套|大型|全国|城乡|一些|许多|很多|多个"
    "|其他|其它|所有|部分|义务|乡村|道路|马路|公路|铁路|网络|线路|电路|走路|楼盘|业主|居民|城镇|乡镇|出来|进来|影响|新建"
    "|条路|段路|修路|拆迁|门面|门口|希望|投诉|反映|举报|建议|咨询|关于"
)
# Kinds of road and words that end like one: 检修线路, 一条土路 are no names.
_NO_ROAD = re.compile(
    "[线电走马铁出甬余一小土油顺让绕半条段修上]路$|[乘坐等搭][一二三四五六七八九十]{1,3}路$"
)
_REGION = re.compile("[市县区]")
_REGION_NAME = re.compile(f"(?:[a-z]\\d{{0,2}}|(?![小社地园城辖我市郊校厂景片街]){_HAN}{{2}})$")
_NO_REGION = "小社地园城辖市校厂景片新郊山街"
_NOT_REGION = frozenset([f"{c}区" for c in _NO_REGION] + ["城市", "门市", "超市", "上市"])
_FIGURE = re.compile(
    r"(\d+)(\.\d{1,4})?"
    r"(?:(万元|元|万|平方米|平方|m2|亩|吨|户|公里|米|号线|kv|千伏|瓦)"
    r"|(号(?![楼栋线]))|([.年月日a-z]))?"
)

# A city's metro line is told by the city and the number: 西安地铁4号线 is not 北京地铁4号线.
_LINE = re.compile(r"([\u4e00-\u9fffa-z]{0,2}?)市?(?:地铁|轨道交通|轻轨)(\d{1,2}|[a-z])号线")
# 坐8路 is a bus, 五一路 a road: of numerals in words only those behind a verb of riding are buses.
_BUS = re.compile(r"(\d{1,3})路(?!口)|[乘坐等搭]([一二三四五六七八九十]{1,3})路(?!口)")
_SIGNS = re.compile(r"\W+")
# A number that no unit of time or of counting up follows: those go on while a matter waits.
_SPOT = re.compile(r"(?<!\d)\d{1,4}(?![\d年月日时分点天周秒岁次遍多余几]|小时|个月|星期)")
_BEFORE, _BEHIND, _LEAST_SPOT = 3, 2, 4
_MOST_SPOTS = 16
_SORT_OF = {"二手房": "used", "新房": "new", "期房": "new", "公寓": "flat", "商铺": "shop"}
_SORT = re.compile("|".join(_SORT_OF))

_PRAISE = re.compile(
    "表扬|点赞|送锦旗|锦旗|致谢|感谢信|特此感谢|非常感谢.{0,20}(?:帮助|解决|工作人员)|好人好事|为.{0,12}点赞"
)
_COMPLAINT = re.compile(
    "投诉|举报|反对|扰民|违法|违规|违建|质疑|不合理|拖欠|乱收费|欺诈|维权|强烈|噪音|污染|严查|曝光|何时|怎么还|至今未|没有解决|不作为"
)

Fact = tuple[str, str, str]
_MOST = 60
_FIRST = ord("A")

KINDS = (
    "building", "unit", "room", "phase", "door", "group", "plate", "estate", "school", "hospital",
    "road", "village", "market", "region", "line", "amount", "number", "sort", "ordinal", "bus",
    SPOT := "spot",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What one message names, and its stance: `praise`, `complaint` or ''.

    `packed` is one line a fact: a letter for the kind and the key, and where it is not the key, a
    tab and what is shown. Most stored messages are never compared in full, so it is unpacked on
    first use.
    """

    packed: str
    stance: str

    @cached_property
    def named(self) -> dict[str, dict[str, str]]:
        """By kind: key to what is shown."""
        named: dict[str, dict[str, str]] = {}
        for line in self.packed.splitlines():
            key, _, shown = line[1:].partition("\t")
            named.setdefault(KINDS[ord(line[0]) - _FIRST], {})[key] = shown or key
        return named


def read_facts(subject: str, body: str) -> Facts:
    """The facts of a cleaned subject and body (`normalise.close_up`)."""
    text = subject + " 。 " + body
    found = [*_addresses(text), *_names(text), *_regions(text), *_kinds(text), *_numbers(text)]
    first: dict[tuple[str, str], str] = {}
    for kind, key, shown in found[: _MOST * 4]:
        first.setdefault((kind, key), shown)
    kept = [*list(first.items())[:_MOST], *_spots(text)]
    packed = "\n".join(
        f"{_LETTER[kind]}{key}" if shown == key else f"{_LETTER[kind]}{key}\t{shown}"
        for (kind, key), shown in kept
    )
    return Facts(packed, _stance(subject, text))


def _addresses(text: str) -> list[Fact]:
    """Buildings, units, rooms and the like; a bare 号 counts only behind a road."""
    found = [("plate", hit[0], hit[0].upper()) for hit in _PLATE.finditer(text)]
    for hit in _COUNTER.finditer(text):
        at = hit.start()
        if at and text[at - 1] in _NUMBERED:
            told = _COUNTED.search(text, max(0, at - 6), at)
            kind, number = _ADDRESS_KIND.get(hit[0], "building"), told[1] if told else ""
            behind_road = told and text[told.start() - 1 : told.start()] in _ROADS
            if told and (behind_road or kind != "door") and (len(number) > 2 or kind != "room"):
                found.append((kind, number, _SHOWN[kind].format(number.upper())))
    return found


def _names(text: str) -> list[Fact]:
    """Named places. The key is the two characters before the suffix, three for 上 and 下: where
    a name begins is unsure in running Chinese, where it ends is not. Of 佳园小区 the first
    suffix counts."""
    found, last_end = [], -1
    for hit in _ENDING.finditer(text):
        start, suffix = hit.start(), hit[0]
        stem = _LEADING.sub("", _NOT_NAME.split(text[max(0, start - _STEM) : start])[-1])
        # 上龙泉村 and 下龙泉村 are two villages.
        key = stem[-3:] if suffix == "村" and stem[-3:-2] in ("上", "下") else stem[-2:]
        follows, last_end = start == last_end, hit.end()
        if (
            len(key) >= 2
            and not follows
            and not key.isdigit()
            and not _GENERIC.search(key)
            and not (suffix == "路" and stem[-1].isdigit())
            and not _NO_ROAD.search(stem + suffix)
        ):
            found.append((_KIND_OF[suffix], key, stem + suffix))
    return found


def _regions(text: str) -> list[Fact]:
    found = []
    for hit in _REGION.finditer(text):
        at = hit.start()
        name = _REGION_NAME.search(text, max(0, at - 3), at)
        if name and text[at - 1 : at + 1] not in _NOT_REGION:
            told = name[0] + hit[0]
            found.append(("region", told, told.upper()))
    return found


def _kinds(text: str) -> list[Fact]:
    """A city's metro line, and whether a flat or a second-hand house is spoken of."""
    lines = []
    if "号线" in text:
        lines = [("line", f"{hit[1]}{hit[2]}", hit[0]) for hit in _LINE.finditer(text)]
    lines += [("bus", told, f"{told}路") for told in _bus_lines(text)]
    sorts = {_SORT_OF[hit[0]]: hit[0] for hit in _SORT.finditer(text)}
    return lines + [("sort", sort, shown) for sort, shown in sorts.items()]


def _bus_lines(text: str) -> list[str]:
    if "路" not in text:
        return []
    return [hit[1] or str(number(hit[2])) for hit in _BUS.finditer(text)]


def _spots(text: str) -> list[tuple[tuple[str, str], str]]:
    """Where numbers stand: the letters before and behind each as the key, and the number shown.

    In two texts of one origin the same spot with another number is another number, not another
    sentence. A spot that has two numbers in one text tells nothing.
    """
    bare = _SIGNS.sub("", text)
    spots: dict[str, str] = {}
    for hit in _SPOT.finditer(bare):
        before = bare[max(0, hit.start() - _BEFORE) : hit.start()]
        behind = bare[hit.end() : hit.end() + _BEHIND]
        if len(before) + len(behind) >= _LEAST_SPOT:
            key = f"{before}#{behind}"
            spots[key] = hit[0] if spots.get(key, hit[0]) == hit[0] else ""
    told = [((SPOT, key), shown) for key, shown in spots.items() if shown]
    return told[:_MOST_SPOTS]


def _numbers(text: str) -> list[Fact]:
    """Amounts with their unit, numbers before 号, and any number of four to twelve digits."""
    found = []
    for hit in _FIGURE.finditer(text):
        whole, part, unit, ordinal, other = hit.groups()
        if unit and len(whole) <= 9:
            found.append(("amount", hit[0], hit[0]))
        if ordinal and not part and len(whole) <= 4:
            found.append(("ordinal", whole, hit[0]))
        if not part and not other and 4 <= len(whole) <= 12 and text[hit.start() - 1] not in _ABC:
            found.append(("number", whole, whole))
    return found


_LETTER = {kind: chr(at + _FIRST) for at, kind in enumerate(KINDS)}


def _stance(subject: str, text: str) -> str:
    if _COMPLAINT.search(subject):
        return "complaint"
    if _PRAISE.search(subject):
        return "praise"
    if _COMPLAINT.search(text):
        return "complaint"
    return "praise" if _PRAISE.search(text) else ""
