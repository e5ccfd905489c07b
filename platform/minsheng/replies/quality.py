"""The check of a reply before it is approved: vague words, empty phrases, names, dead documents.

The lists are our own reading of published answers: words that promise nothing (国务院办公厅 asks
answers on 领导留言板 to be 实实在在), and the courtesies around them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from minsheng.intake.text import is_nobody
from minsheng.replies.records import Cited, Flag
from minsheng_sdk import Citizen

VAGUE = (
    "尽快", "近期", "适时", "有关部门", "相关部门", "有关单位", "相关单位", "进一步研究",
    "逐步解决", "积极协调", "高度重视", "择机", "早日", "条件成熟", "酌情", "原则上", "将视情况",
    "妥善处理",
)  # fmt: skip
_COURTESY = re.compile(
    r"尊敬的?[^，。：:]{0,12}[，：:]?|网友[：:，]?|您好[！!，。]?|你好[！!，。]?|(?:您|你)?(?:的)?(?:留言|来信|来电|诉求)(?:已)?收悉"
    r"|(?:您|你)(?:所)?反映的(?:问题|情况)(?:已)?(?:收悉|收到|知悉|转交|转办)?|现(?:将有关情况)?(?:答复|回复)如下"
    r"|感谢(?:您|你)(?:的|对)?[^。！]{0,30}|我们?(?:单位|局|县|市)?(?:将|会)?(?:高度重视|尽快|及时|认真)"
    r"[^，。！]{0,12}|(?:已|将)?(?:转|交|交由|转交|转办)(?:至|给)?(?:有关|相关)(?:部门|单位)(?:调查|核实|处理|办理|研究)*"
    r"|请(?:您)?(?:耐心)?(?:等待|关注)|祝(?:您|你)[^。！]{0,20}|特此(?:回复|答复)|此复|如有疑问[^。]{0,30}"
)
_HAN = re.compile(r"[\u4e00-\u9fff0-9]")
_LEAST_WORDS = 30
"""Characters besides courtesies below which an answer answers nothing; our figure."""
_LEAST_OF_TEMPLATE = 12
_NAME = 2
_DIGITS = re.compile(r"\D")
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\d)")
_PHONE = 7


@dataclass(frozen=True, slots=True)
class Checked:
    """A reply as it is checked.

    ``template`` is the template's own text, if one was used; ``citizens`` all of the case;
    ``unanswered`` the demands of the case that the reply leaves open.
    """

    public: str
    private: str
    template: str = ""
    citizens: Sequence[Citizen] = ()
    cites: Sequence[Cited] = ()
    unanswered: Sequence[str] = ()


def check_quality(checked: Checked) -> list[Flag]:
    """The remarks on a reply, those that block first."""
    flags = [*_persons(checked), *_words(checked), *_documents(checked.cites)]
    if checked.unanswered:
        flags.append(
            Flag("demand_unanswered", "有诉求未答复", "a demand is left unanswered",
                 tuple(checked.unanswered))
        )  # fmt: skip
    return sorted(flags, key=lambda flag: not flag.blocks)


def as_stored(flags: Iterable[Flag]) -> list[dict[str, object]]:
    """Remarks as they are kept with the reply."""
    return [asdict(flag) | {"found": list(flag.found)} for flag in flags]


def says_nothing(text: str, template: str = "") -> bool:
    """Whether a text is courtesy only, or no more than its template."""
    if template and _count(_without(text, template)) < _LEAST_OF_TEMPLATE:
        return True
    return _count(_COURTESY.sub("", text)) < _LEAST_WORDS


def _words(checked: Checked) -> Iterable[Flag]:
    whole = f"{checked.public}\n{checked.private}"
    vague = [word for word in VAGUE if word in whole]
    if vague:
        yield Flag("vague", "用语含糊", "vague words", vague)
    if says_nothing(whole, checked.template):
        yield Flag("template_only", "只有套话，没有实质内容", "phrases only, nothing is answered")


def _persons(checked: Checked) -> Iterable[Flag]:
    """A name or number of a citizen where another one, or everybody, would read it."""
    found = [*_named(checked.public, checked.citizens)]
    if _IDENTITY.search(checked.public):
        found.append("身份证号")
    if found:
        yield Flag("names_citizen", "公开内容出现留言人信息", "the public text names a citizen",
                   found, blocks=True)  # fmt: skip
    people = {(one.name, one.phone) for one in checked.citizens if one.name or one.phone}
    if len(people) > 1 and (others := _named(checked.private, checked.citizens)):
        yield Flag("names_other", "会被其他留言人看到的个人信息", "another citizen would read it",
                   others, blocks=True)  # fmt: skip


def _named(text: str, citizens: Iterable[Citizen]) -> list[str]:
    digits = _DIGITS.sub("", text)
    found = []
    for citizen in citizens:
        name, phone = citizen.name.strip(), _DIGITS.sub("", citizen.phone)
        if len(name) >= _NAME and not is_nobody(name) and name in text:
            found.append("姓名")
        if len(phone) >= _PHONE and phone in digits:
            found.append("电话")
        if citizen.email and citizen.email in text:
            found.append("邮箱")
    return sorted(set(found))


def _documents(cites: Iterable[Cited]) -> Iterable[Flag]:
    dead = [each.code for each in cites if each.state == "dead"]
    withdrawn = [each.code for each in cites if each.state == "withdrawn"]
    if dead:
        yield Flag("dead_link", "引用文件的链接已失效", "a cited document's link is dead", dead)
    if withdrawn:
        yield Flag("withdrawn", "引用的文件已废止", "a cited document was withdrawn", withdrawn)


def _without(text: str, template: str) -> str:
    """What of ``text`` the fixed parts of a template do not account for."""
    for part in re.split(r"\{\{[^{}]*\}\}|[，。；\n]", template):
        if part.strip():
            text = text.replace(part.strip(), "", 1)
    return text


def _count(text: str) -> int:
    return len(_HAN.findall(text))
