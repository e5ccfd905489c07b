"""The comparisons: each an ordered list of named levels, of which the first that holds counts.

Weights are bits, set by hand for `levels:2026-11-22.2`; a later version will calibrate them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .pairs import Pair
from .records import Reason

VERSION = "levels:2026-11-22.2"
PRIOR = -7.0
"""Bits before anything is compared: about 1 in 130 messages found by a code is the same matter."""

NEAR = 0.85
"""From this share both ways two bodies are one text with edits."""


_WORDS_OF_ONE, _WORDS_ALONE, _WORDS_TOLD = 9.0, 30.0, 18.0
"""Summed weight of shared content words that tells one problem, beside a problem named by both and
without one: two words rare in citizens' letters, and six."""


@dataclass(frozen=True, slots=True)
class Level:
    """One named outcome of a comparison: a rule on a pair, a weight, and words for an officer.

    `zh` and `en` are format strings over `near`, `most`, `subject` (shares) and `days`.
    """

    code: str
    rule: Callable[[Pair], bool]
    weight: float
    zh: str
    en: str
    veto: bool = False

    def reason(self, pair: Pair) -> Reason:
        """This level as a reason about `pair`."""
        zh, en = self.zh, self.en
        if "{" in zh:
            words = {
                "near": percent(pair.near), "most": percent(pair.most),
                "subject": percent(pair.subject), "days": int(pair.days),
            }  # fmt: skip
            if "{words}" in zh:
                words["words"] = pair.words()
            zh, en = zh.format(**words), en.format(**words)
        return Reason(self.code, zh, en, self.weight, self.veto)


Comparison = tuple[Level, ...]


def percent(share: float) -> str:
    """A share as whole per cents, rounded down: 98 % shown is never less than 98 %."""
    return f"{int(share * 100 + 1e-9)}%"


def _always(_: Pair) -> bool:
    return True


def _same_content(pair: Pair) -> bool:
    return pair.later.content != 0 and pair.later.content == pair.earlier.content


def same_problem(pair: Pair) -> bool:
    """Whether both speak of one problem: one named by its words, or many rare words in common."""
    if pair.topics():
        return pair.keys >= _WORDS_OF_ONE
    return pair.keys >= _WORDS_ALONE and not _other_problem(pair)


def _other_problem(pair: Pair) -> bool:
    return bool(pair.later.problem.topics and pair.earlier.problem.topics) and not pair.topics()


def _many_words(pair: Pair) -> bool:
    return pair.keys >= _WORDS_TOLD and same_problem(pair) and pair.placed()


def _same(index: str) -> Callable[[Pair], bool]:
    def rule(pair: Pair) -> bool:
        mine: bytes = getattr(pair.later, index)
        return bool(mine) and mine == getattr(pair.earlier, index)

    return rule


def _one_citizen(pair: Pair) -> bool:
    one, other = pair.later, pair.earlier
    return (
        (one.phone_ix != b"" and one.phone_ix == other.phone_ix)
        or (one.email_ix != b"" and one.email_ix == other.email_ix)
        or (one.name_ix != b"" and one.name_ix == other.name_ix)
    )


def _retold(pair: Pair) -> bool:
    return _one_citizen(pair) and same_problem(pair)


TEXT: Comparison = (
    Level("text.exact", _same_content, 9, "正文完全相同", "the texts are identical"),
    Level("text.unreadable", lambda p: not p.readable, 0, "正文过短，不足以比对",
          "a text is too short to compare"),
    Level("text.near", lambda p: p.near >= NEAR, 8, "正文相似 {near}", "texts {near} alike"),
    Level("text.contained", lambda p: p.most >= NEAR, 6, "一件正文的 {most} 见于另一件",
          "{most} of one text stands in the other"),
    Level("text.similar", lambda p: p.near >= 0.55 or p.most >= 0.7, 4, "正文部分相似 {most}",
          "texts partly alike, {most}"),
    Level("text.partial", lambda p: p.most >= 0.45, 1, "正文少量相似 {most}",
          "texts slightly alike, {most}"),
    Level("text.retold", _retold, 0, "正文为另一种说法，相似 {most}",
          "told in other words, texts {most} alike"),
    Level("text.little", lambda p: p.most >= 0.3, -2, "正文相似度低 {most}",
          "texts hardly alike, {most}"),
    Level("text.other", _always, -6, "正文不同 {most}", "texts differ, {most}"),
)  # fmt: skip


def _alike(pair: Pair) -> bool:
    return _same_content(pair) or pair.near >= 0.55 or pair.most >= 0.7


