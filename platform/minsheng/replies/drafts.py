"""Writing a reply: begun, saved, sent to review, sent back; every step names the version it saw.

A change is ``update … where version = ?``: whoever saw an older version is refused with both texts.
Who else writes on the case just now is told by rows that end by themselves (a soft lock).
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import CaseConflict
from minsheng.cases.ledger import case_event
from minsheng.cases.marks import family_of
from minsheng.cases.models import OPEN, Case
from minsheng.cases.service import Wish, find_case, place_case
from minsheng.cases.standing import ReplyState
from minsheng.handling.models import Demand
from minsheng.intake.text import clean_text
from minsheng.replies.conflicts import note_warnings
from minsheng.replies.errors import ReplyConflict, ReplyInvalid, VersionStale
from minsheng.replies.finding import (
    find_reply,
    private_text_of,
    refusals_kept,
    seal_private,
    shown,
)
from minsheng.replies.models import (
    DESK,
    DRAFT,
    DROPPED,
    REVIEWING,
    Reply,
    ReplyTemplate,
    ReplyWriter,
)
from minsheng.replies.origins import citizens_of
from minsheng.replies.policy import cited_by, set_citations
from minsheng.replies.quality import Checked, as_stored, check_quality
from minsheng.replies.records import Cited, Filled, ReplyView, Words
from minsheng.replies.templates import demand_filled, fill, find_template
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

LONGEST_TEXT = 20_000
"""Characters of a public or private text; the longest real answer of 2,816 has about 4,000."""
WRITING_SECONDS = 90
"""How long a heartbeat of somebody who writes is believed."""


def start_draft(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    words: Words | None = None,
    filled: Filled | None = None,
) -> ReplyView:
    """Begin a reply to an open case, from words or a template of the office.

    Raises CaseNotFound, CaseConflict, ReplyNotFound (template, document) or ReplyInvalid.
    """
    with refusals_kept(session, tools, wish.actor, "reply.draft", number):
        case = writable_case(session, wish, number)
        template = find_template(session, filled.template) if filled else None
        if template is not None and filled is not None:
            said = Words(fill(template.text, filled.values), *((words.private, words.cites)
                         if words else ()))  # fmt: skip
        else:
            said = words or Words("")
        made_of = template.id if template else None
        reply = new_reply(session, tools, wish.actor, case, said, template_id=made_of)
        if case.reply_state == "none":
            place_case(session, case.id, reply_state="draft")
        tools.auditor.record(session, wish.actor, "reply.draft", "reply", reply.id)
        cites = None if said.cites else list[Cited]()
        return shown(session, tools, reply, case.number, wish.sight, cites=cites, warnings=[])


def writable_case(session: Session, wish: Wish, number: str) -> Case:
    """The case of a number if it can be answered; raises CaseNotFound or CaseConflict."""
    case = find_case(session, number, wish.sight)
    demand_answerable(case)
    return case


def demand_answerable(case: Case) -> None:
    """Raise CaseConflict for a case that is joined to another or closed."""
    if case.state != OPEN:
        message = f"{case.number} is {case.state}: answer the case it was joined to"
        raise CaseConflict(message)
    if case.closed_at is not None:
        message = f"{case.number} is closed: open it again before it is answered anew"
        raise CaseConflict(message)


def new_reply(
    session: Session,
    tools: Tools,
    actor: Actor,
    case: Case,
    words: Words,
    **more: Any,  # noqa: ANN401
) -> Reply:
    """Write a draft in the caller's transaction; raises ReplyInvalid or ReplyNotFound."""
    now, reply_id = tools.clock.now(), new_id()
    public, private = _cleaned(words, least=0)
    values: dict[str, Any] = {"source": DESK, "round": case.round} | more
    reply = Reply(
        tenant_id=case.tenant_id,
        id=reply_id,
        case_id=case.id,
        public_text=public,
        private_text=seal_private(tools, case.tenant_id, reply_id, private),
        drafted_by=str(actor),
        drafted_at=now,
        changed_by=str(actor),
        changed_at=now,
        **values,
    )
    session.add(reply)
    session.flush()
    if words.cites:
        set_citations(session, reply.id, words.cites)
    return reply


