"""The policy library: documents that replies cite by their official number (文号)."""

import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.service import Wish
from minsheng.replies.errors import ReplyInvalid, ReplyNotFound
from minsheng.replies.models import DEAD, LIVE, WITHDRAWN, PolicyDocument, ReplyCitation
from minsheng.replies.records import Cited
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

DOCUMENT_STATES = (LIVE, DEAD, WITHDRAWN)
MOST_CITED = 20
_LONGEST = 200


def add_document(
    session: Session, tools: Tools, wish: Wish, code: str, title: str, url: str
) -> PolicyDocument:
    """Add a document, or correct title and address of the one of this number.

    Raises ReplyInvalid naming the field.
    """
    _check(code, title, url)
    document = session.scalar(select(PolicyDocument).where(PolicyDocument.code == code.strip()))
    now = tools.clock.now()
    if document is None:
        document = PolicyDocument(
            id=new_id(), code=code.strip(), added_by=str(wish.actor), added_at=now
        )
        session.add(document)
    if document.url != url.strip() and document.state != WITHDRAWN:
        document.state, document.checked_at = LIVE, None
    document.title, document.url = title.strip(), url.strip()
    session.flush()
    session.refresh(document)
    tools.auditor.record(session, wish.actor, "document.set", "document", document.id)
    return document


def mark_document(
    session: Session, tools: Tools, wish: Wish, code: str, state: str
) -> PolicyDocument:
    """Say that a document is live, its link dead, or that it was withdrawn (废止).

    Raises ReplyNotFound or ReplyInvalid.
    """
    if state not in DOCUMENT_STATES:
        raise ReplyInvalid("state", f"use one of {', '.join(DOCUMENT_STATES)}")
    document = session.scalar(select(PolicyDocument).where(PolicyDocument.code == code))
    if document is None:
        raise ReplyNotFound(_absent())
    document.state, document.checked_at = state, tools.clock.now()
    session.flush()
    tools.auditor.record(session, wish.actor, f"document.{state}", "document", document.id)
    return document


def list_documents(session: Session, q: str = "") -> Sequence[PolicyDocument]:
    """The library by number, at most 500; ``q`` is part of a number or title."""
    chosen = select(PolicyDocument).order_by(PolicyDocument.code).limit(500)
    if q:
        part = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        either = PolicyDocument.code.like(f"%{part}%") | PolicyDocument.title.like(f"%{part}%")
        chosen = chosen.where(either)
    return session.scalars(chosen).all()


def set_citations(session: Session, reply_id: uuid.UUID, codes: Sequence[str]) -> None:
    """Let a reply cite these documents and no others; raises ReplyNotFound or ReplyInvalid."""
    wanted = list(dict.fromkeys(codes))
    if len(wanted) > MOST_CITED:
        raise ReplyInvalid("cites", f"a reply cites {MOST_CITED} documents at most")
    chosen = select(PolicyDocument.code, PolicyDocument.id).where(PolicyDocument.code.in_(wanted))
    ids = {row.code: row.id for row in session.execute(chosen)} if wanted else {}
    for code in wanted:
        if code not in ids:
            raise ReplyNotFound(_absent())
    session.execute(delete(ReplyCitation).where(ReplyCitation.reply_id == reply_id))
    tenant_id = tenant_of(session)
    rows = [
        {"tenant_id": tenant_id, "reply_id": reply_id, "document_id": ids[code]} for code in wanted
    ]
    insert_rows(session, ReplyCitation, rows)


def cited_by(session: Session, reply_id: uuid.UUID) -> list[Cited]:
    """What a reply cites, by number, each as it stands now."""
    here = and_(
        PolicyDocument.tenant_id == ReplyCitation.tenant_id,
        PolicyDocument.id == ReplyCitation.document_id,
    )
    chosen = select(PolicyDocument).join(ReplyCitation, here)
    found = session.scalars(
        chosen.where(ReplyCitation.reply_id == reply_id).order_by(PolicyDocument.code)
    )
    return [Cited(each.id, each.code, each.title, each.url, each.state) for each in found]


def _absent() -> str:
    return "the library has no document of this number: add it, or correct the number"


def _check(code: str, title: str, url: str) -> None:
    for field, value in (("code", code), ("title", title)):
        if not value.strip() or len(value) > _LONGEST or not value.isprintable():
            raise ReplyInvalid(field, f"use 1 to {_LONGEST} printable characters")
    try:
        parts = urlsplit(url.strip())
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or len(url) > 1_000 or not url.strip().isascii() or " " in url.strip():
        raise ReplyInvalid("url", "needs an address such as https://www.example.gov.cn/…")
