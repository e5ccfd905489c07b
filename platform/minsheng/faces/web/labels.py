"""The words and icons for the service's own terms; an unknown term is shown as it is."""

from minsheng.faces.web.desk import web_tools
from minsheng.faces.web.locale import language
from minsheng.faces.web.words import _

PLUGIN_ICONS = {
    "hotline_12345": "phone",
    "mailbox": "mail",
    "leaders_board": "board",
    "handover": "handover",
    "portal": "pen",
    "api": "api",
}


def plugin_icon(plugin: str) -> str:
    """The icon of an origin."""
    return PLUGIN_ICONS.get(plugin, "inbox")


def plugin_name(plugin: str) -> str:
    """What people call the kind of channel: the plugin's own short word."""
    own = {"handover": _("交办"), "api": _("接口"), "portal": _("网上受理")}
    zh, en = web_tools().badges.get(plugin, (plugin, plugin))
    return own.get(plugin) or (zh if language() == "zh" else en)


def state_name(state: str) -> str:
    """The state of a case."""
    return {"open": _("在办"), "merged": _("已并入"), "closed": _("已办结")}.get(state, state)


def stage_name(stage: str) -> str:
    """How far a case has come."""
    return {
        "received": _("受理"),
        "assigned": _("交办"),
        "handling": _("办理"),
        "reviewing": _("审核"),
        "replied": _("已回复"),
        "callback": _("回访"),
        "closed": _("办结"),
    }.get(stage, stage)


def due_name(due: str) -> str:
    """A part of the queue by its deadlines."""
    return {
        "overdue": _("逾期"),
        "today": _("今日到期"),
        "week": _("七日内到期"),
        "paused": _("暂停"),
        "none": _("未定期限"),
    }.get(due, due)


def role_name(role: str) -> str:
    """What a person may do here."""
    return {
        "liaison": _("联络员"),
        "handler": _("经办人"),
        "reviewer": _("审核人"),
        "leader": _("领导"),
        "callback": _("回访员"),
        "readonly": _("查阅"),
        "supervision": _("督查室"),
        "petitions": _("信访局"),
        "opinion": _("网络舆情处"),
        "research": _("研究室"),
        "general_office": _("办公厅"),
        "system_admin": _("系统管理员"),
        "security_admin": _("安全管理员"),
        "audit_admin": _("审计管理员"),
    }.get(role, role)


def channel_state(state: str) -> str:
    """Whether a channel is pulled, paused, or brings its messages itself."""
    return {
        "active": _("运行"),
        "paused": _("已暂停"),
        "pushed": _("推送"),
        "built_in": _("内置"),
    }.get(state, state)


def outcome_name(outcome: str) -> str:
    """How a run ended."""
    return {"running": _("进行中"), "ok": _("正常"), "failed": _("失败")}.get(outcome, outcome)


def trouble_name(kind: str) -> str:
    """What went wrong in a run and what to do, by the name of the error that ended it."""
    return {
        "SourceUnavailable": _("对方系统没有应答，会自动再试"),
        "RateLimited": _("对方系统要求放慢，会自动再试"),
        "CredentialsRefused": _("账号或密钥被拒，请管理员更换"),
        "SettingsInvalid": _("渠道设置不对，请管理员更正"),
        "ProtocolBroken": _("对方系统的应答不合约定，请联系插件作者"),
        "PluginNotInstalled": _("插件没有安装，请管理员安装"),
        "PluginRefused": _("插件不合要求，没有装入"),
        "PluginCrashed": _("插件中断，会自动再试"),
        "NurseryLost": _("插件进程被外部结束，会自动再试"),
        "PluginTimedOut": _("插件超时被停止，会自动再试"),
        "PluginFlooded": _("插件送来的太多，已停止"),
        "PluginLied": _("插件的应答不合约定，已停止"),
    }.get(kind, kind)


def quarantine_reason(reason: str) -> str:
    """Why an arrival could not be read."""
    return {
        "unreadable": _("内容读不懂"),
        "crashed": _("读取时插件中断"),
        "timed out": _("读取超时"),
        "flooded": _("读出的内容过大"),
        "lied": _("插件给出的内容不合约定"),
    }.get(reason, reason)
