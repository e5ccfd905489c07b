"""A citizen writes: a new matter, more to an old one, or that the matter is theirs too.

All three go by the built-in channel ``portal`` through the one inbox road, idempotent by the secret
of the form: sent twice, or again after a lost answer, it is one message and one query code.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.citizens.codes import MOST_TRIES, code_index, digits_index, last_digits, new_code
from minsheng.citizens.errors import CitizenError
from minsheng.citizens.forms import Submission, check_key, check_text, checked, plain_text
from minsheng.citizens.models import COSIGN, FOLLOW_UP, LinkedMessage, QueryCode
from minsheng.citizens.portals import citizen_actor, portal_channel
from minsheng.citizens.visits import Visit, message_of
from minsheng.intake.messages import open_citizen
from minsheng.intake.service import Pushed, PushedMessage, push_messages
from minsheng.runtime.crypto import FieldCipher
from minsheng_sdk import Citizen
from minsheng_tenants import tenant_of


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a citizen gets for a form: the query code, shown this once and kept by nobody here.

    ``created`` is false for a form that had been sent before: its first words stand.
    """

    code: str
    message_id: uuid.UUID
    created: bool


def submit(session: Session, tools: Tools, origin: str, form: Submission) -> Ticket:
    """Take a new matter in; raises SubmissionInvalid naming the field to change.

    ``origin`` is the network address, for the audit trail; count it first by ``count_send``.
    """
    return _take(session, tools, origin, checked(form))


def cosign(
    session: Session, tools: Tools, origin: str, anchor_id: uuid.UUID, form: Submission
) -> Ticket:
    """Take in that another citizen has met with a public matter too (我也遇到).

    The message stands in the case of ``anchor_id`` and is answered with it; who co-signs twice is
    counted once. Raises SubmissionInvalid.
    """
    ticket = _take(session, tools, origin, checked(form))
    if ticket.created:
        _link(session, tools, ticket.message_id, anchor_id, COSIGN)
    return ticket


def add(session: Session, tools: Tools, origin: str, visit: Visit, key: str, words: str) -> bool:
    """Take in what a citizen adds to their message; false when this form was sent before.

    It joins the case in which the message stands and is no new arrival (D20). Raises
    SubmissionInvalid or VisitEnded.
    """
    return follow_up(session, tools, origin, visit, key, words).created


def follow_up(
    session: Session, tools: Tools, origin: str, visit: Visit, key: str, words: str
) -> Pushed:
    """The same, and the message it became."""
    body = plain_text(words)
    check_key(key)
    check_text("body", body)
    first = message_of(session, visit)
    cipher = tools.keyring.cipher(tenant_of(session))
    citizen = open_citizen(cipher, first.id, first.citizen)
    posted = PushedMessage(
        external_id=_external_id(cipher, key),
        subject=first.subject,
        body=body,
        received_at=tools.clock.now(),
        region=first.region,
        citizen=citizen,
        confidential=first.confidential,
    )
    pushed = _push(session, tools, origin, posted)
    if pushed.created:
        _link(session, tools, pushed.id, first.id, FOLLOW_UP)
    return pushed


def _take(session: Session, tools: Tools, origin: str, form: Submission) -> Ticket:
    cipher = tools.keyring.cipher(tenant_of(session))
    posted = PushedMessage(
        external_id=_external_id(cipher, form.key),
        subject=form.subject,
        body=form.body,
        received_at=tools.clock.now(),
        region=form.region,
        citizen=Citizen(form.name, form.phone, form.email),
        confidential=form.confidential,
    )
    pushed = _push(session, tools, origin, posted)
    code = _code_of(session, tools, cipher, pushed.id, form)
    return Ticket(code, pushed.id, pushed.created)


def _push(session: Session, tools: Tools, origin: str, posted: PushedMessage) -> Pushed:
    channel = portal_channel(session, tools)
    return push_messages(session, tools, citizen_actor(origin), channel, [posted])[0]


def _external_id(cipher: FieldCipher, key: str) -> str:
    """The message's name in its channel: officers read it, so it is not the form's secret."""
    return cipher.index("portal.key", key).hex()


def _code_of(
    session: Session, tools: Tools, cipher: FieldCipher, message_id: uuid.UUID, form: Submission
) -> str:
    """The code of this form, stored as indexes when it is new."""
    row = {
        "tenant_id": cipher.tenant_id,
        "message_id": message_id,
        "digits_ix": digits_index(cipher, message_id, last_digits(form.phone)),
        "made_at": tools.clock.now(),
    }
    for turn in range(MOST_TRIES):
        code = new_code(cipher, form.key, turn)
        if _keep(session, row | {"code_ix": code_index(cipher, code)}):
            return code
    message = "no free query code was found: send the form again"
    raise CitizenError(message)


def _keep(session: Session, row: dict[str, object]) -> bool:
    """Whether the code is this message's, be it from before; false when another one has it."""
    known = select(QueryCode.code_ix).where(QueryCode.message_id == row["message_id"])
    try:
        with session.begin_nested():
            statement = insert(QueryCode).values(row)
            session.execute(
                statement.on_conflict_do_nothing(index_elements=["tenant_id", "message_id"])
            )
    except IntegrityError:
        return False
    return session.scalars(known).one() == row["code_ix"]


def _link(
    session: Session, tools: Tools, message_id: uuid.UUID, to_id: uuid.UUID, kind: str
) -> None:
    row = {
        "tenant_id": tenant_of(session),
        "message_id": message_id,
        "to_id": to_id,
        "kind": kind,
        "linked_at": tools.clock.now(),
    }
    session.execute(insert(LinkedMessage).values(row))
