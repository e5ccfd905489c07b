"""Logging in by a provider: off to it, and back from it.

Each provider has a return address of its own, so that the answer of one is never taken for
another's (RFC 9700, 4.4.2.2), and the browser that left is the only one that may come back.
"""

from dataclasses import dataclass

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.accounts.errors import (
    IdentityNotLinked,
    ProviderAway,
    ProviderLoginRefused,
    ProviderNotFound,
    ProviderSaidNo,
)
from minsheng.accounts.oidc import Return, begin_login, finish_login
from minsheng.accounts.oidc_metadata import ProviderDirectory
from minsheng.accounts.service import find_tenant_for_login
from minsheng.faces.web.cookies import drop_flow, flow_secret, set_flow, set_session
from minsheng.faces.web.desk import origin, tools
from minsheng.faces.web.headers import own_origin
from minsheng.faces.web.login import end_old_session, local_path
from minsheng.faces.web.words import _

provider_login_pages = Blueprint("provider_login_pages", __name__)
_EXTENSION = "minsheng_providers"


@dataclass(frozen=True, slots=True)
class RefusalScreen:
    """Why nobody came in and what to do; ``code`` is what an administrator needs to be told."""

    title: str
    text: str
    code: str = ""


@provider_login_pages.get("/login/with/<office>/<provider>")
def depart(office: str, provider: str) -> ResponseReturnValue:
    """Send the browser to a provider."""
    next_path = local_path(request.args.get("next", ""))
    back = return_address(office, provider)
    try:
        where = begin_login(tools(), _directory(), _office(office), provider, back, next_path)
    except ProviderNotFound:
        return _refuse(office, _gone(), 404)
    except ProviderAway:
        return _refuse(office, _away(), 503)
    response = redirect(where.address, 303)
    set_flow(response, where.browser)
    return response


@provider_login_pages.get("/login/return/<office>/<provider>")
def arrive(office: str, provider: str) -> ResponseReturnValue:
    """Let in whom the provider sends back, or say in one way that it was not accepted."""
    try:
        arrival = finish_login(tools(), _directory(), _office(office), _came(office, provider))
    except IdentityNotLinked as refusal:
        return _refuse(office, _not_linked(refusal.code), 403)
    except ProviderSaidNo:
        return _refuse(office, _said_no(), 403)
    except (ProviderLoginRefused, ProviderNotFound):
        return _refuse(office, _not_accepted(), 403)
    except ProviderAway:
        return _refuse(office, _away(), 503)
    end_old_session()
    response = redirect(local_path(arrival.next_path), 303)
    set_session(response, arrival.token)
    drop_flow(response)
    return response


def return_address(office: str, provider: str) -> str:
    """Where a provider sends people back to, as it is to be registered there."""
    path = url_for("provider_login_pages.arrive", office=office, provider=provider)
    return own_origin() + path


def _office(code: str) -> int:
    """The active office of a code; raises ProviderNotFound, since an unknown one has none."""
    with tools().database.public_session() as session:
        found = find_tenant_for_login(session, code)
    if found is None:
        raise ProviderNotFound
    return found[0]


def _came(office: str, provider: str) -> Return:
    said = request.args
    return Return(
        provider=provider,
        return_address=return_address(office, provider),
        state=said.get("state", ""),
        browser=flow_secret(),
        code=said.get("code", ""),
        error=said.get("error", ""),
        issuer=said.get("iss"),
        origin=origin(),
    )


def _directory() -> ProviderDirectory:
    """What this process knows of providers; made at its first use."""
    kept: ProviderDirectory = current_app.extensions.setdefault(
        _EXTENSION, ProviderDirectory(tools().clock)
    )
    return kept


def _refuse(office: str, screen: RefusalScreen, status: int) -> ResponseReturnValue:
    response = current_app.make_response(
        (render_template("login_refused.html", refusal=screen, office=office[:64]), status)
    )
    drop_flow(response)
    return response


def _gone() -> RefusalScreen:
    return RefusalScreen(
        _("没有这种登录方式"), _("单位代码或登录方式不对，也可能已停用。请从登录页重新选择。")
    )


def _away() -> RefusalScreen:
    return RefusalScreen(
        _("统一登录暂时用不了"), _("对方的登录服务没有正常应答。请稍后再试，或改用账号和口令登录。")
    )


def _said_no() -> RefusalScreen:
    return RefusalScreen(
        _("没有登录"), _("对方的登录服务没有放行，也可能是您在那边取消了。请从登录页重新开始。")
    )


def _not_accepted() -> RefusalScreen:
    return RefusalScreen(
        _("这次登录没有通过"),
        _("登录要在同一个浏览器里、十分钟内一次完成。请从登录页重新开始；还不行，请告诉管理员。"),
    )


def _not_linked(code: str) -> RefusalScreen:
    return RefusalScreen(
        _("这个身份还没有关联账号"),
        _("对方确认了您的身份，但本单位还没有把它关联到账号。请把下面的关联码告诉本单位管理员。"),
        code,
    )