def _told_here(pair: Pair) -> bool:
    return _one_citizen(pair) and _many_words(pair)


def _here(pair: Pair) -> bool:
    return _retold(pair) and pair.placed()


def _other_told(pair: Pair) -> bool:
    return _one_citizen(pair) and _other_problem(pair)


def _told_by_other(pair: Pair) -> bool:
    return not _one_citizen(pair) and _many_words(pair)


# Inside texts that are alike anyway the words of the problem are no new evidence.
PROBLEM: Comparison = (
    Level("problem.alike", _alike, 0, "", ""),
    Level("problem.told", _told_here, 7, "同一地点、同一问题，共同关键词：{words}",
          "one place and one problem, key words in common: {words}"),
    Level("problem.here", _here, 6, "同一地点、同一问题，共同关键词：{words}",
          "one place and one problem, key words in common: {words}"),
    Level("problem.same", _retold, 3, "所说问题相同，共同关键词：{words}",
          "one problem, key words in common: {words}"),
    Level("problem.neighbour", _told_by_other, 0, "他人反映同一地点、同一问题，共同关键词：{words}",
          "another citizen tells one problem of one place, key words in common: {words}"),
    Level("problem.other", _other_told, -2, "所说问题不同", "they speak of other problems"),
    Level("problem.unsure", _always, 0, "", ""),
)  # fmt: skip

SUBJECT: Comparison = (
    Level("subject.none", lambda p: not (len(p.later.subject) and len(p.earlier.subject)), 0,
          "缺少标题", "a subject is missing"),
    Level("subject.same", lambda p: p.subject >= 0.95, 3, "标题相同", "same subject"),
    Level("subject.near", lambda p: p.subject >= 0.6, 2, "标题相近 {subject}",
          "subjects {subject} alike"),
    Level("subject.told", lambda p: p.told >= 0.8, 1.5, "标题内容见于对方正文",
          "a subject stands in the other text"),
    Level("subject.partial", lambda p: p.subject >= 0.3 or p.told >= 0.5, 0.5, "标题部分相近",
          "subjects partly alike"),
    Level("subject.other", _always, -1.5, "标题不同", "subjects differ"),
)  # fmt: skip


def _other(index: str) -> Callable[[Pair], bool]:
    def rule(pair: Pair) -> bool:
        mine, theirs = getattr(pair.later, index), getattr(pair.earlier, index)
        return bool(mine) and bool(theirs) and mine != theirs

    return rule


CITIZEN: Comparison = (
    Level("citizen.phone", _same("phone_ix"), 10, "同一来电号码", "same telephone number"),
    Level("citizen.other_phone", _other("phone_ix"), -5, "来电号码不同，不自动合并",
          "another telephone number: never joined by itself", veto=True),
    Level("citizen.email", _same("email_ix"), 10, "同一电子邮箱", "same e-mail address"),
    Level("citizen.other_email", _other("email_ix"), -4, "电子邮箱不同，不自动合并",
          "another e-mail address: never joined by itself", veto=True),
    Level("citizen.name", _same("name_ix"), 7, "姓名或账号相同", "same name or account"),
    Level("citizen.other_name", _other("name_ix"), -3, "姓名或账号不同", "another name or account"),
    Level("citizen.unknown", _always, -2, "身份信息不足", "citizen not known on both sides"),
)  # fmt: skip

STANCE: Comparison = (
    Level("stance.conflict",
          lambda p: {p.later.facts.stance, p.earlier.facts.stance} == {"praise", "complaint"},
          -8, "一件表扬、一件投诉，不合并", "one praises, one complains: not joined", veto=True),
    Level("stance.fits", _always, 0, "", ""),
)  # fmt: skip

TIME: Comparison = (
    Level("days.close", lambda p: p.days <= 14, 1.5, "相隔 {days} 天", "{days} days apart"),
    Level("days.month", lambda p: p.days <= 31, 0, "相隔 {days} 天", "{days} days apart"),
    Level("days.season", lambda p: p.days <= 92, 0, "相隔 {days} 天", "{days} days apart"),
    Level("days.year", lambda p: p.days <= 366, -3, "相隔 {days} 天", "{days} days apart"),
    Level("days.long", _always, -4, "相隔 {days} 天，超过一年，不自动合并",
          "{days} days apart, over a year: never joined by itself", veto=True),
)  # fmt: skip


def level_of(comparison: Comparison, pair: Pair) -> Level:
    """The first level of `comparison` that holds for `pair`; the last one always does."""
    for level in comparison:
        if level.rule(pair):
            return level
    msg = "no level holds: end every comparison with one that always does"
    raise AssertionError(msg)
