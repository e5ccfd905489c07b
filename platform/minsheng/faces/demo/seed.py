"""Fill a fresh demo: the tree of bodies, accounts, an API client, and a channel a source.

Every step looks first whether it was done, so that a first run that broke off is completed by the
next one.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.models import ApiClient, User
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import (
    NewUser,
    create_client,
    find_tenant_for_login,
    plant_user,
)
from minsheng.audit import Actor
from minsheng.faces.demo.sources import Source
from minsheng.faces.demo.state import DemoState
from minsheng.faces.demo_data import load_accounts, load_tenants
from minsheng.faces.process import Process
from minsheng.intake.models import Channel
from minsheng.intake.service import NewChannel, add_channel, change_settings
from minsheng_tenants import NewBody, Tenant, create_body

_DEMO = Actor("operator", "demo")
_OFFICE = "130129"
_NAMES = {
    "hotline_12345": "12345 热线",
    "mailbox": "领导信箱",
    "leaders_board": "领导留言板",
}
PUSHED = "api"


def seed(process: Process, state: DemoState, sources: list[Source]) -> None:
    """Bring the demo's data to completion; what stands already is left as it is."""
    with process.tools.database.owner_session() as session:
        _seed_tree(session)
    staffed = [account.tenant for account in load_accounts()]
    for office in dict.fromkeys([*(source.office for source in sources), *staffed]):
        tenant_id = tenant_id_of(process, office)
        process.tools.keyring.cipher(tenant_id)
        with process.tools.database.operator_session(tenant_id) as session:
            _seed_accounts(session, process, state, office)
        with process.tools.database.session(tenant_id) as session:
            for source in sources:
                if source.office == office:
                    _seed_channel(session, process, source)
    with process.tools.database.session(tenant_id_of(process, _OFFICE)) as session:
        _seed_client(session, process, state)


def tenant_id_of(process: Process, office: str) -> int:
    """The number of one of the demo's offices."""
    with process.tools.database.public_session() as session:
        found = find_tenant_for_login(session, office)
    assert found is not None, "the tree was seeded before"
    return found[0]


def _seed_tree(session: Session) -> None:
    standing = set(session.scalars(select(Tenant.code)))
    for body in load_tenants():
        if body.code not in standing:
            create_body(session, NewBody(body.code, body.name, body.kind, body.parent or ""))


def _seed_accounts(session: Session, process: Process, state: DemoState, office: str) -> None:
    standing = set(session.scalars(select(User.username)))
    for account in load_accounts():
        if account.tenant == office and account.username not in standing:
            password = state.password_of(office, account.username)
            new = NewUser(account.username, account.name, (account.role,), password)
            plant_user(session, process.tools, _DEMO, new)


def _seed_channel(session: Session, process: Process, source: Source) -> None:
    code = source.plugin.replace("_", "-")
    if session.scalar(select(Channel.id).where(Channel.code == code)) is None:
        new = NewChannel(code, source.plugin, _NAMES[source.plugin], dict(source.settings))
        add_channel(session, process.tools, process.registry, _DEMO, new)
    else:
        settings = dict(source.settings)
        change_settings(session, process.tools, process.registry, _DEMO, code, settings)


def _seed_client(session: Session, process: Process, state: DemoState) -> None:
    if session.scalar(select(Channel.id).where(Channel.code == PUSHED)) is None:
        new = NewChannel(PUSHED, "hotline_12345", "接口推送", {}, pushed=True)
        add_channel(session, process.tools, process.registry, _DEMO, new)
    if session.scalar(select(ApiClient.id).where(ApiClient.name == "demo")) is None:
        made = create_client(session, process.tools, _DEMO, "demo", SCOPES)
        state.client = {"client_id": made.client_id, "client_secret": made.secret}
