"""What a page says after something was done. The words are fixed here; the address of the page
carries only their name and, where one is needed, a case number, so nothing can be put into our
mouth by a link.
"""

import re
from dataclasses import dataclass

from flask import request, url_for

from minsheng.faces.web.admin_notices import OK, admin_words
from minsheng.faces.web.words import _

_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True)
class Notice:
    """One line on top of a page: its words, tone, icon and perhaps a link."""

    words: str
    tone: str = "ok"
    icon: str = "done"
    href: str | None = None
    link: str = ""


def notices() -> list[Notice]:
    """The notices that the address of this page asks for: none or one."""
    about = request.args.get("about", "")
    number = about if _NUMBER.fullmatch(about) else ""
    notice = _notice(request.args.get("done", ""), number)
    return [notice] if notice else []


def _notice(done: str, number: str) -> Notice | None:
    if done == "unmerged" and number:
        return _about(_("已拆出，来件现在在诉求 %(number)s。", number=number), number)
    if done == "merged" and number:
        return _about(_("已合并到诉求 %(number)s，可以随时拆出。", number=number), number)
    known = _plain() | _handled() | _crossed() | _checked()
    return known.get(done) or _said_to_administrators(done)


def _said_to_administrators(done: str) -> Notice | None:
    words, tone = admin_words().get(done, ("", ""))
    return Notice(words, tone, "done" if tone == OK else "alert") if words else None


def _about(words: str, number: str) -> Notice:
    href = url_for("case_pages.show_case", number=number)
    return Notice(words, href=href, link=_("打开 %(number)s", number=number))


def _plain() -> dict[str, Notice]:
    """What is said without a number."""
    return {
        "not_same": Notice(_("已记住：不是同一件。以后不再提示，也不会自动合并。")),
        "related": Notice(_("已记住：相关，但各办各的。")),
        "answered": Notice(_("结论已记下。下面是剩下的。")),
        "undone": Notice(_("已撤销，和刚才之前一样。"), icon="undo"),
        "too_late": Notice(_("十秒已过，不能撤销。请逐件改回。"), "warn", "alert"),
        "view_kept": Notice(_("视图已保存，在左边。")),
        "view_dropped": Notice(_("视图已删除。")),
        "view_refused": Notice(
            _("没有保存：名称要 1 到 30 个字，最多 20 个视图。"), "warn", "alert"
        ),
        "channel_added": Notice(_("渠道已添加，正在取件。")),
        "pulled": Notice(_("已安排取件，稍候看最近一次运行。")),
        "paused": Notice(_("渠道已暂停。对方的来件不会丢，恢复后接着取。")),
        "resumed": Notice(_("渠道已恢复，马上取件。")),
        "replayed": Notice(_("已安排重新读取。读懂了就会离开隔离区。")),
        "held": Notice(_("已暂停：放行以前一份也不发出。")),
        "unheld": Notice(_("已放行：能查询的先查后发，查不到的转为待核实。")),
        "left": Notice(_("已退出。")),
        "too_many": Notice(_("多次不对，这次登录已经结束。请重新登录。"), "warn", "alert"),
        "password": Notice(_("口令已改，其他设备已全部退出。")),
        "factor": Notice(_("二次验证已设好，下次登录起用。")),
        "session_ended": Notice(_("已让那里退出。")),
        "provider_added": Notice(_("登录方式已添加。请把返回地址登记到对方的登录服务。")),
        "provider_changed": Notice(_("登录方式已修改。")),
        "provider_off": Notice(_("已停用：不能再用它登录，已经登录的不受影响。")),
        "provider_on": Notice(_("已启用：关联过的人可以用它登录。")),
        "identity_linked": Notice(_("已关联，这个人现在就可以登录。")),
        "identity_unlinked": Notice(_("已解除关联，这个账号的登录已全部退出。")),
        "confidential": Notice(_("已标为要求保密：留言人的姓名和电话不再显示。")),
        "not_confidential": Notice(_("已解除保密。")),
        "complained": Notice(_("已标记被反映单位：本件不会转到该单位和它的下级。")),
        "not_complained": Notice(_("已撤销被反映单位的标记。")),
        "out_of_sight": Notice(_("已标记：本件反映的是本单位，今后只有信访人员能看到。")),
        "reason_missing": Notice(_("没有照做：这样做要写明理由。"), "warn", "alert"),
        "no_such_office": Notice(
            _("没有照做：本单位和下级里没有这个代码。请核对代码。"), "warn", "alert"
        ),
        "already": Notice(_("没有照做：情况已经变了。下面是最新的情况。"), "warn", "alert"),
        "no_such_case": Notice(_("本单位没有这个编号的诉求。请核对编号。"), "warn", "alert"),
        "said_not_same": Notice(
            _("有人说过这两件不是同一件。确实要合并，请勾选后再提交。"), "warn", "alert"
        ),
    }


