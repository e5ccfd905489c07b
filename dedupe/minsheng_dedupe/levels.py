"""The comparisons, in the order in which their reasons are read.

What each measure adds is learnt (`weights`): nothing here is set by hand but where a level begins.
"""

from .comparison import Comparison, Level, ordered, percent
from .conflicts import fact_comparisons
from .pairs import Pair

VERSION = "levels:2026-11-23.1"

NEAR = 0.85
"""From this share both ways two bodies are one text with edits."""

_WORDS_OF_ONE, _WORDS_ALONE, _WORDS_TOLD = 9.0, 30.0, 18.0
"""Summed weight of shared content words that tells one problem, beside a problem named by both and
without one: two words rare in citizens' letters, and six."""


def _always(_pair: Pair) -> bool:
    return True


def same_problem(pair: Pair) -> bool:
    """Whether both speak of one problem: one named by its words, or many rare words in common."""
    if pair.topics_same:
        return pair.keys >= _WORDS_OF_ONE
    return not pair.topics_other and pair.keys >= _WORDS_ALONE


def many_words(pair: Pair) -> bool:
    """Whether both speak of one problem at one place in many of the same words."""
    return pair.keys >= _WORDS_TOLD and pair.placed and same_problem(pair)


def retold(pair: Pair) -> bool:
    """Whether one citizen tells one problem."""
    return pair.known and same_problem(pair)


def alike(pair: Pair) -> bool:
    """Whether the texts are alike for the most part."""
    return pair.exact or pair.near >= 0.55 or pair.most >= 0.7


def held(pair: Pair) -> bool:
    """Whether one text is the other, or stands in it."""
    return pair.exact or (pair.readable and pair.most >= NEAR)


def one_text(pair: Pair) -> bool:
    """Whether both are one text with edits."""
    return pair.exact or (pair.readable and pair.near >= NEAR)


def here(pair: Pair) -> bool:
    """Whether one citizen tells one problem of one place in other words."""
    return pair.placed and retold(pair) and not alike(pair)


def told_by_other(pair: Pair) -> bool:
    """Whether someone else, as far as known, tells one problem of one place."""
    return not pair.known and not alike(pair) and many_words(pair)


def soon(pair: Pair) -> bool:
    """Near enough in time for other words to tell the same matter: within a month, or within a
    quarter of a year under a heading that has something in common."""
    return pair.days <= 31 or (pair.days <= 92 and not _other_subject(pair))


def _other_subject(pair: Pair) -> bool:
    return not pair.no_subject and pair.subject < 0.3 and pair.told < 0.5


def _shares(pair: Pair) -> dict[str, str]:
    return {
        "near": percent(pair.near), "most": percent(pair.most), "subject": percent(pair.subject),
        "days": str(int(pair.days)), "copies": str(pair.copies),
    }  # fmt: skip


def _key_words(pair: Pair) -> dict[str, str]:
    both = set(pair.earlier.topics) & set(pair.later.topics)
    return {"words": pair.wording.told_by(pair.earlier.keys, both)}


_ALIKE = (
    "exact readable forth back near most common size more less ahead_forth ahead_back ahead_near"
)

TEXT = ordered(_ALIKE, (
    (lambda p: p.exact, Level("text.exact", "正文完全相同", "the texts are identical")),
    (lambda p: not p.readable,
     Level("text.unreadable", "正文过短，不足以比对", "a text is too short to compare")),
    (lambda p: p.near >= NEAR, Level("text.near", "正文相似 {near}", "texts {near} alike")),
    (lambda p: p.most >= NEAR, Level("text.contained", "一件正文的 {most} 见于另一件",
                                     "{most} of one text stands in the other")),
    (lambda p: p.near >= 0.55 or p.most >= 0.7,
     Level("text.similar", "正文部分相似 {most}", "texts partly alike, {most}")),
    (lambda p: p.most >= 0.45,
     Level("text.partial", "正文少量相似 {most}", "texts slightly alike, {most}")),
    (retold, Level("text.retold", "正文为另一种说法，相似 {most}",
                   "told in other words, texts {most} alike")),
    (lambda p: p.most >= 0.3,
     Level("text.little", "正文相似度低 {most}", "texts hardly alike, {most}")),
    (_always, Level("text.other", "正文不同 {most}", "texts differ, {most}")),
), _shares)  # fmt: skip

_TOLD = "同一地点、同一问题，共同关键词：{words}"
_TOLD_EN = "one place and one problem, key words in common: {words}"

# Inside texts that are alike anyway the words of the problem are no new evidence.
PROBLEM = ordered("keys topics_same topics_other placed", (
    (alike, Level("problem.alike")),
    (lambda p: p.known and many_words(p), Level("problem.told", _TOLD, _TOLD_EN)),
    (here, Level("problem.here", _TOLD, _TOLD_EN)),
    (retold, Level("problem.same", "所说问题相同，共同关键词：{words}",
                   "one problem, key words in common: {words}")),
    (told_by_other,
     Level("problem.neighbour", "他人反映同一地点、同一问题，共同关键词：{words}",
           "another citizen tells one problem of one place, key words in common: {words}")),
    (lambda p: p.known and p.topics_other,
     Level("problem.other", "所说问题不同", "they speak of other problems")),
    (_always, Level("problem.unsure")),
), _key_words)  # fmt: skip

