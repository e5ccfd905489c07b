"""Offices around one another, furnished by the public verbs, with people and clients of each."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from offices_apart.operations import LIFT
from sqlalchemy import select, text

from minsheng.accounts.delegation import NewOpening, ask_opening
from minsheng.accounts.models import LoginSession, User
from minsheng.accounts.providers import NewProvider, add_provider, link_identity
from minsheng.accounts.roles import ROLES
from minsheng.accounts.service import (
    NewUser,
    SessionLimits,
    ask_client,
    ask_roles,
    create_client,
    open_session,
    plant_user,
    resume_session,
)
from minsheng.audit import SYSTEM, Actor
from minsheng.cases.service import Wish
from minsheng.faces.process import Process, make_runner
from minsheng.faces.web.cookies import session_cookie
from minsheng.handling.handover_models import Handover
from minsheng.handling.handovers_content import Packed, seal_content
from minsheng.handling.handovers_dispatch import dispatch
from minsheng.handling.handovers_errors import BodyOutOfReach
from minsheng.handling.handovers_steps import step_of
from minsheng.handling.instructions import sign_instruction
from minsheng.handling.models import Alert
from minsheng.handling.service import (
    add_demands,
    add_photo,
    ask_extension,
    commit,
    record_visit,
    set_leave,
)
from minsheng.intake.inbox import take_in
from minsheng.intake.quarantine import put_aside
from minsheng.intake.service import NewChannel, add_channel, find_channel, list_aside, set_paused
from minsheng.replies.service import approve
from minsheng.runtime.work import add_work
from minsheng_sdk import RawItem
from minsheng_tenants import BodyInvalid, NewBody, Tenant, create_body

RELATIONS = ("sibling", "parent", "child", "ministry")
PICTURE = b"\x89PNG\r\n\x1a\nIEND\xaeB`\x82"
HOTLINE = {"base_url": "https://127.0.0.1:9", "client_id": "desk", "client_secret": "geheim-4711"}


@dataclass(frozen=True)
class Office:
    """An office with an id of every kind; ``mark`` stands in its texts and nowhere else."""

    tenant_id: int
    mark: str
    ids: Mapping[str, str]
    phone: str = ""


def furnish(process: Process, tenant_id: int, api: Any, settle: Callable[[int], None]) -> Office:
    """Give an office channels, cases (two joined), a finding and an arrival in quarantine."""
    mark = new_mark()
    ids = {"tenant": _code_of(process, tenant_id)} | _channels(process, tenant_id, mark)
    phones = [new_phone(), new_phone()]
    posted = [_message(ids["channel"], f"{LIFT}{mark}", phone) for phone in phones]
    posted += [_message(ids["channel"], f"{said}{mark}", "") for said in ("路灯不亮", "井盖破损")]
    for each in posted:
        assert api.post("/messages", each).status_code == 201
    settle(tenant_id)
    shown = [api.post("/messages", each).json for each in posted]
    similar = api.get(f"/cases/{shown[0]['case']}/similar").json["items"][0]
    joined = api.post(f"/cases/{shown[2]['case']}/merge", {"other": shown[3]["case"]})
    assert joined.status_code == 200
    ids |= {
        "case": shown[0]["case"], "other_case": shown[1]["case"], "message": shown[0]["id"],
        "finding": similar["finding"], "survivor": shown[2]["case"],
        "joined": shown[3]["case"], "joined_message": shown[3]["id"],
        "aside": _put_aside(process, tenant_id, ids["pulled"], mark),
        **_people(process, tenant_id, mark),
        **_machines(process, tenant_id, mark),
        **_below(process, tenant_id, ids["tenant"]),
        **_handled(process, tenant_id, shown[0]["case"], mark),
        **_answered(process, tenant_id, api, shown[2]["case"], mark),
        **_crossed(process, tenant_id, shown[0]["id"]),
    }  # fmt: skip
    ids |= _handed(process, tenant_id, ids, settle)
    return Office(tenant_id, mark, ids, phones[0])


def _crossed(process: Process, tenant_id: int, message: str) -> dict[str, str]:
    """A hint with a body that nobody asks as, and a choice between the office and that body."""
    ids = {"crossing": str(uuid.uuid4()), "choice": str(uuid.uuid4())}
    given = {"tenant": tenant_id, "message": message, "nobody": 2_000_000_000, **ids}
    with process.tools.database.owner_session() as session:
        for statement in (
            "insert into crossings (from_tenant, id, to_tenant, from_code, from_name, from_stage,"
            " to_code, to_name, to_stage, band, hinted_at) values (:tenant, :crossing, :nobody,"
            " 'X', 'X', 'received', 'Y', 'Y', 'received', 'likely', now())",
            "insert into crossing_sides (tenant_id, crossing_id, message_id)"
            " values (:tenant, :crossing, :message)",
            "insert into lead_choices (tenant_id, crossing_id, from_office, to_office, asked_at)"
            " values (:tenant, :choice, :tenant, :nobody, now())",
        ):
            session.execute(text(statement), given)
    return ids


def new_mark() -> str:
    """A word that stands nowhere else; without digits, which the matcher would take for facts."""
    return "金丝雀" + uuid.uuid4().hex[:12].translate(str.maketrans("0123456789", "ghijklmnop"))


def new_phone() -> str:
    """A telephone number that hardly anybody else has: 11 digits."""
    return f"138{uuid.uuid4().int % 10**8:08d}"


def _channels(process: Process, tenant_id: int, mark: str) -> dict[str, str]:
    codes = {kind: f"{kind[:2]}-{uuid.uuid4().hex[:8]}" for kind in ("channel", "pulled", "paused")}
    with process.tools.database.session(tenant_id) as session:
        tools, registry = process.tools, process.registry
        new = NewChannel(codes["channel"], "mailbox", f"信箱{mark}", pushed=True)
        add_channel(session, tools, registry, SYSTEM, new)
        for kind in ("pulled", "paused"):
            new = NewChannel(codes[kind], "hotline_12345", f"热线{mark}", HOTLINE)
            add_channel(session, tools, registry, SYSTEM, new)
        set_paused(session, tools, SYSTEM, codes["paused"], paused=True)
    return codes


def _message(channel: str, body: str, phone: str) -> dict[str, Any]:
    return {
        "channel": channel, "external_id": uuid.uuid4().hex, "body": body,
        "received_at": "2026-11-19T09:00:00+08:00",
        "citizen": {"name": "甲", "phone": phone, "email": ""},
    }  # fmt: skip


def _handled(process: Process, tenant_id: int, number: str, mark: str) -> dict[str, str]:
    """What was done on a case, with an id of each kind."""
    tools, wish = process.tools, Wish(SYSTEM, f"理由{mark}")
    now, day = tools.clock.now(), tools.clock.now().date()
    with tools.database.session(tenant_id) as session:
        visit = record_visit(session, tools, wish, number, now, f"现场{mark}", ["甲"], mark)
        photo = add_photo(session, tools, wish, number, visit.id, PICTURE)
        promise = commit(session, tools, wish, number, f"修好{mark}", day)
        extension = ask_extension(session, tools, wish, number, 2)
        add_demands(session, tools, wish, number, [f"修电梯{mark}"])
        session.flush()
        alert = session.scalars(select(Alert.id).order_by(Alert.id).limit(1)).one()
        user = session.scalars(select(User.username).order_by(User.id).limit(1)).one()
        leave = set_leave(session, tools, SYSTEM, user, day, day)
        made = {"visit": visit, "photo": photo, "promise": promise, "extension": extension,
                "leave": leave}  # fmt: skip
        return {kind: str(row.id) for kind, row in made.items()} | {"alert": str(alert)}


def _answered(process: Process, tenant_id: int, api: Any, number: str, mark: str) -> dict[str, str]:
    """An official reply with its delivery, a draft, a template and a document."""
    words = {"public_text": f"经现场核查，路灯已于当日修复并恢复照明。{mark}"}
    made = api.post(f"/cases/{number}/replies", words).json
    made = api.post(f"/replies/{made['id']}/submit", {"version": made["version"]}).json
    with process.tools.database.session(tenant_id) as session:
        # Somebody else than the client that wrote it: the office may have two who approve.
        done = approve(session, process.tools, Wish(SYSTEM), uuid.UUID(made["id"]), made["version"])
    draft = api.post(f"/cases/{number}/replies", words).json
    template = f"t{uuid.uuid4().hex[:10]}"
    code = f"{mark}〔2026〕{uuid.uuid4().hex[:6]}号"
    wanted = {"code": template, "title": f"模板{mark}", "text": f"您好{mark}"}
    assert api.post("/reply-templates", wanted).status_code == 200
    wanted = {"code": code, "title": f"办法{mark}", "url": "https://example.org/1"}
    assert api.post("/documents", wanted).status_code == 200
    sent = api.get(f"/cases/{number}/deliveries").json["items"]
    return {
        "reply": draft["id"], "official": str(done.id), "delivery": sent[0]["id"],
        "template": template, "document": code,
    }  # fmt: skip


def _handed(
    process: Process, tenant_id: int, ids: Mapping[str, str], settle: Callable[[int], None]
) -> dict[str, str]:
    """A case handed to the body below, one that came from above, and a leader's instruction."""
    tools, wish = process.tools, Wish(Actor("user", ids["user"]))
    nowhere_yet = {kind: str(uuid.uuid4()) for kind in ("handover", "got")}
    with tools.database.session(tenant_id) as session:
        signed = sign_instruction(session, tools, wish, ids["case"], "请重点督办")
        body = session.scalars(select(Tenant).where(Tenant.id == tenant_id)).one()
    made = {"instruction": str(signed.id)}
    try:
        with tools.database.session(tenant_id) as session:
            sent = dispatch(session, tools, wish, ids["other_case"], ids["below"], role="lead")
            made["handover"] = str(sent.id)
    except BodyOutOfReach:
        pass
    if body.parent_id is not None:
        made["got"] = str(_hand_down(process, body.parent_id, body))
        make_runner(process).answer(body.parent_id, "handover")
        settle(tenant_id)
    return nowhere_yet | made


