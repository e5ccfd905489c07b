"""What the audit trail's actions, objects and results are called: the one table of words.

A test looks up every action that the code records; one without words here fails it.
"""

from minsheng.faces.web.audit_answers import answer_names, answer_objects
from minsheng.faces.web.audit_handling import handling_names, handling_objects
from minsheng.faces.web.labels import role_name
from minsheng.faces.web.words import _


def action_names() -> dict[str, str]:
    """Every action with its words, in the order in which the filter offers them."""
    names = {**_door_names(), **_people_names(), **_machine_names(), **_case_names(), **_rest()}
    return names | handling_names() | answer_names()


def action_name(action: str) -> str:
    """The words of an action; one of another version is shown as it is."""
    return action_names().get(action, action)


def object_name(kind: str) -> str:
    """What kind of thing was acted on."""
    return {
        "user": _("账号"),
        "session": _("登录"),
        "client": _("接口账号"),
        "token": _("接口令牌"),
        "provider": _("统一登录"),
        "identity": _("登录身份"),
        "permission": _("权限"),
        "tenant": _("单位"),
        "opening": _("下级开户"),
        "import": _("批量导入"),
        "channel": _("渠道"),
        "inbox": _("到达"),
        "message": _("来件"),
        "case": _("诉求"),
        "finding": _("查重结果"),
        "review": _("差评倒查"),
        "sample": _("回头看"),
        "portal": _("网上受理"),
        "trail": _("审计记录"),
        **handling_objects(),
        **answer_objects(),
    }.get(kind, kind)


def result_words(result: str) -> str:
    """What came of it, with roles and decisions in words; the rest is shown as it is."""
    known = {"granted:": _("批准："), "refused:": "", "refused": "", "none": _("无")}
    said = ((known.get(part) if part in known else role_name(part)) for part in result.split(" "))
    return " ".join(word for word in said if word)


def actor_kind(kind: str) -> str:
    """What acted, where it was no person."""
    return {
        "client": _("接口账号"),
        "channel": _("渠道"),
        "operator": _("运维人员"),
        "system": _("系统"),
        "office": _("上级单位"),
        "citizen": _("群众"),
    }.get(kind, "")


def _door_names() -> dict[str, str]:
    return {
        "user.login": _("登录"),
        "user.confirm": _("确认口令"),
        "provider.login": _("统一登录"),
        "session.open": _("开始会话"),
        "session.raise": _("通过二次验证"),
        "session.close": _("退出"),
        "session.expire": _("会话到时"),
        "factor.check": _("核对验证码"),
        "factor.enrol": _("设置二次验证"),
        "factor.recovery_codes": _("换恢复码"),
        "permission.demand": _("越权被拒"),
    }


def _people_names() -> dict[str, str]:
    return {
        "user.create": _("新增账号"),
        "user.import": _("导入账号"),
        "user.turn_off": _("停用账号"),
        "user.turn_on": _("重新启用账号"),
        "user.set_expiry": _("改最后一天"),
        "user.give_password": _("发初始口令"),
        "user.change_password": _("换口令"),
        "user.reset_factor": _("重设二次验证"),
        "role.ask": _("提请角色"),
        "role.decide": _("审批角色"),
        "opening.ask": _("提请下级开户"),
        "opening.decide": _("审批下级开户"),
        "opening.open": _("上级开户"),
        "identity.link": _("绑定登录身份"),
        "identity.unlink": _("解除登录身份"),
    }


def _machine_names() -> dict[str, str]:
    return {
        "client.ask": _("提请接口账号"),
        "client.create": _("新增接口账号"),
        "client.decide": _("审批接口账号"),
        "client.login": _("接口登录"),
        "client.rotate": _("换接口密钥"),
        "client.drop_previous": _("作废旧接口密钥"),
        "client.narrow": _("缩小接口权限"),
        "client.revoke_all": _("作废全部接口令牌"),
        "client.turn_off": _("停用接口账号"),
        "token.revoke": _("作废接口令牌"),
        "provider.add": _("新增统一登录"),
        "provider.change": _("改统一登录"),
        "provider.turn_off": _("停用统一登录"),
        "provider.turn_on": _("启用统一登录"),
    }


def _case_names() -> dict[str, str]:
    return {
        "case.merge": _("合并诉求"),
        "case.unmerged": _("拆出诉求"),
        "case.split": _("拆分诉求"),
        "case.route": _("转出诉求"),
        "case.complained": _("标明被反映单位"),
        "case.not_complained": _("取消被反映单位"),
        "finding.same": _("查重：同一诉求"),
        "finding.related": _("查重：相关"),
        "finding.different": _("查重：不是同一件"),
        "citizen.track": _("查询诉求"),
        "rating.give": _("评价答复"),
        "review.open": _("差评倒查：立案"),
        "review.close": _("差评倒查：结案"),
        "case.reopen": _("重新办理"),
        "case.publish": _("公开诉求"),
        "case.unpublish": _("撤回公开"),
        "message.link": _("随附来件"),
        "sample.draw": _("抽取回头看"),
        "sample.record": _("记录回头看"),
        "citizen.reveal": _("查看群众联系方式"),
        "message.confidential": _("标明要求保密"),
        "message.not_confidential": _("取消要求保密"),
        "message.complains": _("认出被反映单位"),
        "message.take_in": _("收件"),
        "message.push": _("推送来件"),
        "message.read": _("读件"),
        "message.match": _("查重"),
        "message.quarantine": _("放入隔离区"),
        "quarantine.look": _("查看隔离件"),
        "quarantine.replay": _("重新读取隔离件"),
    }


def _rest() -> dict[str, str]:
    return {
        "portal.set": _("设置网上受理"),
        "channel.add": _("新增渠道"),
        "channel.change": _("改渠道"),
        "channel.pull": _("立即取件"),
        "channel.pause": _("暂停渠道"),
        "channel.resume": _("恢复渠道"),
        "tenant.create": _("新增单位"),
        "audit.look": _("查看审计记录"),
        "audit.export": _("导出审计记录"),
    }
