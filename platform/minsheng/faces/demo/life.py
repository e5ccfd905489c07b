"""A morning's work on the demo's cases, so that every page has something true to show.

Done once, after the first arrivals, through the verbs that the desk uses; the workers that run
beside it deliver the answers. All words are invented.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import OPEN, Case
from minsheng.cases.service import Wish
from minsheng.citizens.service import set_portal
from minsheng.handling.service import (
    assign,
    claim,
    commit,
    dispatch,
    mark_for_leader,
    record_visit,
    sign_instruction,
)
from minsheng.replies.service import Words, approve, start_draft, submit

_LIAISON, _HANDLER = Actor("user", "wanglianluo"), Actor("user", "lijingban")
_CHECKER, _LEADER = Actor("user", "liuducha"), Actor("user", "chenxianzhang")
_PORTAL = {
    "name": "赞皇民声",
    "welcome": "有事说一声：写清时间、地点和想怎么解决，我们按期答复。",
    "contact": "赞皇县诉求办理中心（演示）",
}


@dataclass(frozen=True, slots=True)
class _Answered:
    """A case found by a word of its subject, what is answered, and how far that has come."""

    word: str
    text: str
    state: str


_ANSWERS: Sequence[_Answered] = (
    _Answered(
        "文昌街东段路灯",
        "您反映的文昌街东段路灯不亮，经城管局照明所现场检查，系箱变至东段的电缆被施工挖断。"
        "电缆已重新敷设，18盏路灯全部恢复照明，今后每周巡检一次。如再发现不亮，"
        "可直接拨打照明所值班电话。",
        "approved",
    ),
    _Answered(
        "翠屏花园2号楼电梯",
        "翠屏花园2号楼电梯因曳引机轴承损坏停运。物业已动用维修资金更换轴承，"
        "经特种设备检验所复检合格，现已恢复运行。停运期间的电梯费不予收取。",
        "approved",
    ),
    _Answered(
        "槐树街公厕",
        "槐树街菜市场旁的公厕自本周起开放到夜里十一点，由菜市场管理处值守，门口已贴出开放时间。",
        "approved",
    ),
    _Answered(
        "槐河家园3号楼2单元供暖",
        "经入户测温，槐河家园3号楼2单元室温为15℃，低于18℃的标准，原因是二次管网回水阀堵塞。"
        "热力公司已清洗更换阀门，复测室温20℃。不达标期间的热费按规定退还。",
        "reviewing",
    ),
    _Answered(
        "育才街烧烤店",
        "已对育才街两家烧烤店立案检查，一家未安装油烟净化设备，责令停业整改。",
        "draft",
    ),
)
_CLAIMED = ("嶂石岩路路面", "阳光里小区外墙", "石榴园小区流浪狗", "济河水")
_VISITED, _PROMISED, _READ = "嶂石岩路路面", "城乡公交8路", "大枣遭雹灾"
_HANDED = (("城东实验小学午餐", "130129-JYJ"), ("纺织厂家属院天然气", "130129-ZJJ"))


_Verb = Callable[[Session, Tools, str], None]


def live(tools: Tools, tenant_id: int) -> int:
    """Handle some cases of the demo's county; returns how many had a hand laid on them."""
    wishes: list[tuple[str, _Verb]] = [(word, _claim) for word in _CLAIMED]
    wishes += [(said.word, partial(_answer, said)) for said in _ANSWERS]
    wishes += [(word, partial(_hand, office)) for word, office in _HANDED]
    wishes += [(_VISITED, _visit), (_PROMISED, _promise), (_READ, _instruct)]
    hands = sum(_lay(tools, tenant_id, word, verb) for word, verb in wishes)
    with tools.database.session(tenant_id) as session:
        set_portal(session, tools, Wish(_LIAISON), _PORTAL)
    return hands


def _lay(tools: Tools, tenant_id: int, word: str, verb: _Verb) -> bool:
    """Do ``verb`` on the first open case with the word in its subject, if there is one."""
    with tools.database.session(tenant_id) as session:
        found = select(Case.number).where(Case.subject.contains(word), Case.state == OPEN)
        number = session.scalar(found.where(Case.secret.is_(False)).order_by(Case.number).limit(1))
        if number is not None:
            verb(session, tools, number)
        return number is not None


def _claim(session: Session, tools: Tools, number: str) -> None:
    assign(session, tools, Wish(_LIAISON), number, _HANDLER.name)
    claim(session, tools, Wish(_HANDLER), number)


def _answer(said: _Answered, session: Session, tools: Tools, number: str) -> None:
    _claim(session, tools, number)
    reply = start_draft(session, tools, Wish(_HANDLER), number, Words(said.text))
    if said.state in ("reviewing", "approved"):
        reply = submit(session, tools, Wish(_HANDLER), reply.id, reply.version)
    if said.state == "approved":
        approve(session, tools, Wish(_CHECKER), reply.id, reply.version)


def _hand(office: str, session: Session, tools: Tools, number: str) -> None:
    dispatch(session, tools, Wish(_LIAISON), number, office, note="请核实情况，按期答复。")


def _visit(session: Session, tools: Tools, number: str) -> None:
    at = tools.clock.now() - timedelta(hours=3)
    said = "量得塌坑长2.4米、宽1.1米，最深0.3米，已摆放警示锥，通知养护单位到场。"
    record_visit(session, tools, Wish(_HANDLER), number, at, "嶂石岩路K3+200处", ["李经办"], said)


def _promise(session: Session, tools: Tools, number: str) -> None:
    _claim(session, tools, number)
    day = (tools.clock.now() + timedelta(days=21)).date()
    commit(session, tools, Wish(_HANDLER), number, "恢复早晚高峰班次，15分钟一班", day)


def _instruct(session: Session, tools: Tools, number: str) -> None:
    mark_for_leader(session, tools, Wish(_LIAISON), number, _LEADER.name)
    words = "请农业农村局会同保险公司三日内核定损失，理赔结果报我。"
    sign_instruction(session, tools, Wish(_LEADER), number, words)
