"""The administrators' page on login providers: the list, one of them, and who is linked to it."""

import uuid
from dataclasses import dataclass, field

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountExists, AccountInvalid, AccountNotFound
from minsheng.accounts.models import LoginProvider, UnknownIdentity
from minsheng.accounts.people import find_username
from minsheng.accounts.providers import (
    SCOPES,
    IdentityLine,
    NewProvider,
    add_provider,
    change_provider,
    find_provider,
    link_identity,
    list_identities,
    list_providers,
    list_unknown,
    turn_off_provider,
    turn_on_provider,
    unlink_identity,
)
from minsheng.accounts.users import ACTIVE
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.headers import own_origin
from minsheng.faces.web.oidc import return_address
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.words import _
from minsheng_tenants import Tenant, tenant_of

provider_pages = Blueprint("provider_pages", __name__, url_prefix="/admin/providers")

_FIELDS = ("code", "name", "issuer", "client_id", "scopes")
_UNFIT = 422


@dataclass(frozen=True, slots=True)
class Fault:
    """What to change in a form: the field's name and the words; empty when nothing is wrong."""

    field: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """A provider in the list; ``waiting`` people came by it who are linked to no account."""

    code: str
    name: str
    issuer: str
    is_on: bool
    identities: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ProviderScreen:
    """One provider: its form, its people, and who came without being linked."""

    provider: LoginProvider
    is_on: bool
    return_address: str
    people: tuple[IdentityLine, ...]
    unknown: tuple[UnknownIdentity, ...]
    given: dict[str, str] = field(default_factory=dict)


@provider_pages.get("")
@needs("providers.write")
def show_providers() -> ResponseReturnValue:
    """Every provider of the office, and the form for one more."""
    return _list_page({"scopes": SCOPES}, Fault())


@provider_pages.post("")
@needs("providers.write")
def add() -> ResponseReturnValue:
    """Add a provider, or say what to change."""
    given = _given()
    new = NewProvider(**given, client_secret=request.form.get("client_secret", "").strip())
    try:
        with office_session() as session:
            add_provider(session, tools(), actor(), new)
    except AccountInvalid as error:
        return _list_page(given, _fault(error)), _UNFIT
    return _back(new.code, "provider_added")


@provider_pages.get("/<code>")
@needs("providers.write")
def show_provider(code: str) -> ResponseReturnValue:
    """One provider; raises ProviderNotFound."""
    return _page(code, {}, Fault())


@provider_pages.post("/<code>")
@needs("providers.write")
def change(code: str) -> ResponseReturnValue:
    """Change what may change; raises ProviderNotFound."""
    given = _given()
    try:
        with office_session() as session:
            change_provider(
                session,
                tools(),
                actor(),
                code,
                name=given["name"],
                client_id=given["client_id"],
                scopes=given["scopes"],
                client_secret=request.form.get("client_secret", "").strip(),
            )
    except AccountInvalid as error:
        return _page(code, given, _fault(error)), _UNFIT
    return _back(code, "provider_changed")


@provider_pages.post("/<code>/off")
@needs("providers.write")
def turn_off(code: str) -> ResponseReturnValue:
    """Let nobody in by it any more; raises ProviderNotFound."""
    with office_session() as session:
        turn_off_provider(session, tools(), actor(), code)
    return _back(code, "provider_off")


@provider_pages.post("/<code>/on")
@needs("providers.write")
def turn_on(code: str) -> ResponseReturnValue:
    """Let people in by it again; raises ProviderNotFound."""
    with office_session() as session:
        turn_on_provider(session, tools(), actor(), code)
    return _back(code, "provider_on")


@provider_pages.post("/<code>/link")
@needs("providers.write")
def link(code: str) -> ResponseReturnValue:
    """Link an account to a subject; raises ProviderNotFound."""
    username = request.form.get("username", "").strip().lower()
    subject = request.form.get("subject", "").strip()
    try:
        with office_session() as session:
            provider = find_provider(session, code)
            user = find_username(session, username)
            link_identity(session, tools(), actor(), user.id, provider.id, subject)
    except (AccountInvalid, AccountNotFound) as error:
        given = {"username": username[:32], "subject": subject[:255]}
        return _page(code, given, _link_fault(error)), _UNFIT
    return _back(code, "identity_linked")


@provider_pages.post("/<code>/unlink/<uuid:identity>")
@needs("providers.write")
def unlink(code: str, identity: uuid.UUID) -> ResponseReturnValue:
    """Let an account in by an identity no more; raises ProviderNotFound or AccountNotFound."""
    with office_session() as session:
        provider = find_provider(session, code)
        unlink_identity(session, tools(), actor(), provider.id, identity)
    return _back(code, "identity_unlinked")


def _given() -> dict[str, str]:
    """The text fields of the form; the secret is never sent back."""
    return {name: request.form.get(name, "").strip()[:2000] for name in _FIELDS}


def _list_page(given: dict[str, str], fault: Fault) -> str:
    with office_session() as session:
        rows = [
            ProviderRow(
                line.provider.code,
                line.provider.name,
                line.provider.issuer,
                line.provider.state == ACTIVE,
                line.identities,
                len(list_unknown(session, line.provider.id)),
            )
            for line in list_providers(session)
        ]
        office = _office_code(session)
        login = own_origin() + url_for("login_pages.show_login", office=office)
        back = return_address(office, "CODE")
        return render_desk(
            session, "desk/providers.html", "providers",
            rows=rows, given=given, fault=fault, login_address=login, return_form=back,
        )  # fmt: skip


def _page(code: str, given: dict[str, str], fault: Fault) -> str:
    with office_session() as session:
        provider = find_provider(session, code)
        screen = ProviderScreen(
            provider,
            provider.state == ACTIVE,
            return_address(_office_code(session), provider.code),
            tuple(list_identities(session, tools(), provider.id)),
            tuple(list_unknown(session, provider.id)),
            given,
        )
        return render_desk(session, "desk/provider.html", "providers", screen=screen, fault=fault)


def _office_code(session: Session) -> str:
    wanted = select(Tenant.code).where(Tenant.id == tenant_of(session))
    return session.scalars(wanted).one()


def _back(code: str, done: str) -> ResponseReturnValue:
    return redirect(url_for("provider_pages.show_provider", code=code, done=done), 303)


def _fault(error: AccountInvalid) -> Fault:
    if isinstance(error, AccountExists):
        return Fault("code", _("这个代码已经用了，请换一个。"))
    words = {
        "code": _("代码用小写字母、数字和连字符，最多 32 个字符。"),
        "name": _("请写名称，最多 50 个字。"),
        "issuer": _("颁发者要写完整的安全网址，与对方登录服务自己写的一字不差。"),
        "client_id": _("请写对方给的客户端编号，最多 200 个字符。"),
        "client_secret": _("客户端密钥最多 500 个字符，请照对方给的原样粘贴。"),
        "scopes": _("范围是用空格分开的单词，必须有 %(scope)s。", scope="openid"),
    }
    return Fault(error.field, words[error.field])


def _link_fault(error: AccountInvalid | AccountNotFound) -> Fault:
    if isinstance(error, AccountNotFound):
        return Fault("username", _("本单位没有这个账号。"))
    words = {
        "username": _("管理员的账号不能在这里关联，请系统运维人员用命令行办理。"),
        "subject": _("身份标识要照对方给的原样填写，最多 255 个字符。"),
    }
    taken = _("这个身份已经关联了账号，请先在下面解除。")
    return Fault(error.field, taken if isinstance(error, AccountExists) else words[error.field])
