"""Numbered demands inside a case: each is answered for itself (B10)."""

import re
from collections.abc import Sequence

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish, find_case
from minsheng.cases.marks import family_of
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.sight import PLAIN, Sight
from minsheng.handling.acting import Act, acting, words
from minsheng.handling.errors import HandlingInvalid, HandlingNotFound
from minsheng.handling.models import Demand
from minsheng.intake.models import Message

MOST_DEMANDS = 100
LONGEST_DEMAND = 500
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_MARK = re.compile(
    rf"(?:(?<=[\s。；;！!？?：:])|^)\s*(?:[(（]\s*(?P<round>{_NUMERAL}|\d{{1,2}})\s*[)）]"
    rf"|第(?P<nth>{_NUMERAL}|\d{{1,2}})[，,、：:]|(?P<zh>{_NUMERAL})、"
    r"|(?P<digit>\d{1,2})\s*[、．)）]|(?P<dot>\d{1,2})\.(?!\d)|(?P<ring>[①-⑳]))"
)
_ZH = {sign: number for number, sign in enumerate("一二三四五六七八九", 1)}


def propose_demands(text: str) -> list[str]:
    """The numbered demands in a text: 一、 二、 … or 1. 2. …, （一）, 第一，, ①; else none.

    Only a run that counts 1, 2, 3 … in one and the same form is one: a house number or a date at
    the head of a line is not.
    """
    found = [(_form(mark), _value(mark), mark) for mark in _MARK.finditer(text)]
    best: list[re.Match[str]] = []
    for form in dict.fromkeys(form for form, _value, _mark in found):
        run: list[re.Match[str]] = []
        for kind, value, mark in found:
            if kind == form and value == len(run) + 1:
                run.append(mark)
        best = max(best, run, key=len)
    if len(best) < 2:
        return []
    ends = [mark.start() for mark in best[1:]] + [_end(text, best[-1].end())]
    parts = (text[m.end() : end] for m, end in zip(best, ends, strict=True))
    return [part.strip(" \t\r\n。；;")[:LONGEST_DEMAND] for part in parts if part.strip()]


def propose_for(session: Session, number: str, sight: Sight = PLAIN) -> list[str]:
    """What the messages of a case ask for, as far as it is numbered; the longest list of them."""
    case = find_case(session, number, sight)
    here = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen = select(Message.body).join(CaseMessage, here).where(CaseMessage.case_id == case.id)
    lists = [propose_demands(body) for body in session.scalars(chosen.order_by(Message.id))]
    return max(lists, key=len, default=[])


def add_demands(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    texts: Sequence[str],
    *,
    version: int | None = None,
) -> Sequence[Demand]:
    """Number what the citizen asks for; one that stands already is not added again.

    Raises HandlingInvalid or HandlingStale.
    """
    with acting(session, tools, wish, number, "add_demands") as act:
        standing = demands_of(session, act.case)
        known = {demand.text for demand in standing}
        fresh = [text for text in dict.fromkeys(map(_checked, texts)) if text not in known]
        if not fresh:
            return standing
        act.current(version)
        last = session.scalar(select(func.max(Demand.number)).where(Demand.case_id == act.case.id))
        if (last or 0) + len(fresh) > MOST_DEMANDS:
            message = f"a case has at most {MOST_DEMANDS} demands"
            raise HandlingInvalid("texts", message)
        added = [_demand(act, (last or 0) + at, text) for at, text in enumerate(fresh, 1)]
        session.add_all(added)
        act.tell(demands=[each.number for each in added])
        session.flush()
        return demands_of(session, act.case)


def answer_demand(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    demand: int,
    answer: str,
    *,
    version: int | None = None,
) -> Demand:
    """Answer one demand; the same answer again changes nothing. Raises HandlingNotFound."""
    with acting(session, tools, wish, number, "answer_demand") as act:
        mine = Demand.case_id == act.case.id, Demand.number == demand
        found = session.scalar(select(Demand).where(*mine))
        if found is None:
            message = f"{number} has no demand {demand}: open the case again"
            raise HandlingNotFound(message)
        said = words(answer, "answer")
        if found.answer == said:
            return found
        act.current(version)
        found.answer, found.answered_at = said, act.now
        found.answered_by = str(wish.actor)
        act.tell(demand=demand)
        return found


def demands_of(session: Session, case: Case) -> Sequence[Demand]:
    """The demands of a case by number."""
    chosen = select(Demand).where(Demand.case_id == case.id).order_by(Demand.number)
    return session.scalars(chosen).all()


def unanswered(session: Session, case: Case) -> list[int]:
    """The numbers of demands without an answer, those of joined cases among them."""
    session.flush()
    ids = family_of(session, case.id)
    left = select(Demand.number).where(Demand.case_id.in_(ids), Demand.answered_at.is_(None))
    return list(session.scalars(left.order_by(Demand.case_id, Demand.number)))


def _demand(act: Act, number: int, text: str) -> Demand:
    return Demand(
        case_id=act.case.id,
        number=number,
        text=text,
        answer="",
        added_by=str(act.wish.actor),
        added_at=act.now,
    )


def _checked(text: str) -> str:
    said = text.strip()
    if not 1 <= len(said) <= LONGEST_DEMAND:
        message = f"a demand has 1 to {LONGEST_DEMAND} characters"
        raise HandlingInvalid("texts", message)
    return said


def _form(mark: re.Match[str]) -> str:
    group = mark.lastgroup or ""
    return group + ("zh" if mark[group][0] in "一二三四五六七八九十" else "")


def _value(mark: re.Match[str]) -> int:
    text = mark[mark.lastgroup or 0]
    if text[0] in "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳":
        return ord(text) - ord("①") + 1
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _ZH.get(text, 0)
    return (_ZH.get(tens, 1) if tens else 1) * 10 + _ZH.get(ones, 0)


def _end(text: str, start: int) -> int:
    """Where the last demand ends: at its paragraph's end."""
    at = text.find("\n", start)
    return len(text) if at < 0 else at
