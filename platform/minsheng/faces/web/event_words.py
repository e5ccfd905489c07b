"""The words of handling: what happened, and how things of a case stand."""

from collections.abc import Mapping

from minsheng.cases.service import EventView
from minsheng.faces.web.words import _


def event_words(event: EventView, people: Mapping[str, str]) -> str:
    """What an event of handling, handovers and replies says; an unknown one is shown as it is."""
    data = event.data
    person = str(data.get("person") or "")
    name = people.get(person, person) or str(data.get("to_name") or data.get("name") or "")
    said = {
        "settled": _("定下流程和期限"),
        "claim": _("签收 %(name)s", name=name),
        "release": _("退回认领"),
        "assign": _("交给 %(name)s", name=name),
        "in_charge": _("由 %(name)s 负责", name=name),
        "advance": _(
            "完成“%(step)s”，进入“%(name)s”",
            step=data.get("name", ""),
            name=data.get("to_name", ""),
        ),
        "review": _("审核“%(step)s”", step=data.get("name", "")),
        "send_back": _("退回到“%(name)s”", name=data.get("to_name", "")),
        "pause": _("暂停，等留言人补充"),
        "resume": _("恢复办理"),
        "close": _("办结"),
        "reopen": _("重新办理"),
        "visit": _("现场察看 %(place)s", place=data.get("place", "")),
        "contact": _("联系留言人"),
        "call_back": _("回访"),
        "handed_over": _("转给 %(name)s", name=data.get("office_name") or name),
        "instructed": _("%(name)s 批示", name=data.get("leader", "")),
        "instruction_follow_up": _("批示有了进展"),
        "instruction_done": _("批示办结"),
        "reply_submitted": _("答复送审"),
        "reply_sent_back": _("答复退回修改"),
        "reply_approved": _("答复批准，开始送达"),
        "reply_corrected": _("更正批准，开始送达"),
        "delivery_resend": _("答复重新送达"),
        "delivery_settle": _("核实了一份答复是否送达"),
        "due": _("期限变更"),
        "overdue": _("逾期"),
    }
    return said.get(event.kind, event.kind)


def outcome_words(outcome: str) -> str:
    """How a case ended."""
    return {
        "resolved": _("已解决"),
        "explained": _("已解释说明"),
        "promised": _("已承诺，限期落实"),
        "refused": _("不予支持"),
        "invalid": _("无效诉求"),
    }.get(outcome, outcome)


def call_words(result: str) -> str:
    """What a call to the citizen gave."""
    return {
        "satisfied": _("满意"),
        "basically": _("基本满意"),
        "dissatisfied": _("不满意"),
        "unreached": _("没有接通"),
    }.get(result, result)


def handover_state(state: str) -> str:
    """How far a handover has come."""
    return {
        "sent": _("已转出"),
        "received": _("已送到"),
        "accepted": _("已签收"),
        "answered": _("已答复"),
        "returned": _("已退回"),
        "recalled": _("已撤回"),
        "corrected": _("已更正"),
        "refused": _("没有送到"),
    }.get(state, state)


def event_icon(kind: str) -> str:
    """The icon of an event."""
    icons = {
        "claim": "claim", "assign": "users", "in_charge": "user", "advance": "next",
        "handed_over": "send", "instructed": "stamp", "visit": "camera", "call_back": "call",
        "close": "closed", "reopen": "replay", "pause": "pause", "resume": "play",
        "overdue": "alert", "settled": "due",
    }  # fmt: skip
    if kind.startswith(("reply", "delivery")):
        return "pen"
    return icons.get(kind, "info")
