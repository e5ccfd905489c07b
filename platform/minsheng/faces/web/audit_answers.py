"""What the acts around answers, handovers and other offices are called in the audit trail."""

from minsheng.faces.web.words import _


def answer_names() -> dict[str, str]:
    """The acts on replies and their delivery, then those between offices, then the desk's own."""
    return {**_reply_names(), **_delivery_names(), **_between_names(), **_desk_names()}


def answer_objects() -> dict[str, str]:
    """What is acted on besides cases."""
    return {
        "reply": _("答复"),
        "delivery": _("送达"),
        "outbox": _("送达"),
        "handover": _("交办"),
        "instruction": _("批示"),
        "crossing": _("跨单位提示"),
        "document": _("政策文件"),
        "template": _("答复模板"),
    }


def _reply_names() -> dict[str, str]:
    return {
        "reply.draft": _("起草答复"),
        "reply.save": _("改答复"),
        "reply.submit": _("答复送审"),
        "reply.send_back": _("退回答复"),
        "reply.drop": _("放弃答复"),
        "reply.approve": _("批准答复"),
        "reply.correct": _("起草更正"),
        "reply.acknowledge": _("确认答复有别"),
        "reply.adopt": _("采用下级答复"),
        "reply.extend": _("答复送后来并入者"),
        "reply_rules.set": _("设置答复规则"),
        "template.set": _("改答复模板"),
        "template.withdraw": _("撤回答复模板"),
        "document.set": _("改政策文件"),
        "document.live": _("政策文件：有效"),
        "document.withdrawn": _("政策文件：废止"),
        "document.dead": _("政策文件：失联"),
        "promise.tell": _("告知承诺兑现"),
        "receipt.write": _("写收件回执"),
    }


def _delivery_names() -> dict[str, str]:
    return {
        "delivery.ready": _("送达：待发"),
        "delivery.sending": _("送达：在发"),
        "delivery.sent": _("送达：已发"),
        "delivery.failed": _("送达：失败"),
        "delivery.uncertain": _("送达：待核实"),
        "delivery.offered": _("送达：待取"),
        "delivery.superseded": _("送达：已由更正替代"),
        "delivery.resend": _("重发答复"),
        "delivery.settle": _("核实送达"),
        "delivery.taken": _("取走答复"),
        "delivery.hold": _("暂停送达"),
        "delivery.release": _("放行送达"),
        "channel.down": _("渠道中断"),
        "message.own": _("认出自己的信"),
    }


def _between_names() -> dict[str, str]:
    return {
        "case.dispatch": _("转办交办"),
        "case.show_leader": _("送领导阅"),
        "citizen.hand_over": _("随交办移交联系方式"),
        "message.hand_over": _("收到交办"),
        "handover.accept": _("签收交办"),
        "handover.return": _("退回交办"),
        "handover.recall": _("撤回交办"),
        "handover.recalled": _("交办被撤回"),
        "handover.answer": _("答复交办"),
        "handover.joined": _("交办已并案"),
        "handover.file": _("打开转来的原件"),
        "instruction.sign": _("签署批示"),
        "instruction.follow_up": _("落实批示"),
        "instruction.done": _("办结批示"),
        "crossing.contribute": _("跨单位比对"),
        "crossing.hint": _("跨单位提示"),
        "crossing.agree": _("同意跨单位提示"),
        "crossing.decline": _("谢绝跨单位提示"),
        "crossing.lead": _("定跨单位主办"),
        "crossing.hand_over": _("跨单位交办"),
        "crossing.recode": _("跨单位换码"),
        "crossing.rotate": _("跨单位换密钥"),
        "lead.ask": _("请上级定主办"),
        "lead.choose": _("定主办单位"),
        "lead_rules.set": _("设置主办规则"),
    }


def _desk_names() -> dict[str, str]:
    return {
        "case.dossier": _("制作卷宗"),
        "join.right": _("抽查并案：对"),
        "join.wrong": _("抽查并案：错"),
        "matching.set": _("设置查重"),
        "matching.rebuild": _("重建查重"),
        "view.save": _("保存视图"),
        "view.drop": _("删除视图"),
    }