def _hand_down(process: Process, above: int, body: Tenant) -> uuid.UUID:
    """A handover as its sender would write it, of no case that anybody else looks at."""
    tools, handover_id = process.tools, uuid.uuid4()
    first = {
        "subject": "", "body": LIFT + uuid.uuid4().hex, "masked": LIFT, "attachments": [],
        "citizen": {"name": "", "phone": "", "email": ""},
    }  # fmt: skip
    said = {
        "subject": "", "region": "", "kind": "", "confidential": False, "count": 1,
        "messages": [first],
    }  # fmt: skip
    sealed = seal_content(tools.keyring.cipher(body.id), handover_id, Packed(said, "given"))
    row = Handover(
        from_tenant=above, id=handover_id, to_tenant=body.id, role="lead", state="sent",
        from_code="000000", from_name="上级", to_code=body.code, to_name=body.name,
        from_case=uuid.uuid4(), content=sealed, contact="given", note="", demands=[],
        complained=[], chain=[above], sent_at=tools.clock.now(), steps=[],
    )  # fmt: skip
    row.steps = [step_of(row, "sent", tools.clock.now())]
    with tools.database.session(above) as session:
        session.add(row)
        session.flush()
        add_work(session, "handover", [handover_id], tools.clock.now())
    return handover_id