def _crossed() -> dict[str, Notice]:
    """What is said after a hint across offices was answered."""
    return {
        "crossing_agreed": Notice(_("已同意。对方也同意后才会移交，在此之前双方都看不到内容。")),
        "crossing_declined": Notice(_("已记住：不是同一事项，这两件不再提示。")),
        "lead_chosen": Notice(_("已指定主办单位，双方会收到。")),
    }


def _checked() -> dict[str, Notice]:
    """What is said when work that is done was looked at again."""
    return {
        "review_closed": Notice(_("倒查已办结，结论留在诉求的经过里。")),
        "drawn": Notice(_("已抽取。请由没有经手的人逐件去看。")),
        "looked_back": Notice(_("已记下。")),
        "purpose_missing": Notice(_("没有导出：请选一项用途；选其他时请写明。"), "warn", "alert"),
        "dossier_refused": Notice(
            _("没有导出：里面有留言人要求保密，只有信访人员能导出。这次尝试已记录。"),
            "warn",
            "alert",
        ),
        "dossier_unmade": Notice(
            _("没有导出：服务器缺少制作卷宗的部件，请找管理员。"), "warn", "alert"
        ),
    }


def _handled() -> dict[str, Notice]:
    """What is said after something was done to a case, or refused."""
    return {
        "claimed": Notice(_("已签收，期限从提交那天算起。")),
        "released": Notice(_("已退回认领，联络员会另作安排。")),
        "assigned": Notice(_("已交办，等对方签收。")),
        "advanced": Notice(_("这一步已完成。")),
        "waiting": Notice(_("已暂停，等留言人补充；恢复前不计日。")),
        "going_on": Notice(_("已恢复办理。")),
        "closed": Notice(_("已办结。")),
        "reopened": Notice(_("已重新办理，是新的一轮。")),
        "demands_kept": Notice(_("诉求点已记下。")),
        "called_back": Notice(_("回访已记下。")),
        "visit_kept": Notice(_("现场察看已记下。")),
        "dispatched": Notice(_("已转出，对方收到后这里会显示。")),
        "handed": Notice(_("已办好，对方会看到。")),
        "signed": Notice(_("批示已签发，不能再改。")),
        "followed_up": Notice(_("已记下，领导会看到。")),
        "draft": Notice(_("可以写了，边写边存。")),
        "submitted": Notice(_("已送审批。")),
        "approved": Notice(_("已批准，正在送达每个渠道。")),
        "sent_back": Notice(_("已退回起草人。")),
        "acknowledged": Notice(_("已记下：不同的说法看过了。")),
        "dropped": Notice(_("草稿已作废，仍可查阅。")),
        "resent": Notice(_("已重新送达。")),
        "settled": Notice(_("核实结果已记下。")),
    } | {name: Notice(words, "warn", "alert") for name, words in _refused().items()}


def _refused() -> dict[str, str]:
    return {
        "close_refused": _("还不能办结。请打开“办结”看缺什么。"),
        "person_unfit": _("没有照做：这个人不能办，或不在岗，或角色不对。"),
        "same_person": _("没有照做：要另一个人来做，经手过的人不能自己审核、批准或回访。"),
        "photo_refused": _("照片没有收下：只收常见的照片格式，不要太大或太多。"),
        "out_of_reach": _("没有照做：不能转给这个单位。请从列表里选本单位的下级。"),
        "route_refused": _("没有照做：本件反映的就是这个单位或它的上级，不能转给它。"),
        "unfit_value": _("没有照做：有一项填写的内容不能用。请核对后再提交。"),
        "not_now": _("没有照做：现在的环节不能这样做。下面是最新的情况。"),
        "answered_already": _("没有批准：这件已有正式答复。要改说法，请写更正。"),
        "answered_otherwise": _("没有批准：同类诉求答复过不同的说法。请先比较，再确认或修改。"),
        "reply_stale": _("没有照做：别人刚才也改了这份答复。下面是最新的文字。"),
        "variable_left": _("没有照做：模板里还有没填的地方。"),
        "reply_unfit": _("没有照做：答复是空的，或写了不能公开的内容。请修改后再送。"),
    }
