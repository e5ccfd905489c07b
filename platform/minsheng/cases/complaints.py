"""Whom do these words complain of? A rule over the names of bodies and words of complaint.

信访工作条例 第四十六条（五） makes it punishable to pass a complaint to the office complained of.
So the rule marks rather once too often: a body that is named together with words of complaint.
What is plainly a request to the body (向教育局反映, 请教育局查处) or an address to it
(教育局领导您好) is no complaint about it. The words are our own reading of citizens' letters; a
person corrects them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minsheng.cases.offices import Line

_ACCUSE = "投诉|举报|控告|检举|状告|揭发|曝光"
_WRONG = (
    "不作为|乱作为|慢作为|推诿|推脱|扯皮|踢皮球|敷衍|应付了事|吃拿卡要|收受|受贿|索贿|行贿|贪污|贪腐|腐败"
    "|违规|违纪|违法|滥用|包庇|偏袒|袒护|勾结|打击报复|态度恶劣|态度差|态度蛮横|乱收费|不管|不理|没人管|无人管"
    "|不处理|不受理|拒绝受理|拒不|不答复|不回复|懒政|怠政|玩忽职守|渎职|失职|强拆|克扣|截留|挪用|冒领|以权谋私"
    "|徇私|不公|弄虚作假|虚假|欺骗|刁难|拖延|骂人|辱骂|殴打|打人"
)
_ANY = re.compile(f"{_ACCUSE}|反映|{_WRONG}")
_STOP = "，,。；;！!？?\\n"
_BEFORE = re.compile(rf"(?:{_ACCUSE}|反映)[^{_STOP}向给到至找请]{{0,8}}$")
_AFTER = re.compile(rf"[^{_STOP}]{{0,14}}?(?:{_WRONG})")
_ASKING = re.compile(
    r"(?:向|给|到|至|找|请|求|由|望|让|希望|建议|要求|恳请|敬请|尊敬的)[\w、]{0,3}$"
)
_ASKED = re.compile(
    rf"[^{_STOP}]{{0,6}}?(?:尽快|依法|立即|及时|严厉|严格)*"
    r"(?:查处|处理|解决|管管|核查|调查|整治|督促|介入|出面|重视|关注|协调|制止|监督|严查|检查|处罚|治理)"
)
_GREETED = re.compile(r"[^，,。！!？?\n]{0,6}(?:您好|你好|好！|好，|好[:：]|[:：])")
_OWN = ("你局", "贵局", "你们局", "你单位", "贵单位", "你们单位", "你委", "贵委", "你办", "你中心")
_PREFIX = re.compile(
    r"^[一-鿿]{2,9}?(?:自治[区州县]|省|市|地区|盟|县|区|旗|镇|乡|街道)(?=[一-鿿]{3})"
)
_PLACES = frozenset({"central", "province", "city", "county", "street"})
_UNITS = ("省", "市", "县", "区", "旗", "镇", "乡", "街道")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    ids: frozenset[int]
    loose: bool


@dataclass
class NameBook:
    """The forms by which bodies are named in letters: full, short, their government and head.

    ``loose`` forms (县长, 贵局) name a body only beside a word of complaint, not in its sentence.
    """

    own: int
    firm: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    loose: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    lines: dict[int, Line] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, own: int, bodies: Iterable[tuple[int, str, str, Line]]) -> "NameBook":
        """The book of an office: ``bodies`` as (id, name, kind, line)."""
        book = cls(own)
        for body_id, name, kind, line in bodies:
            book.lines[body_id] = line
            book._enter(body_id, name.strip(), place=kind in _PLACES)
        for form in _OWN:
            book.loose[form].add(own)
        return book

    def complained_of(self, *texts: str) -> set[int]:
        """The ids of the bodies that the texts complain of."""
        found: set[int] = set()
        whole = "\n".join(texts)
        for sentence in re.split(r"[。！？!?\n]", whole):
            if _ANY.search(sentence):
                for mention in self._mentions(sentence):
                    if _accused(sentence, mention):
                        found |= self._nearest(mention.ids, whole)
        return found

    def _enter(self, body_id: int, name: str, *, place: bool) -> None:
        unit = next((unit for unit in _UNITS if name.endswith(unit)), "")
        if not (place and unit):
            for form in _short_forms(name):
                self.firm[form].add(body_id)
            return
        self.places[body_id] = name.removesuffix(unit)
        ends = ("办", "办事处") if unit == "街道" else ("政府", "人民政府", "委", "党委")
        for end in ends:
            self.firm[name + end].add(body_id)
            self.loose[unit + end].add(body_id)
        heads = ("街道书记", "街道主任") if unit == "街道" else (f"{unit}长", f"{unit}委书记")
        for head in heads:
            self.loose[name + head].add(body_id)
            self.loose[name.removesuffix(unit) + head].add(body_id)
            self.loose[head].add(body_id)

    def _mentions(self, sentence: str) -> Iterable[_Mention]:
        """Every name from left to right, the longest form at each place."""
        at = 0
        while at < len(sentence):
            found = next(
                (
                    _Mention(at, end, frozenset(ids), loose)
                    for end in range(min(len(sentence), at + _LONGEST), at + 1, -1)
                    for ids, loose in self._known(sentence[at:end])
                ),
                None,
            )
            if found:
                yield found
            at = found.end if found else at + 1

    def _known(self, form: str) -> Iterable[tuple[set[int], bool]]:
        # Plain look-ups: a defaultdict would keep every form that was asked for.
        if form in self.firm:
            yield self.firm[form], False
        elif form in self.loose:
            yield self.loose[form], True

    def _nearest(self, ids: frozenset[int], whole: str) -> set[int]:
        """Of several bodies of one name those whose place the text names, else the closest ones."""
        if len(ids) == 1:
            return set(ids)
        named = {each for each in ids if self._is_placed(each, whole)}
        least = min(len(self.lines[each]) for each in ids)
        return named or {each for each in ids if len(self.lines[each]) == least}

    def _is_placed(self, body_id: int, whole: str) -> bool:
        places = (self.places.get(each, "") for each in self.lines[body_id])
        own = self.lines.get(self.own, ())
        below = [p for each, p in zip(self.lines[body_id], places, strict=True) if each not in own]
        return any(len(place) > 1 and place in whole for place in below)


def find_complaints(
    book: NameBook, texts: Mapping[object, tuple[str, ...]]
) -> dict[object, set[int]]:
    """For each key that complains of any: the bodies that its texts complain of."""
    found = {key: book.complained_of(*said) for key, said in texts.items()}
    return {key: ids for key, ids in found.items() if ids}


def has_complaint(*texts: str) -> bool:
    """Whether there is any word of complaint at all, which spares reading the tree."""
    return any(_ANY.search(text) for text in texts)


def _short_forms(name: str) -> set[str]:
    """赞皇县教育局 as 赞皇县教育局, 县教育局 and 教育局."""
    forms = {name}
    short = name
    while found := _PREFIX.match(short):
        short = short[found.end() :]
        forms |= {short, found.group()[-1] + short}
    return {form for form in forms if len(form) > 2}


def _accused(sentence: str, mention: _Mention) -> bool:
    before, after = sentence[: mention.start], sentence[mention.end :]
    if _BEFORE.search(before):
        return True
    if _ASKING.search(before) or _GREETED.match(after):
        return False
    asked = _ASKED.match(after)
    wrong = _AFTER.match(after)
    if wrong and not (asked and asked.end() < wrong.end()):
        return True
    return not mention.loose and not asked and re.search(_ACCUSE, sentence) is not None