def _people(process: Process, tenant_id: int, mark: str) -> dict[str, str]:
    """A user, a session of theirs, and a role change that waits."""
    tools, name = process.tools, f"u{uuid.uuid4().hex[:12]}"
    with tools.database.operator_session(tenant_id) as session:
        user = plant_user(session, tools, SYSTEM, NewUser(name, f"王{mark}", ("readonly",)))
        change = ask_roles(session, tools, SYSTEM, user.id, ["handler"])
        ids = {"user": name, "change": str(change.id)}
    with tools.database.session(tenant_id) as session:
        open_session(session, tools, user, "127.0.0.1")
        found = session.scalars(select(LoginSession.id).where(LoginSession.user_id == user.id))
        ids["session"] = str(found.one())
        code = f"p{uuid.uuid4().hex[:10]}"
        new = NewProvider(code, f"登录{mark}", "https://idp.example.org", f"desk-{code}")
        provider = add_provider(session, tools, SYSTEM, new)
        linked = link_identity(session, tools, SYSTEM, user.id, provider.id, f"subject-{code}")
        return ids | {"provider": code, "identity": str(linked.id)}


def _below(process: Process, tenant_id: int, code: str) -> dict[str, str]:
    """A body below, where there may be one, and an account there that waits for its opening."""
    tools, below = process.tools, f"B-{uuid.uuid4().hex[:8].upper()}"
    with tools.database.operator_session(tenant_id) as session:
        name = f"a{uuid.uuid4().hex[:12]}"
        new = NewUser(name, "王秀英", ("system_admin",))
        admin = plant_user(session, tools, SYSTEM, new)
    try:
        with tools.database.session(tenant_id) as session:
            create_body(session, NewBody(below, "某科", "department", code))
            wish = NewOpening(below, "security_admin", f"o{uuid.uuid4().hex[:12]}", "李建军")
            asked = ask_opening(session, tools, Actor("user", name), admin.id, wish)
            return {"below": below, "opening": str(asked.opening.id)}
    except BodyInvalid:
        return {"below": below, "opening": str(uuid.uuid4())}


