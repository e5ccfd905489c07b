"""The dossier of a case (一案一卷): everything that belongs to it, in one sealed archive.

It holds an index, a PDF to read, every row of the case as JSON and every original as it came, each
with its digest; the seal is verified by ``minsheng dossier verify`` or by anybody who holds the
public key. It shows citizens' data, so each making is one audit entry with its purpose, and where a
citizen asked not to be named it is for those who may know only.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import Purpose, RevealRefused, Wish, check_purpose, find_case
from minsheng.documents.archive import pack, public_key
from minsheng.documents.pdf import render_pdf
from minsheng.intake.models import Message
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.ids import new_id
from minsheng.supervision.dossier_page import draw
from minsheng.supervision.dossier_rows import Gathered, gather
from minsheng.supervision.models import Dossier
from minsheng_tenants import Tenant, tenant_of

PURPOSE_OF_KEY = "dossier"


@dataclass(frozen=True, slots=True)
class Made:
    """A dossier: its file name, its bytes, and how it is listed in the office's own table."""

    name: str
    content: bytes
    row: Dossier


def make_dossier(session: Session, tools: Tools, wish: Wish, number: str, purpose: Purpose) -> Made:
    """Make the dossier of a case with all that was joined to it.

    The caller holds ``citizens.read`` (pages) or ``citizens:read`` (API). Raises CaseNotFound,
    PurposeInvalid, PdfToolMissing, or RevealRefused where a citizen of the case asked not to be
    named and the wish's sight does not reach that far; the last is kept in the audit trail.
    """
    check_purpose(purpose)
    case = find_case(session, number, wish.sight)
    ids = _family(session, case)
    _check_secrecy(session, tools, wish, case, ids)
    gathered = gather(session, tools.keyring.cipher(tenant_of(session)), ids)
    about = _about(session, tools, wish, case, purpose)
    files = _files(gathered)
    files["dossier.pdf"] = render_pdf(draw(about, gathered.rows, files))
    content = pack(files, about, tools.master.purpose(PURPOSE_OF_KEY))
    row = Dossier(
        id=new_id(),
        case_id=case.id,
        made_by=str(wish.actor),
        made_at=tools.clock.now(),
        purpose=str(purpose),
        size=len(content),
        files=len(files),
    )
    session.add(row)
    session.flush()
    result = str(purpose)
    tools.auditor.record(session, wish.actor, "case.dossier", "case", number, result=result)
    return Made(f"{number}.zip", content, row)


def dossier_key(master: MasterKey) -> str:
    """The public key (hex) by which this installation's dossiers are verified."""
    return public_key(master.purpose(PURPOSE_OF_KEY))


def _files(gathered: Gathered) -> dict[str, bytes]:
    tables = {f"rows/{name}.json": _json(rows) for name, rows in gathered.rows.items() if rows}
    return {**tables, **gathered.files}


def _family(session: Session, case: Case) -> list[uuid.UUID]:
    """The case and those joined to it, at any remove."""
    found = [case.id]
    fresh: Sequence[uuid.UUID] = found
    while fresh:
        chosen = select(Case.id).where(Case.merged_into.in_(fresh), Case.id.not_in(found))
        fresh = session.scalars(chosen).all()
        found += fresh
    return found


def _check_secrecy(
    session: Session, tools: Tools, wish: Wish, case: Case, ids: Sequence[uuid.UUID]
) -> None:
    if wish.sight.confidential:
        return
    standing = select(CaseMessage.message_id).where(CaseMessage.case_id.in_(ids))
    asked = select(Message.id).where(Message.id.in_(standing), Message.confidential).limit(1)
    if session.scalar(asked) is None:
        return
    with tools.database.session(tenant_of(session)) as own:
        said = "refused: confidential"
        tools.auditor.record(own, wish.actor, "case.dossier", "case", case.number, result=said)
    message = "a citizen of this case asked not to be named: ask those who work on petitions"
    raise RevealRefused(message)


def _about(
    session: Session, tools: Tools, wish: Wish, case: Case, purpose: Purpose
) -> dict[str, Any]:
    office = session.scalars(select(Tenant).where(Tenant.id == tenant_of(session))).one()
    return {
        "case": case.number,
        "subject": case.subject,
        "office": {"code": office.code, "name": office.name},
        "made_at": tools.clock.now().isoformat(),
        "made_by": str(wish.actor),
        "purpose": str(purpose),
    }


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1, default=str).encode()
