"""What an answer states: promised dates, amounts, yes and no; and where two answers differ.

A date counts where the clause promises something (将于……前完成), since nearly every answer names
the day a letter came or a visit was made. Two answers differ in a kind when both state something
of it and share nothing; in a verdict when one says yes and the other no of the same word. The
forms are our own reading of published answers of Chinese offices.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_CLAUSE = re.compile(r"[，。；！？;!?\n]+")
_PROMISE = re.compile(
    r"将|预计|计划|拟|争取|力争|确保|前|底|起|完成|完工|竣工|开工|动工|恢复|发放|投入使用|通车|开通|整改到位|交付"
)
_DONE = re.compile(r"已[于经在将由完恢对安]|(?<!\d)日前|您于")
_DATE = re.compile(
    r"(?:(?P<year>(?:19|20)\d{2})\s*[年\-/.]\s*)?(?P<month>1[0-2]|0?[1-9])\s*[月\-/.]\s*"
    r"(?P<day>(?:3[01]|[12]\d|0?[1-9])(?=\s*[日号])|上旬|中旬|下旬|底|初|份)"
)
_ISO = re.compile(r"(?<!\d)(?P<year>20\d{2})[\-/.](?P<month>\d{1,2})[\-/.](?P<day>\d{1,2})(?!\d)")
_YEAR_END = re.compile(r"((?:19|20)\d{2})年(?:年)?底|(今年|明年|本年|年)底")
_AMOUNT = re.compile(
    r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d{1,12})(\.\d{1,4})?\s*(亿元|万元|元|%|％|平方米|亩|个工作日|天)"
)
_TIMES = {"亿元": ("元", 100_000_000), "万元": ("元", 10_000), "％": ("%", 1)}
_VERDICTS: Sequence[tuple[str, str, str]] = (
    ("符合", r"(?<!不)符合", r"不符合|不相符"),
    ("属于", r"(?<!不)属于", r"不属于"),
    ("同意", r"(?<!不)同意", r"不同意|不予同意"),
    ("可以", r"(?<!不)可以(?!看出)", r"不可以|不能|无法|不予"),
    ("予以", r"(?<!不)予以(?:办理|受理|发放|补偿|支持|批准|解决)", r"不予"),
    ("存在", r"(?<!不)(?<!未)(?:确)?存在", r"不存在|未发现|未存在"),
    ("违法", r"(?<!不)(?:属|是|系|构成)违[法规]", r"不(?:属|是|构成)?违[法规]|未违[法规]"),
    ("享受", r"(?<!不)(?:可|能|应)享受", r"不(?:能|可|得|再)?享受"),
)
_READ = tuple((word, re.compile(yes), re.compile(no)) for word, yes, no in _VERDICTS)


@dataclass(frozen=True, slots=True)
class Said:
    """What one text states: dates ``[year-]month-day``, amounts with unit, verdicts by word."""

    dates: frozenset[str]
    amounts: frozenset[str]
    verdicts: Mapping[str, bool]


def read_said(text: str) -> Said:
    """The statements of an answer; a text without any gives an empty Said."""
    clauses = [clause for clause in _CLAUSE.split(text) if clause]
    promised = [each for each in clauses if _PROMISE.search(each) and not _DONE.search(each)]
    dates = {date for clause in promised for date in _dates(clause)}
    return Said(frozenset(dates), frozenset(_amounts(text)), _verdicts(clauses))


def differences(ours: Said, theirs: Said) -> list[dict[str, Any]]:
    """Where two answers cannot both hold: ``{"kind", "ours", "theirs"}`` each, empty for none."""
    found = []
    if ours.dates and theirs.dates and not _share_date(ours.dates, theirs.dates):
        found.append(_difference("date", ours.dates, theirs.dates))
    for unit in sorted({_unit(each) for each in ours.amounts}):
        mine, other = _of_unit(ours.amounts, unit), _of_unit(theirs.amounts, unit)
        if mine and other and not mine & other:
            found.append(_difference("amount", mine, other))
    for word in sorted(set(ours.verdicts) & set(theirs.verdicts)):
        if ours.verdicts[word] != theirs.verdicts[word]:
            sides = [_shown(word, yes=said.verdicts[word]) for said in (ours, theirs)]
            found.append(_difference("verdict", [sides[0]], [sides[1]]))
    return found


def _difference(kind: str, ours: Iterable[str], theirs: Iterable[str]) -> dict[str, Any]:
    return {"kind": kind, "ours": sorted(ours), "theirs": sorted(theirs)}


def _shown(word: str, *, yes: bool) -> str:
    return f"{word}：{'是' if yes else '否'}"


def _dates(clause: str) -> Iterable[str]:
    for found in (*_DATE.finditer(clause), *_ISO.finditer(clause)):
        day = found["day"]
        day = str(int(day)) if day.isdigit() else day
        yield f"{found['year'] or ''}-{int(found['month'])}-{day}"
    for found in _YEAR_END.finditer(clause):
        yield f"{found[1] or ''}-12-底"


def _share_date(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether a day stands in both; a year that one of them leaves out is the other's."""
    return any(_same_day(one, other) for one in ours for other in theirs)


def _same_day(one: str, other: str) -> bool:
    year, _, day = one.partition("-")
    their_year, _, their_day = other.partition("-")
    return day == their_day and (not year or not their_year or year == their_year)


def _amounts(text: str) -> Iterable[str]:
    for whole, part, unit in _AMOUNT.findall(text):
        shown, times = _TIMES.get(unit, (unit, 1))
        value = float(whole.replace(",", "") + part) * times
        yield f"{value:g}{shown}" if value < 1e15 else f"{value}{shown}"


def _unit(amount: str) -> str:
    return amount.lstrip("0123456789.e+")


def _of_unit(amounts: Iterable[str], unit: str) -> set[str]:
    return {each for each in amounts if _unit(each) == unit}


def _verdicts(clauses: Sequence[str]) -> dict[str, bool]:
    """The words of which the text says yes only, or no only."""
    found: dict[str, bool] = {}
    for word, yes, no in _READ:
        says_no = any(no.search(clause) for clause in clauses)
        says_yes = any(yes.search(clause) for clause in clauses)
        if says_yes != says_no:
            found[word] = says_yes
    return found