def _machines(process: Process, tenant_id: int, mark: str) -> dict[str, str]:
    """A client, and one that waits for a second person."""
    tools = process.tools
    with tools.database.session(tenant_id) as session:
        made = create_client(session, tools, SYSTEM, f"机器{mark}", ["cases:read", "cases:write"])
        asked = ask_client(session, tools, SYSTEM, f"新机器{mark}", ["cases:read"])
        return {"client": made.client_id, "waiting_client": asked.client_id}


def _put_aside(process: Process, tenant_id: int, code: str, mark: str) -> str:
    tools = process.tools
    with tools.database.session(tenant_id) as session:
        channel = find_channel(session, code)
        raw = RawItem(uuid.uuid4().hex, f"不能读：{mark}".encode())
        (inbox_id,) = take_in(session, tools, SYSTEM, channel.id, [raw]).stored.values()
        put_aside(session, tools, inbox_id, "unreadable", f"第3行没有编号 {mark}")
        return str(list_aside(session)[0].id)


def _code_of(process: Process, tenant_id: int) -> str:
    with process.tools.database.session(tenant_id) as session:
        row = session.connection().exec_driver_sql(
            "select code from tenants where id = %s", (tenant_id,)
        )
        return str(row.scalar_one())


def nowhere(value: str) -> str:
    """An id of the same form that nothing bears."""
    number = re.fullmatch(r"(.*-\d{8}-)\d{5}", value)
    if number:
        return f"{number.group(1)}99999"
    if value.isdigit():
        return "98" + value[2:]
    return f"{value[:-1]}{'0' if value[-1] != '0' else '1'}"


@dataclass(frozen=True)
class Person:
    """A browser that is logged in, and the token its forms carry."""

    token: str
    csrf: str

    def browser(self, app: Flask) -> FlaskClient:
        """A client of ``app`` that holds the session."""
        client = app.test_client()
        with app.test_request_context():
            client.set_cookie(session_cookie(), self.token)
        return client


def people_of(process: Process, tenant_id: int) -> dict[str, Person]:
    """One logged-in person of each role, by role."""
    return {role: person(process, tenant_id, role) for role in ROLES}


def person(process: Process, tenant_id: int, role: str) -> Person:
    """A new person of a role, logged in."""
    tools, limits = process.tools, SessionLimits.from_settings(process.settings)
    name = f"{role.replace('_', '-')}-{uuid.uuid4().hex[:6]}"
    with tools.database.operator_session(tenant_id) as session:
        user = plant_user(session, tools, SYSTEM, NewUser(name, "王秀英", (role,)))
    with tools.database.session(tenant_id) as session:
        token = open_session(session, tools, user, "127.0.0.1")
    with tools.database.session(tenant_id) as session:
        return Person(token, resume_session(session, tools, token, limits).csrf)


def office_tables(owner: psycopg.Connection[Any]) -> list[str]:
    """Every table that holds rows of offices, by the catalogue."""
    rows = owner.execute(
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        " and a.attname = 'tenant_id' and not a.attisdropped"
    )
    return sorted(row[0] for row in rows)


def content(owner: psycopg.Connection[Any], tenant_ids: list[int]) -> dict[str, str]:
    """A hash of all rows of some offices, table by table, seen past row security."""
    tables = office_tables(owner)
    union = " union all ".join(
        f"select '{table}', coalesce(md5(string_agg(t::text, '|' order by t::text)), '')"
        f" from {table} t where tenant_id = any(%(ids)s)"
        for table in tables
    )
    found = dict(owner.execute(union, {"ids": tenant_ids}).fetchall())
    row = owner.execute(
        "select t::text from tenants t where id = any(%s) order by id", [tenant_ids]
    )
    return found | {"tenants": hashlib.sha256(json.dumps(row.fetchall()).encode()).hexdigest()}