def save_draft(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID, version: int, words: Words
) -> ReplyView:
    """Write other words into a draft; raises ReplyNotFound, ReplyConflict, VersionStale, …"""
    with refusals_kept(session, tools, wish.actor, "reply.save", reply_id):
        reply, case = find_reply(session, reply_id, wish.sight)
        demand_answerable(case)
        public, private = _cleaned(words, least=0)
        values: dict[str, Any] = {
            "public_text": public,
            "private_text": seal_private(tools, reply.tenant_id, reply_id, private),
            "changed_by": str(wish.actor),
            "changed_at": tools.clock.now(),
            "flags": [],
        }
        change(session, tools, reply, version, (DRAFT,), words, **values)
        set_citations(session, reply_id, words.cites)
        cites = None if words.cites else list[Cited]()
        return _told(session, tools, wish, reply, case, "reply.save", cites=cites)


def submit(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID, version: int
) -> ReplyView:
    """Send a draft to review; the remarks of the quality check stay with it.

    Raises ReplyInvalid for an empty text or a remark that blocks, VariableUndefined,
    ReplyConflict, VersionStale or ReplyNotFound.
    """
    with refusals_kept(session, tools, wish.actor, "reply.submit", reply_id):
        reply, case = find_reply(session, reply_id, wish.sight)
        demand_answerable(case)
        cites = cited_by(session, reply.id)
        flags = demand_sound(session, tools, reply, case, cites)
        now = tools.clock.now()
        values: dict[str, Any] = {
            "state": REVIEWING, "flags": flags, "note": "",
            "submitted_by": str(wish.actor), "submitted_at": now,
        }  # fmt: skip
        change(session, tools, reply, version, (DRAFT,), None, **values)
        more: dict[str, Any] = {"cites": cites}
        if not note_warnings(session, tools, reply, case):
            more["warnings"] = []
        _place(session, case, "reviewing")
        _tell(session, tools, wish, reply, case, "reply_submitted")
        return _told(session, tools, wish, reply, case, "reply.submit", **more)


def send_back(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID, version: int
) -> ReplyView:
    """Give a reply back to who wrote it, with a reason; raises ReplyInvalid without one."""
    with refusals_kept(session, tools, wish.actor, "reply.send_back", reply_id):
        if not wish.reason.strip():
            raise ReplyInvalid("reason", "say what is to be changed")
        reply, case = find_reply(session, reply_id, wish.sight)
        note = clean_text(wish.reason)[:1000]
        change(session, tools, reply, version, (REVIEWING,), None, state=DRAFT, note=note)
        _place(session, case, "draft")
        _tell(session, tools, wish, reply, case, "reply_sent_back")
        return _told(session, tools, wish, reply, case, "reply.send_back")


def drop_draft(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID, version: int
) -> ReplyView:
    """Give a draft up; it stays readable and can go nowhere."""
    with refusals_kept(session, tools, wish.actor, "reply.drop", reply_id):
        reply, case = find_reply(session, reply_id, wish.sight)
        change(session, tools, reply, version, (DRAFT, REVIEWING), None, state=DROPPED)
        return _told(session, tools, wish, reply, case, "reply.drop")


def demand_sound(
    session: Session, tools: Tools, reply: Reply, case: Case, cites: Sequence[Cited]
) -> list[dict[str, object]]:
    """The remarks on a reply that ``cites`` these documents, as they are kept.

    Raises ReplyInvalid when one of them blocks.
    """
    private = private_text_of(tools, reply)
    _cleaned(Words(reply.public_text, private), least=1)
    demand_filled("public_text", reply.public_text)
    demand_filled("private_text", private)
    checked = Checked(
        public=reply.public_text,
        private=private,
        template=_template_text(session, reply),
        citizens=citizens_of(session, tools, case.id),
        cites=cites,
        unanswered=_unanswered(session, case.id),
    )
    flags = check_quality(checked)
    for flag in flags:
        if flag.blocks:
            field = "private_text" if flag.code == "names_other" else "public_text"
            raise ReplyInvalid(field, f"{flag.en} ({', '.join(flag.found)}): take it out")
    return as_stored(flags)


def change(
    session: Session,
    tools: Tools,
    reply: Reply,
    version: int,
    states: Sequence[str],
    wanted: Words | None,
    **values: Any,  # noqa: ANN401
) -> None:
    """Change a reply that is still as it was seen; raises VersionStale or ReplyConflict."""
    still = Reply.id == reply.id, Reply.version == version, Reply.state.in_(states)
    said = update(Reply).where(*still).values(**values, version=Reply.version + 1)
    anew = {"synchronize_session": False, "populate_existing": True}
    if session.scalar(said.returning(Reply), execution_options=anew) is not None:
        return
    session.refresh(reply)
    if reply.state not in states:
        message = f"the reply is {reply.state}: look at the case again"
        raise ReplyConflict(message, {"state": reply.state, "version": reply.version})
    theirs = {
        "changed_by": reply.changed_by, "version": reply.version,
        "public_text": reply.public_text, "private_text": private_text_of(tools, reply),
    }  # fmt: skip
    ours = {"public_text": wanted.public, "private_text": wanted.private} if wanted else {}
    message = f"{reply.changed_by} changed the reply meanwhile: compare and save again"
    raise VersionStale(message, {"yours": ours | {"version": version}, "theirs": theirs})