SUBJECT = ordered("no_subject subject told", (
    (lambda p: p.no_subject, Level("subject.none", "缺少标题", "a subject is missing")),
    (lambda p: p.subject >= 0.95, Level("subject.same", "标题相同", "same subject")),
    (lambda p: p.subject >= 0.6,
     Level("subject.near", "标题相近 {subject}", "subjects {subject} alike")),
    (lambda p: p.told >= 0.8,
     Level("subject.told", "标题内容见于对方正文", "a subject stands in the other text")),
    (lambda p: not _other_subject(p),
     Level("subject.partial", "标题部分相近", "subjects partly alike")),
    (_always, Level("subject.other", "标题不同", "subjects differ")),
), _shares)  # fmt: skip

CITIZEN = ordered("firm part unlike again", (
    (lambda p: p.phone, Level("citizen.phone", "同一来电号码", "same telephone number")),
    (lambda p: p.email, Level("citizen.email", "同一电子邮箱", "same e-mail address")),
    (lambda p: p.part, Level("citizen.phone_part", "来电号码可见部分相同",
                             "what is shown of the telephone numbers is the same")),
    (lambda p: p.other_phone,
     Level("citizen.other_phone", "来电号码不同，不自动合并",
           "another telephone number: never joined by itself", veto=True)),
    (lambda p: p.other_email,
     Level("citizen.other_email", "电子邮箱不同，不自动合并",
           "another e-mail address: never joined by itself", veto=True)),
    (_always, Level("citizen.unknown", "身份信息不足", "citizen not known on both sides")),
))  # fmt: skip

NAME = ordered("name surname other_kind other_name namesake accounts", (
    (lambda p: p.name, Level("citizen.name", "姓名或账号相同", "same name or account")),
    (lambda p: p.surname, Level("citizen.surname", "姓氏相符", "the surname fits")),
    (lambda p: p.other_kind, Level("citizen.other_kind")),
    (lambda p: p.namesake,
     Level("citizen.namesake", "姓氏相同，姓名不同", "same surname, another name or account")),
    (lambda p: p.other_name,
     Level("citizen.other_name", "姓名或账号不同", "another name or account")),
    (_always, Level("citizen.nameless")),
))  # fmt: skip

REGION = ordered("region other_region", (
    (lambda p: p.region, Level("place.same", "所属地区相同", "same district")),
    (lambda p: p.other_region, Level("place.other", "所属地区不同", "another district")),
    (_always, Level("place.unsaid")),
))  # fmt: skip

STANCE = ordered("stance", (
    (lambda p: p.stance, Level("stance.conflict", "一件表扬、一件投诉，不合并",
                               "one praises, one complains: not joined", veto=True)),
    (_always, Level("stance.fits")),
))  # fmt: skip

_DAYS = "相隔 {days} 天", "{days} days apart"
TIME = ordered("days later_by", (
    (lambda p: p.days <= 2, Level("days.few", *_DAYS)),
    (lambda p: p.days <= 14, Level("days.close", *_DAYS)),
    (lambda p: p.days <= 31, Level("days.month", *_DAYS)),
    (lambda p: p.days <= 92, Level("days.season", *_DAYS)),
    (lambda p: p.days <= 366, Level("days.year", *_DAYS)),
    (_always, Level("days.long", "相隔 {days} 天，超过一年，不自动合并",
                    "{days} days apart, over a year: never joined by itself", veto=True)),
), _shares)  # fmt: skip

SIBLINGS = ordered("siblings strangers kin fellows own", (
    (lambda p: p.siblings and not p.known and not p.strangers,
     Level("citizen.sibling", "对方另有同文来件出自本件来电人",
           "the other's citizen sent a like text that fits this one's citizen")),
    (lambda p: p.strangers and not p.known and not p.siblings,
     Level("citizen.stranger", "对方另有同文来件，来电人与本件不同",
           "the other's citizen sent a like text whose citizen is not this one's")),
    (_always, Level("citizen.alone")),
))  # fmt: skip

VOICE = ordered("too", (
    (lambda p: p.too,
     Level("voice.seconding", "来件自称与他人所说相同", "the message seconds what others told")),
    (_always, Level("voice.own")),
))  # fmt: skip

COPIES = ordered("copies alike rival", (
    (lambda p: p.copies >= 4, Level("copies.many", "另有 {copies} 件他人来件内容相近",
                                    "{copies} like texts of other citizens")),
    (lambda p: p.copies >= 2, Level("copies.some", "另有 {copies} 件他人来件内容相近",
                                    "{copies} like texts of other citizens")),
    (lambda p: p.copies >= 1, Level("copies.one", "另有 1 件他人来件内容相近",
                                    "one like text of another citizen")),
    (_always, Level("copies.none")),
), _shares)  # fmt: skip

NAMED = (TEXT, PROBLEM, SUBJECT, CITIZEN, NAME, SIBLINGS, VOICE, COPIES, REGION, STANCE, TIME)
FACTS = fact_comparisons()
TOLD: tuple[Comparison, ...] = (*NAMED, *FACTS)
"""What an officer reads."""
