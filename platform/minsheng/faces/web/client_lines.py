"""Machines as they are drawn: values and words for the pages about API clients."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from minsheng.accounts.client_care import LastLogin
from minsheng.accounts.models import ApiClient
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import client_id_of
from minsheng.audit import Actor
from minsheng.faces.web.times import lasting
from minsheng.faces.web.words import _


@dataclass(frozen=True, slots=True)
class ClientLine:
    """One machine; ``barred`` = the person who looks is the one who asked."""

    client_id: str
    name: str
    state: str
    state_words: str
    icon: str
    tone: str
    scopes: tuple[str, ...]
    scope_words: tuple[str, ...]
    asker: str
    decider: str
    created_at: datetime
    previous_until: datetime | None
    last_login: LastLogin | None
    barred: bool


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """A scope to tick."""

    scope: str
    words: str
    chosen: bool


def client_line(client: ApiClient, last: LastLogin | None, viewer: Actor) -> ClientLine:
    """One machine as ``viewer`` sees it."""
    words, icon, tone = _state(client)
    scopes = tuple(client.scopes.split())
    return ClientLine(
        client_id=client_id_of(client.tenant_id, client.id),
        name=client.name,
        state=client.status,
        state_words=words,
        icon=icon,
        tone=tone,
        scopes=scopes,
        scope_words=tuple(scope_words(scope) for scope in scopes),
        asker=_person(client.asked_by),
        decider=_person(client.decided_by or ""),
        created_at=client.created_at,
        previous_until=client.previous_until,
        last_login=last,
        barred=client.asked_by == str(viewer),
    )


def scope_choices(
    chosen: Collection[str], among: Collection[str] | None = None
) -> tuple[ScopeChoice, ...]:
    """Every scope to choose from, or those in ``among``."""
    shown = [scope for scope in SCOPES if among is None or scope in among]
    return tuple(ScopeChoice(scope, scope_words(scope), scope in chosen) for scope in shown)


def scope_words(scope: str) -> str:
    """What a scope allows, in the words of the desk; an unknown one is shown as it is."""
    return {
        "tenants:read": _("看本单位和下级单位"),
        "tenants:write": _("新增下级单位"),
        "channels:read": _("看渠道和运行"),
        "channels:write": _("新增、暂停和取件"),
        "messages:read": _("看来件"),
        "messages:write": _("推送来件"),
        "cases:read": _("看诉求和过程"),
        "cases:write": _("合并、拆分诉求"),
        "cases:confidential": _("看涉及本单位的和要求保密的"),
        "citizens:read": _("看留言人的姓名和联系方式"),
        "clients:read": _("看接口账号"),
        "clients:write": _("提请、收窄和停用接口账号"),
        "clients:rotate": _("更换自己的密钥"),
        "users:read": _("看人员账号"),
        "users:write": _("新增和停用人员账号"),
        "cases:handle": _("认领、办理诉求"),
        "cases:dispatch": _("交办、签收和退回"),
        "flows:write": _("设置流程、期限和休息日"),
        "replies:write": _("起草答复"),
        "replies:approve": _("审核答复"),
        "deliveries:write": _("重发、核实和放行答复"),
        "facts:read": _("看本单位和下级的数字"),
        "crossings:read": _("看跨单位重复提示"),
        "crossings:write": _("同意或谢绝跨单位重复提示"),
        "matching:write": _("设置查重"),
    }.get(scope, scope)


def keep_words(keep: timedelta) -> str:
    """How long a replaced secret holds: in days from one day on."""
    if keep.days:
        return _("%(count)s 天", count=keep.days)
    return lasting(keep.total_seconds())


def client_fault(field: str, *, exists: bool = False) -> str:
    """What to change, by the field that was refused."""
    if exists:
        return _("本单位已有这个名称的接口账号，请换一个。")
    if field == "name":
        return _("请填写名称，最多 50 个字。")
    return _("请至少勾选一项权限。")


def _state(client: ApiClient) -> tuple[str, str, str]:
    refused = client.status == "off" and client.decided_by is not None
    return {
        "asked": (_("待批准"), "clock", "warn"),
        "active": (_("启用"), "done", "ok"),
    }.get(client.status, (_("已停用") if not refused else _("已停用或未批准"), "stop", ""))


def _person(name: str) -> str:
    """The words for who asked or decided, as the audit trail names them."""
    kind, _colon, rest = name.partition(":")
    return {"user": rest, "client": _("接口账号"), "operator": _("运维人员")}.get(kind, name)