def write_on(session: Session, tools: Tools, wish: Wish, number: str) -> list[str]:
    """Say that the actor writes on a case now; who else does (``user:name``), in order.

    To be called again within WRITING_SECONDS. Raises CaseNotFound.
    """
    case = find_case(session, number, wish.sight)
    now, actor = tools.clock.now(), str(wish.actor)
    until = now + timedelta(seconds=WRITING_SECONDS)
    row = {"tenant_id": tenant_of(session), "case_id": case.id, "actor": actor, "until_at": until}
    session.execute(
        insert(ReplyWriter)
        .values(row)
        .on_conflict_do_update(
            index_elements=["tenant_id", "case_id", "actor"],
            set_={"until_at": until},
            where=ReplyWriter.tenant_id == tenant_of(session),
        )
    )
    session.execute(delete(ReplyWriter).where(ReplyWriter.until_at <= now))
    return [each for each in writers_of(session, tools, case.id) if each != actor]


def stop_writing(session: Session, wish: Wish, number: str) -> None:
    """Say that the actor writes no more; raises CaseNotFound."""
    case = find_case(session, number, wish.sight)
    mine = ReplyWriter.case_id == case.id, ReplyWriter.actor == str(wish.actor)
    session.execute(delete(ReplyWriter).where(*mine))


def writers_of(session: Session, tools: Tools, case_id: uuid.UUID) -> list[str]:
    """Who writes on a case just now, in order."""
    wanted = ReplyWriter.case_id == case_id, ReplyWriter.until_at > tools.clock.now()
    chosen = select(ReplyWriter.actor).where(*wanted).order_by(ReplyWriter.actor)
    return list(session.scalars(chosen))


def _cleaned(words: Words, least: int) -> tuple[str, str]:
    """Both texts without control characters; raises ReplyInvalid for a length that is none."""
    texts = clean_text(words.public), clean_text(words.private)
    for field, text in zip(("public_text", "private_text"), texts, strict=True):
        if len(text) > LONGEST_TEXT:
            raise ReplyInvalid(field, f"use at most {LONGEST_TEXT} characters")
    if len(texts[0]) < least:
        raise ReplyInvalid("public_text", "is empty: write what may be read by everybody")
    return texts


def _template_text(session: Session, reply: Reply) -> str:
    if reply.template_id is None:
        return ""
    chosen = select(ReplyTemplate.text).where(ReplyTemplate.id == reply.template_id)
    return session.scalar(chosen) or ""


def _unanswered(session: Session, case_id: uuid.UUID) -> list[str]:
    """The demands of a case, and of those joined with it, that nobody has answered."""
    open_ones = Demand.case_id.in_(family_of(session, case_id)), Demand.answered_at.is_(None)
    chosen = select(Demand.number, Demand.text).where(*open_ones)
    chosen = chosen.order_by(Demand.case_id, Demand.number)
    return [f"{row.number}. {row.text[:60]}" for row in session.execute(chosen)]


def _place(session: Session, case: Case, state: ReplyState) -> None:
    """Show the case's reply as ``state``, unless an answer went out in this round already."""
    if case.reply_state in ("none", "draft", "reviewing") and case.reply_state != state:
        place_case(session, case.id, reply_state=state)


def _tell(session: Session, tools: Tools, wish: Wish, reply: Reply, case: Case, kind: str) -> None:
    data: dict[str, Any] = {"reply": str(reply.id), "round": reply.round, "reason": wish.reason}
    session.add(case_event(tools.clock.now(), wish.actor, case.id, kind, data))


def _told(
    session: Session,
    tools: Tools,
    wish: Wish,
    reply: Reply,
    case: Case,
    action: str,
    **known: Any,  # noqa: ANN401
) -> ReplyView:
    tools.auditor.record(session, wish.actor, action, "reply", reply.id)
    return shown(session, tools, reply, case.number, wish.sight, **known)
