"""What an answer about two cases will do, said before it is given."""

from minsheng.cases.service import CaseView, MessageView
from minsheng.faces.web.deadlines import Due
from minsheng.faces.web.models import Consequences
from minsheng.faces.web.times import local
from minsheng.faces.web.words import _, listed

_ANSWERED = ("approved", "delivered", "uncertain")


def due_of(view: CaseView) -> Due:
    """The deadline of a case that is still to be done."""
    at = view.standing.due_at if view.state == "open" else None
    return Due(at, view.standing.due_estimated, view.standing.paused)


Side = tuple[CaseView, MessageView]


def consequences(left: Side, right: Side, *, asked: bool) -> Consequences:
    """The sentences under the three answers, for these two cases.

    Where the matcher ``asked``, the older case keeps its number; else the left one does.
    """
    (view, ours), (other, theirs) = left, right
    kept, joined = sorted((view, other), key=lambda each: each.id) if asked else (view, other)
    same = [
        _("并入 %(number)s。", number=kept.number),
        _deadline(kept, joined),
        _reply(kept, joined),
        _citizens(ours, theirs),
        _("来件都保留，随时可以拆出。"),
    ]
    return Consequences(
        tuple(filter(None, same)),
        (_("各办各的，期限和答复都不变。"), _("两件互相可见为“相关”，不再要求查重。")),
        (_("各办各的，期限和答复都不变。"), _("记住这个结论，以后不再提示，也不会自动合并。")),
    )


def _deadline(kept: CaseView, joined: CaseView) -> str:
    found = [due for due in (kept.standing.due_at, joined.standing.due_at) if due]
    if not found:
        return ""
    there = local(min(found))
    day = _("%(month)s月%(day)s日", month=there.month, day=there.day)
    if len(found) == 2 and found[0] == found[1]:
        return _("期限不变：%(day)s。", day=day)
    return _("期限按较早的 %(day)s。", day=day)


def _reply(kept: CaseView, joined: CaseView) -> str:
    answered = [each.number for each in (kept, joined) if each.standing.reply_state in _ANSWERED]
    if answered:
        numbers = listed(answered)
        return _("%(numbers)s 已有正式答复，合并后另一方要更正或确认。", numbers=numbers)
    return _("一个答复，各回各的渠道。")


def _citizens(ours: MessageView, theirs: MessageView) -> str:
    names = ours.citizen_name, theirs.citizen_name
    if not all(names) or names[0] == names[1]:
        return _("留言人彼此看不到。")
    return _("%(one)s与%(other)s将各自收到答复，互不可见。", one=names[0], other=names[1])
